/** What this machine allows, what that forbids, and what would enable it. Sources: /proc/sys, /proc/self/limits, the engine's own probes. */
import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { z } from 'zod';

export interface DoctorItem {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly status: 'ok' | 'limited' | 'missing';
  readonly forbids?: string | undefined;
  /** A command that would enable it. */
  readonly enable?: string | undefined;
}

const probeSchema = z.object({
  available: z.boolean(),
  reason: z.string().optional(),
  enable: z.string().optional(),
});
export const engineFactsSchema = z.object({ perfSwitchRecords: probeSchema, ioUring: probeSchema.optional() });

function proc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Soft and hard limit of open files in the text of /proc/self/limits. */
export function fdLimits(limits: string): { soft: number; hard: number } {
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits);
  const number = (text: string | undefined): number => (text === 'unlimited' ? Infinity : Number(text ?? NaN));
  return { soft: number(match?.[1]), hard: number(match?.[2]) };
}

/** The doctor's items, given what the engine found out. */
export function examine(engineFacts: unknown): DoctorItem[] {
  const facts = engineFactsSchema.parse(engineFacts);
  const cores = availableParallelism();
  const { hard } = fdLimits(proc('/proc/self/limits') ?? '');
  const [low = 0, high = 0] = (proc('/proc/sys/net/ipv4/ip_local_port_range') ?? '').split(/\s+/).map(Number);
  const somaxconn = Number(proc('/proc/sys/net/core/somaxconn') ?? NaN);
  const probed = (id: string, label: string, probe: z.infer<typeof probeSchema>, forbids: string): DoctorItem => ({
    ...{ id, label, value: probe.available ? 'allowed' : (probe.reason ?? 'refused') },
    status: probe.available ? 'ok' : 'missing',
    ...(probe.available ? {} : { forbids, enable: probe.enable }),
  });
  return [
    { id: 'kernel', label: 'kernel', value: release(), status: 'ok' },
    {
      ...{ id: 'cores', label: 'cores', value: String(cores), status: cores > 1 ? 'ok' : 'limited' },
      ...(cores > 1 ? {} : { forbids: 'server and clients share one core, so figures say little' }),
    },
    ...(facts.ioUring ? [probed('io-uring', 'io_uring', facts.ioUring, 'the model io_uring')] : []),
    probed('perf', 'perf switch records', facts.perfSwitchRecords, 'exact records of context switches'),
    {
      ...{ id: 'perf-paranoid', label: 'perf_event_paranoid', status: 'ok' },
      value: proc('/proc/sys/kernel/perf_event_paranoid') ?? 'not there',
    },
    {
      ...{ id: 'open-files', label: 'open files, hard limit', value: String(hard) },
      status: hard >= 10_100 ? 'ok' : 'limited',
      ...(hard >= 10_100 ? {} : { forbids: '10,000 connections', enable: 'ulimit -Hn 20000' }),
    },
    { id: 'ports', label: 'ephemeral ports per address', value: String(high - low + 1), status: 'ok' },
    {
      ...{
        id: 'somaxconn',
        label: 'somaxconn',
        value: String(somaxconn),
        status: somaxconn >= 1024 ? 'ok' : 'limited',
      },
      ...(somaxconn >= 1024 ? {} : { forbids: 'a long accept queue', enable: 'sudo sysctl net.core.somaxconn=4096' }),
    },
  ];
}
