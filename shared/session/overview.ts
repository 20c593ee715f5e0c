/** A session at a glance: figures by the second, the moments that matter, and the totals. */
import { z } from 'zod';
import { externalId } from '../catalogue.ts';
import { frameSources } from '../contract/channels.ts';
import { areCallsCounted, countingOf, isCounterCounted } from '../telemetry/counted.ts';
import type { CounterName } from '../telemetry/wire.ts';
import { latencySummarySchema, measuredPartSchema, measuredSchema } from './measured.ts';

/** What each second has. Counts and times are those within the second; gauges are its last. */
export const overviewColumnNames = [
  /** Replies that the clients received, and those that the server sent. */
  'clientRequests',
  'serverRequests',
  /** As the clients met them; as the server did where there are no clients. */
  'errors',
  // The server's.
  'bytesIn',
  'bytesOut',
  'syscalls',
  'eagain',
  'wakeups',
  'voluntarySwitches',
  'involuntarySwitches',
  'coroutineSwitches',
  'serverCpuNs',
  'clientCpuNs',
  /** From the moment a request was meant to be sent; percentiles of this second alone. */
  'latencyCount',
  'p50Ns',
  'p99Ns',
  'maxNs',
  // Gauges of the server.
  'rssBytes',
  'threads',
  'openFds',
  'openConnections',
  // What the record lacks.
  'eventsDropped',
  'switchesLost',
] as const;
export type OverviewColumn = (typeof overviewColumnNames)[number];

const numbers = z.array(z.number());

export const overviewColumnsSchema = z.object(
  Object.fromEntries(overviewColumnNames.map((name) => [name, numbers.default([])])) as Record<
    OverviewColumn,
    z.ZodDefault<typeof numbers>
  >,
);
export type OverviewColumns = z.infer<typeof overviewColumnsSchema>;

export const momentSchema = z.object({
  timeNs: z.number(),
  source: z.enum(frameSources),
  kind: z.enum(['mark', 'model', 'finding', 'notice']),
  /** Name of a mark, id of a model, code of a finding or notice. */
  name: z.string(),
  level: z.enum(['info', 'warning', 'error']).optional(),
  text: z.string().optional(),
});
export type Moment = z.infer<typeof momentSchema>;

/** The body of a summary chunk: seconds from `firstSecond` on, counted from the session's start. */
export const summaryChunkSchema = z.object({
  firstSecond: z.number().int().min(0),
  columns: overviewColumnsSchema,
  moments: z.array(momentSchema).default([]),
  /** The server's system calls in these seconds, by name. */
  syscalls: z.record(z.string(), z.number()).default({}),
  /** HdrHistograms of these seconds, V2 compressed, base64, as in HdrHistogram logs. ns. */
  histograms: z.object({ corrected: z.string(), uncorrected: z.string() }).optional(),
  /** What of it was measured; recordings of before have none. */
  measured: measuredPartSchema.optional(),
});
export type SummaryChunk = z.infer<typeof summaryChunkSchema>;

export const overviewSchema = z.object({
  startedNs: z.number(),
  endedNs: z.number(),
  columns: overviewColumnsSchema,
  moments: z.array(momentSchema),
  syscalls: z.record(z.string(), z.number()),
  latency: z.object({ corrected: latencySummarySchema, uncorrected: latencySummarySchema }),
  /** Of the measured interval, as the figures of a run are; undefined where the session has none, or is of before. */
  measured: measuredSchema.optional(),
  /** Frames that could not be kept while recording. */
  lostFrames: z.number(),
});
export type Overview = z.infer<typeof overviewSchema>;

export const durationSecondsOf = ({ startedNs, endedNs }: Overview): number => Math.max(0, endedNs - startedNs) / 1e9;

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
/** Without spreading: an hour has 3,600 seconds, a day more than a call takes arguments. */
export const highestOf = (values: readonly number[]): number => values.reduce((top, value) => Math.max(top, value), 0);

/** Replies by the second: as the clients counted where there are clients, else as the server did. */
export function requestsOf({ columns }: Overview): readonly number[] {
  return sumOf(columns.clientRequests) > 0 ? columns.clientRequests : columns.serverRequests;
}

/** Any server has memory in its first frame; a session of clients alone has none. */
export const hasServer = ({ columns }: Overview): boolean => highestOf(columns.rssBytes) > 0;

/** The models that served, in the order in which each first did. */
export const modelsOf = ({ moments }: Overview): string[] => [
  ...new Set(moments.filter(({ kind, source }) => kind === 'model' && source === 'server').map(({ name }) => name)),
];

/** At most `points` values, each the mean of its share, for a line as small as a thumbnail. */
export function sparkline(values: readonly number[], points = 60): number[] {
  if (values.length <= points) return [...values];
  return Array.from({ length: points }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / points), Math.floor(((i + 1) * values.length) / points));
    return sumOf(part) / part.length;
  });
}

/** Whether a server of the user's own served, of which 0 is what nobody could count: requests, calls, EAGAIN. */
export function isWatchedFromOutside(overview: Overview): boolean {
  const models = modelsOf(overview);
  return models.length > 0 && models.every((id) => id === externalId);
}

/** Columns of the server, and the counter or gauge that each is made of. */
const columnSources = {
  ...({
    serverRequests: 'requests',
    bytesIn: 'bytesIn',
    bytesOut: 'bytesOut',
    eagain: 'eagain',
    wakeups: 'wakeups',
  } as const),
  ...({ coroutineSwitches: 'coroutineSwitches', voluntarySwitches: 'voluntarySwitches' } as const),
  ...({ involuntarySwitches: 'involuntarySwitches', serverCpuNs: 'cpuUserNs' } as const),
} as const satisfies Partial<Record<OverviewColumn, CounterName>>;
export type CountedColumn = keyof typeof columnSources | 'syscalls' | 'openConnections';

/**
 * Whether a column of 0 is a figure: everybody who served counted it. The sum of a session in which one did not is that of
 * the others, and no figure of the whole either.
 */
export function isColumnCounted(overview: Overview, column: CountedColumn): boolean {
  const { columns } = overview;
  return modelsOf(overview).every((model) => {
    const counting = countingOf(model);
    if (column === 'syscalls') return areCallsCounted(counting);
    // From outside they are looked at from the level `fds` on alone, which a session does not tell: 0 may be either.
    const isLookedAt = counting !== 'outside' || highestOf(columns[column]) > 0;
    if (column === 'openConnections') return isLookedAt;
    return isCounterCounted(counting, columnSources[column]) && isLookedAt;
  });
}

/** What a cost of the server is divided by: its own count of requests, or its clients' where it has none. */
export const servedOf = (overview: Overview): number =>
  sumOf(isWatchedFromOutside(overview) ? overview.columns.clientRequests : overview.columns.serverRequests);
