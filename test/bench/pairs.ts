/** Interleaved measurements and their ratios: the speed of shared machines drifts, so only neighbours are compared. */
import type { Client } from './clients.ts';
import { processUsage, usageBetween } from './processes.ts';
import type { Running, Subject } from './subjects.ts';

/** One subject under one client for one stretch of time. */
export interface Figure {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  readonly clientCpuMicrosPerRequest: number;
  readonly switchesPerRequest: number;
  readonly syscallsPerRequest: number | undefined;
}

/** Seconds before a server is measured: caches warm, frequencies settle. */
const warmUpSeconds = 1;

/** A steady window: the server runs already and its start is no part of the figure. */
export async function measureOnce(server: Running, client: Client, seconds: number): Promise<Figure> {
  const before = processUsage(server.pid);
  const callsBefore = await server.syscalls();
  const switchesBefore = await server.switches();
  const run = await client(server.port, seconds);
  const used = usageBetween(before, processUsage(server.pid));
  const callsAfter = await server.syscalls();
  const switchesAfter = await server.switches();
  const switches =
    switchesBefore === undefined || switchesAfter === undefined
      ? used.voluntarySwitches + used.involuntarySwitches
      : switchesAfter - switchesBefore;
  const calls = callsBefore === undefined || callsAfter === undefined ? undefined : callsAfter - callsBefore;
  return {
    requestsPerSecond: run.requests / run.seconds,
    cpuMicrosPerRequest: (used.cpuSeconds * 1e6) / run.requests,
    clientCpuMicrosPerRequest: (run.cpuSeconds * 1e6) / run.requests,
    switchesPerRequest: switches / run.requests,
    syscallsPerRequest: calls === undefined ? undefined : calls / run.requests,
  };
}

/** Starts, warms up, measures, ends. */
export async function measure(subject: Subject, client: Client, cpu: string, seconds: number): Promise<Figure> {
  const server = await subject.start(cpu);
  try {
    await client(server.port, warmUpSeconds);
    return await measureOnce(server, client, seconds);
  } finally {
    await server.stop();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values),
});

/** One side of a pair: a server, and the client that drives it. */
export interface Side {
  readonly name: string;
  readonly subject: Subject;
  readonly client: Client;
}

export interface Pair {
  readonly a: readonly Figure[];
  readonly b: readonly Figure[];
  /** Of A's figure to B's in the same round. */
  ratio(of: (figure: Figure) => number): Spread;
}

/**
 * Both servers run all the time on the same core, and take turns under their clients: A B, B A, A B ... A server that
 * nobody asks anything sleeps. (Those that poll do not, and are not compared in this way.)
 */
export async function comparePair(
  [left, right]: readonly [Side, Side],
  { cpu, count, seconds }: { cpu: string; count: number; seconds: number },
): Promise<Pair> {
  const servers: Running[] = [];
  const a: Figure[] = [];
  const b: Figure[] = [];
  try {
    const first = await left.subject.start(cpu);
    servers.push(first);
    const second = await right.subject.start(cpu);
    servers.push(second);
    const measureLeft = async (): Promise<unknown> => a.push(await measureOnce(first, left.client, seconds));
    const measureRight = async (): Promise<unknown> => b.push(await measureOnce(second, right.client, seconds));
    await left.client(first.port, warmUpSeconds);
    await right.client(second.port, warmUpSeconds);
    for (let round = 0; round < count; round++) {
      const inOrder = round % 2 === 0 ? [measureLeft, measureRight] : [measureRight, measureLeft];
      for (const turn of inOrder) await turn();
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  return {
    ...{ a, b },
    ratio: (of) => spreadOf(a.map((figure, i) => of(figure) / of(b[i] ?? figure))),
  };
}
