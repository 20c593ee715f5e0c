/** What a session says about itself when its recording begins. */
import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import type { Fingerprint, ManifestInput } from '../../../shared/session/manifest.ts';
import { wireVersion } from '../../../shared/telemetry/wire.ts';
import { monotonicNs } from '../clock.ts';
import { parseOpenFiles, readProc } from '../doctor-facts.ts';
import { version } from '../engine-location.ts';
import { describeMachine } from '../machine.ts';

const numberIn = (path: string): number | undefined => {
  const text = readProc(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};

/** Those that decide how many connections there can be, and how many wait. */
function limits(): Record<string, number> {
  const openFiles = parseOpenFiles(readProc('/proc/self/limits'));
  const [portFirst, portLast] = (readProc('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/);
  const found = {
    openFilesSoft: openFiles?.soft,
    openFilesHard: openFiles?.hard,
    portFirst: Number(portFirst),
    portLast: Number(portLast),
    somaxconn: numberIn('/proc/sys/net/core/somaxconn'),
    tcpMaxSynBacklog: numberIn('/proc/sys/net/ipv4/tcp_max_syn_backlog'),
  };
  // JSON knows no infinity: what is not limited is left out.
  const isKnown = ([, value]: [string, number | undefined]): boolean => value !== undefined && Number.isFinite(value);
  return Object.fromEntries(Object.entries(found).filter(isKnown)) as Record<string, number>;
}

function fingerprint(pin: boolean): Fingerprint {
  const { cpuModel, cpus, kernel, serverCpus, clientCpus } = describeMachine(pin);
  return {
    ...{ cpuModel, cpus, kernel, serverCpus, clientCpus, memoryBytes: totalmem(), limits: limits() },
    versions: { fdscope: version(), node: process.version, wire: wireVersion },
  };
}

export interface Recorded {
  readonly name: string;
  readonly settings: Record<string, unknown>;
  /** Whether server and clients are pinned to CPUs of their own. */
  readonly pin: boolean;
  readonly scenario?: ManifestInput['scenario'];
  readonly experiment?: ManifestInput['experiment'];
  readonly tags?: readonly string[];
  readonly notes?: string;
  /** CLOCK_MONOTONIC; now where it is not given. */
  readonly startedNs?: number | undefined;
}

export function newManifest({
  name,
  settings,
  pin,
  scenario,
  experiment,
  tags,
  notes,
  startedNs,
}: Recorded): ManifestInput {
  const nowNs = monotonicNs();
  const startNs = startedNs ?? nowNs;
  return {
    ...{ id: randomUUID(), name, settings, machine: fingerprint(pin) },
    ...(scenario ? { scenario } : {}),
    ...(experiment ? { experiment } : {}),
    ...(tags ? { tags: [...tags] } : {}),
    ...(notes === undefined ? {} : { notes }),
    started: { wallMs: Math.round(Date.now() - (nowNs - startNs) / 1e6), monotonicNs: startNs },
  };
}
