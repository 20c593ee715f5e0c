/**
 * The figures that people compare models by, computed here and nowhere else: each from the growth of counters, or from
 * the merged latencies, between two moments. A figure that cannot be had is undefined, and `absent` says why.
 */
import { largerUnit, short } from './format.ts';
import type { TelemetryHistory } from './history.ts';
import { notFromOutside } from './outside.ts';
import type { SeriesRing } from './rings.ts';
import type { TimeRange } from './timebase.ts';
import { errorCounter } from '../../shared/run-result.ts';
import { errorKinds, syscallNames } from '../../shared/telemetry/wire.ts';

/** Figures of now are those of the last seconds, so long at most, */
const recentNs = 2e9;
/** from so long behind what changed them, */
export const settleNs = 300e6;
/** and of no shorter stretch. */
const shortestNs = 400e6;

/**
 * What figures of now are made from: of whoever serves now, as things are now. Undefined where that began too lately.
 * `ring`: whose frames are read. `untilNs`: what "now" is, where it is not the newest frame.
 */
export function recentStretch(
  steadySinceNs: number,
  ring: SeriesRing,
  untilNs = Number.POSITIVE_INFINITY,
): TimeRange | undefined {
  const row = ring.lowerBound(steadySinceNs);
  if (row === ring.end) return undefined;
  const toNs = Math.min(ring.newestNs, untilNs);
  // Behind its first frame, as a rate grows from the frame before.
  const fromNs = Math.max(steadySinceNs + settleNs, toNs - recentNs, ring.timeAt(row) + 1);
  return toNs - fromNs < shortestNs ? undefined : { fromNs, toNs };
}

export const figureIds = [
  'requestsPerSecond',
  'cpuMicrosPerRequest',
  'switchesPerRequest',
  'syscallsPerRequest',
  'p99Ms',
] as const;
export type FigureId = (typeof figureIds)[number];

export interface FigureSpec {
  readonly id: FigureId;
  /** As a column's head, and in a sentence. */
  readonly short: string;
  readonly label: string;
  readonly unit: string;
  /** How it was obtained. */
  readonly how: string;
  /** The same of a server that is watched from outside, where it differs. */
  readonly howFromOutside?: string;
}

export const figureSpecs: readonly FigureSpec[] = [
  {
    id: 'requestsPerSecond',
    short: 'req/s',
    label: 'Requests per second',
    unit: '/s',
    how: 'Replies that the server sent whole, by its own counters, divided by the length of the interval.',
    howFromOutside: 'Replies that the clients checked, divided by the length of the interval.',
  },
  {
    id: 'cpuMicrosPerRequest',
    short: 'µs/req',
    label: 'CPU per request',
    unit: 'µs',
    how: 'CPU time of the whole server process, user and system, as the kernel accounts it (getrusage), telemetry included, divided by requests.',
    howFromOutside:
      'CPU time of your server, user and system, by /proc, divided by the replies that the clients checked.',
  },
  {
    id: 'switchesPerRequest',
    short: 'sw/req',
    label: 'Context switches per request',
    unit: '',
    how: "Voluntary and involuntary context switches of all the server's threads (getrusage), divided by requests.",
    howFromOutside:
      'Voluntary and involuntary context switches of all threads of your server, by /proc, divided by the replies that the clients checked.',
  },
  {
    id: 'syscallsPerRequest',
    short: 'sys/req',
    label: 'System calls per request',
    unit: '',
    how: "System calls through the engine's traced wrappers, complete and never sampled, divided by requests.",
  },
  {
    id: 'p99Ms',
    short: 'p99 ms',
    label: 'Latency, 99th percentile',
    unit: 'ms',
    how: 'Measured by the clients from the moment each request was meant to be sent (corrected for coordinated omission); HdrHistograms merged exactly.',
  },
];

export type Figures = Readonly<Record<FigureId, number | undefined>> & {
  /** Then requests are those that the clients saw answered. */
  readonly isFromOutside: boolean;
  /** Length of the interval. */
  readonly seconds: number;
  readonly switchesPerSecond: number | undefined;
  readonly syscallsPerSecond: number | undefined;
  /** Cores that the server kept busy: 1 is one whole core. */
  readonly cpuCores: number | undefined;
  readonly p50Ms: number | undefined;
  readonly maxMs: number | undefined;
  readonly eagainPerRequest: number | undefined;
  readonly readyPerWakeup: number | undefined;
  readonly clientCpuCores: number | undefined;
  readonly voluntaryPerSecond: number | undefined;
  readonly involuntaryPerSecond: number | undefined;
  /** From the moment each request was really sent. */
  readonly p50RawMs: number | undefined;
  readonly p99RawMs: number | undefined;
  readonly errorsPerSecond: number | undefined;
};

const known = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
const sum = (...values: number[]): number => values.reduce((total, value) => total + value, 0);

/** What clients count as gone wrong. */
export const errorNames = errorKinds.map(errorCounter);

/** Below so many a percentile is an accident. */
const fewestLatencies = 20;

/** Figures of the server and its clients between two moments (CLOCK_MONOTONIC). */
export function figuresBetween(history: TelemetryHistory, fromNs: number, toNs: number): Figures {
  const { server, clients } = history.counters;
  const isFromOutside = history.isWatchedFromOutside;
  const rate = (name: Parameters<typeof server.rateBetween>[0]): number => server.rateBetween(name, fromNs, toNs);
  const requests = (isFromOutside ? clients : server).rateBetween('counter.requests', fromNs, toNs);
  const perRequest = (perSecond: number): number | undefined =>
    requests > 0 ? known(perSecond / requests) : undefined;
  const cpuNs = rate('counter.cpuUserNs') + rate('counter.cpuSystemNs');
  const voluntary = rate('counter.voluntarySwitches');
  const involuntary = rate('counter.involuntarySwitches');
  const switches = voluntary + involuntary;
  // A server that answers and calls nothing does not count its calls: the node model, whose calls libuv makes.
  const calls = sum(...syscallNames.map((name) => rate(`syscall.${name}`)));
  const syscalls = calls > 0 ? calls : Number.NaN;
  const wakeups = rate('counter.wakeups');
  const clientCpu =
    clients.rateBetween('counter.cpuUserNs', fromNs, toNs) + clients.rateBetween('counter.cpuSystemNs', fromNs, toNs);
  const corrected = history.latency.corrected.between(fromNs, toNs);
  const raw = history.latency.uncorrected.between(fromNs, toNs);
  const percentileMs = (percentile: number, latencies = corrected): number | undefined =>
    latencies === undefined || latencies.totalCount < fewestLatencies
      ? undefined
      : latencies.getValueAtPercentile(percentile) / 1e6;
  return {
    isFromOutside,
    seconds: (toNs - fromNs) / 1e9,
    requestsPerSecond: known(requests),
    cpuMicrosPerRequest: perRequest(cpuNs / 1000),
    switchesPerRequest: perRequest(switches),
    syscallsPerRequest: perRequest(syscalls),
    p99Ms: percentileMs(99),
    p50Ms: percentileMs(50),
    maxMs: percentileMs(100),
    switchesPerSecond: known(switches),
    syscallsPerSecond: known(syscalls),
    cpuCores: known(cpuNs / 1e9),
    eagainPerRequest: perRequest(rate('counter.eagain')),
    readyPerWakeup: wakeups > 0 ? known(rate('counter.readyEvents') / wakeups) : undefined,
    clientCpuCores: known(clientCpu / 1e9),
    voluntaryPerSecond: known(voluntary),
    involuntaryPerSecond: known(involuntary),
    p50RawMs: percentileMs(50, raw),
    p99RawMs: percentileMs(99, raw),
    errorsPerSecond: known(sum(...errorNames.map((name) => clients.rateBetween(`counter.${name}`, fromNs, toNs)))),
  };
}

/** A figure and its unit: its own, or for times that are long in it a larger one, so that 12,000 ms are "12.0" "s". */
export function figureParts({ unit }: Pick<FigureSpec, 'unit'>, value: number | undefined): readonly [string, string] {
  const [text, larger] = largerUnit(value, unit) ?? [short(value), unit];
  return [text, larger];
}

/** The same where a column's head has the unit: a larger one stands beside the figure. */
export const figureText = ({ unit }: Pick<FigureSpec, 'unit'>, value: number | undefined): string =>
  largerUnit(value, unit)?.join(' ') ?? short(value);

/** How a figure was obtained, or why it is not there. */
export function aboutFigure({ id, how, howFromOutside }: FigureSpec, figures: Figures | undefined): string {
  if (figures === undefined) return how;
  if (figures[id] === undefined) return absent(id, figures);
  return figures.isFromOutside ? (howFromOutside ?? how) : how;
}

/** Why a figure is not there, in a sentence. */
export function absent(id: FigureId | 'syscallsPerSecond', figures: Figures | undefined): string {
  if (figures === undefined) return 'Nothing was measured under this model yet.';
  if (id === 'syscallsPerRequest' || id === 'syscallsPerSecond') {
    if (figures.isFromOutside) return notFromOutside;
    if (figures.requestsPerSecond !== undefined && figures.requestsPerSecond > 0) {
      return 'This server does not count its system calls: its runtime makes them by itself.';
    }
  }
  if (id === 'p99Ms') return `Fewer than ${fewestLatencies} replies came in this interval: too few for a percentile.`;
  return 'No request was answered in this interval.';
}
