/**
 * Of a session: the time that its figures are of, from the clients' mark `steady` to their `loadDone`, and what happened in
 * it. Sums of the parts of a file; what grew between two frames is shared out by time where the interval begins or ends.
 */
import { z } from 'zod';
import { machineNoiseSchema } from '../machine-noise.ts';

/** Grown within the interval. Of the server, but for those of the clients; CPU times in ns. */
export const measuredCounts = [
  ...(['clientRequests', 'serverRequests', 'errors', 'bytesIn', 'bytesOut', 'syscalls', 'eagain', 'wakeups'] as const),
  ...(['voluntarySwitches', 'involuntarySwitches', 'coroutineSwitches', 'serverCpuNs', 'clientCpuNs'] as const),
] as const;
export type MeasuredCount = (typeof measuredCounts)[number];

/** Highest of the server's gauges within the interval. */
export const measuredPeaks = ['rssBytes', 'threads', 'openFds', 'openConnections'] as const;
export type MeasuredPeak = (typeof measuredPeaks)[number];

const numbersOf = <Name extends string>(names: readonly Name[]): z.ZodObject<Record<Name, z.ZodDefault<z.ZodNumber>>> =>
  z.object(
    Object.fromEntries(names.map((name) => [name, z.number().default(0)])) as Record<Name, z.ZodDefault<z.ZodNumber>>,
  );

/** What clients of one profile were counted, by the clients' own marks. */
const profileCounts = z.object({
  replies: z.number(),
  sent: z.number(),
  errors: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  /** Clients that wanted a reply, and those of them that got one. */
  asked: z.number(),
  answered: z.number(),
});

/** HdrHistograms, V2 compressed, base64, as in HdrHistogram logs. ns. */
const histogramsSchema = z.object({ corrected: z.string(), uncorrected: z.string() });

/** Of the seconds of one summary chunk. */
export const measuredPartSchema = z.object({
  counts: numbersOf(measuredCounts),
  peaks: numbersOf(measuredPeaks),
  histograms: histogramsSchema.optional(),
  profiles: z
    .record(z.string(), z.object({ counts: profileCounts.optional(), histograms: histogramsSchema.optional() }))
    .default({}),
  noise: z.array(machineNoiseSchema).default([]),
});
export type MeasuredPart = z.infer<typeof measuredPartSchema>;
export type ProfileSums = z.infer<typeof profileCounts>;

/** µs, as LatencySummary in run-result.ts. */
export const latencySummarySchema = z.object({
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
  mean: z.number(),
  count: z.number(),
});
const latencySchema = z.object({ corrected: latencySummarySchema, uncorrected: latencySummarySchema });

export const measuredSchema = z.object({
  seconds: z.number(),
  counts: numbersOf(measuredCounts),
  peaks: numbersOf(measuredPeaks),
  latency: latencySchema,
  /** In the order in which they were told; `counts` where the recording goes on to the end of the interval. */
  profiles: z.array(z.object({ profile: z.string(), counts: profileCounts.optional(), latency: latencySchema })),
  /** What others took from the server meanwhile; undefined where the session does not say. */
  noise: machineNoiseSchema.optional(),
});
export type Measured = z.infer<typeof measuredSchema>;

export interface MeasuredStretch {
  readonly fromNs: number;
  readonly toNs: number;
}

interface Marked {
  readonly kind: string;
  readonly name: string;
  readonly timeNs: number;
}

/** In the order of time, and apart from each other; none where the session has no such mark. */
export function measuredStretches({
  moments,
  endedNs,
}: {
  readonly moments: readonly Marked[];
  readonly endedNs: number;
}): MeasuredStretch[] {
  const times = (name: string): number[] =>
    moments.filter((each) => each.kind === 'mark' && each.name === name).map(({ timeNs }) => timeNs);
  const ends = times('loadDone');
  const begun = times('steady');
  return begun.map((fromNs, i) => {
    const next = begun[i + 1] ?? Infinity;
    return { fromNs, toNs: Math.min(ends.find((end) => end > fromNs) ?? endedNs, next, endedNs) };
  });
}

export const measuredSecondsOf = (session: Parameters<typeof measuredStretches>[0]): number =>
  measuredStretches(session).reduce((sum, { fromNs, toNs }) => sum + Math.max(0, toNs - fromNs) / 1e9, 0);
