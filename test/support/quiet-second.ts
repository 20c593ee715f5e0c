/** What a server does within a second in which nobody asks it for anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { syscallNames } from '../../shared/telemetry/wire.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** Threads of the lab in the engine: what they do is not the model's. */
const ownThreads = ['telemetry', 'commands', 'supervisor'];

/** CPU time of the model's threads and children so far, in clock ticks of 10 ms. */
function modelTicks(server: ServerUnderTest): number {
  const ticksOf = (pid: number, isOwn: (name: string) => boolean): number =>
    readdirSync(`/proc/${pid}/task`)
      .map((tid) => /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')))
      .filter((match) => !isOwn(match?.[1] ?? ''))
      .map((match) => match?.[2]?.split(' ') ?? [])
      .reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0);
  return (
    ticksOf(server.pid, (name) => ownThreads.includes(name)) +
    server.childPids().reduce((sum, pid) => sum + ticksOf(pid, () => false), 0)
  );
}

export interface Second {
  readonly calls: Readonly<Record<string, number>>;
  readonly ticks: number;
}

/** What happens within a second in which nobody does anything. */
export async function aSecond(server: ServerUnderTest): Promise<Second> {
  const before = [...(await server.snapshot()).syscalls];
  const ticksBefore = modelTicks(server);
  await sleep(1000);
  const ticks = modelTicks(server) - ticksBefore;
  const after = (await server.snapshot()).syscalls;
  const calls: Record<string, number> = {};
  for (const [i, name] of syscallNames.entries()) {
    const made = (after[i] ?? 0) - (before[i] ?? 0);
    if (made > 0) calls[name] = made;
  }
  return { calls, ticks };
}
