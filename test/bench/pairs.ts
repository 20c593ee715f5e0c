/** Interleaved rounds and their ratios: the speed of these machines drifts, so only what ran side by side is compared. */
import { processUsage, usageBetween } from './processes.ts';
import type { ClientResult } from './clients.ts';
import type { Subject } from './subjects.ts';

/** One subject under one client for one stretch of time. */
export interface Figure {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  readonly clientCpuMicrosPerRequest: number;
  readonly switchesPerRequest: number;
  /** Only our engine counts its own system calls. */
  readonly syscallsPerRequest?: number;
}

export type Client = (port: number, seconds: number) => Promise<ClientResult>;

/** Starts the subject, warms it up, measures it in a steady window (so accepting is not part of it), ends it. */
export async function measure(subject: Subject, client: Client, cpu: string, seconds: number): Promise<Figure> {
  const server = await subject.start(cpu);
  try {
    await client(server.port, 1);
    const before = processUsage(server.pid);
    const run = await client(server.port, seconds);
    const used = usageBetween(before, processUsage(server.pid));
    const totals = await server.stop();
    const syscalls = Object.values(totals?.syscalls ?? {}).reduce((sum, count) => sum + count, 0);
    return {
      requestsPerSecond: run.requests / run.seconds,
      cpuMicrosPerRequest: (used.cpuSeconds * 1e6) / run.requests,
      clientCpuMicrosPerRequest: (run.cpuSeconds * 1e6) / run.requests,
      switchesPerRequest: (used.voluntarySwitches + used.involuntarySwitches) / run.requests,
      ...(totals && syscalls > 0 ? { syscallsPerRequest: syscalls / totals.requests } : {}),
    };
  } finally {
    await server.stop().catch(() => undefined);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Figures of each subject, round by round; every round runs each subject once, in turn. */
export async function rounds(
  subjects: readonly Subject[],
  client: Client,
  cpu: string,
  { count, seconds, onProgress }: { count: number; seconds: number; onProgress: (text: string) => void },
): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>(subjects.map((subject) => [subject.name, []]));
  for (let round = 0; round < count; round++) {
    for (const subject of subjects) {
      onProgress(`round ${round + 1} of ${count}: ${subject.name}`);
      figures.get(subject.name)?.push(await measure(subject, client, cpu, seconds));
    }
  }
  return figures;
}

/** Ratios of one figure of A to that of B, pair by pair: {min, median, max}. */
export function ratios(a: readonly Figure[], b: readonly Figure[], of: (figure: Figure) => number) {
  const each = a.flatMap((figure, i) => {
    const other = b[i];
    return other ? [of(figure) / of(other)] : [];
  });
  return { min: Math.min(...each), median: median(each), max: Math.max(...each) };
}
