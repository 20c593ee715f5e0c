/** The charts of two sessions over each other, from the figures by the second that each file has beside its frames. */
import {
  durationSecondsOf,
  hasServer,
  isWatchedFromOutside,
  modelsOf,
  requestsOf,
  sumOf,
  type Overview,
} from '../../../shared/session/overview.ts';
import { SeriesRing } from '../../stores/rings.ts';
import { duration, percent, perSecond } from '../../stores/format.ts';
import { LineTrack, type LineSeries, type LineTrackSettings } from '../../tracks/line-track.ts';
import type { TimeRange } from '../../stores/timebase.ts';

export interface OverlaidSession {
  readonly label: string;
  readonly overview: Overview;
  /** Its start, on the time of both. */
  readonly startNs: number;
}

/** Frames come every 50 ms: what is left of the last second is told as a rate where it holds enough of them. */
const shortestPartNs = 500e6;

/** When each second ends, counted from the session's start; the last one ends with the session. */
export function secondEnds(overview: Overview): number[] {
  const lengthNs = durationSecondsOf(overview) * 1e9;
  const ends = requestsOf(overview).map((_, second) => Math.min((second + 1) * 1e9, lengthNs));
  return ends.filter((endNs, second) => endNs - second * 1e9 >= shortestPartNs);
}

interface Figure {
  /** Of a second: a rate per second, or a percentile. NaN where it has none. */
  readonly valueOf: (second: number, seconds: number) => number;
  readonly whole: number;
}

function rate(overview: Overview, counts: readonly number[]): Figure {
  return {
    valueOf: (second, seconds) => (counts[second] ?? Number.NaN) / seconds,
    whole: sumOf(counts) / durationSecondsOf(overview),
  };
}

const unknown: Figure = { valueOf: () => Number.NaN, whole: Number.NaN };
/** Of the server: a session that has nothing of it has no such figure, which is not 0. */
const serverRate = (overview: Overview, counts: readonly number[]): Figure =>
  hasServer(overview) ? rate(overview, counts) : unknown;

function percentile(overview: Overview, name: 'p50' | 'p99'): Figure {
  const { columns, latency } = overview;
  const ofSecond = columns[`${name}Ns`];
  return {
    valueOf: (second) => ((columns.latencyCount[second] ?? 0) > 0 ? (ofSecond[second] ?? Number.NaN) : Number.NaN),
    // Of all replies of the session; percentiles of seconds cannot be put together.
    whole: latency.corrected.count > 0 ? latency.corrected[name] * 1e3 : Number.NaN,
  };
}

interface Chart extends Pick<LineTrackSettings, 'id' | 'title' | 'unit' | 'help' | 'scale' | 'tableUnit' | 'format'> {
  readonly figureOf: (overview: Overview) => Figure;
}

const charts: readonly Chart[] = [
  {
    ...{ id: 'throughput', title: 'Throughput', unit: 'per second', scale: 'linear', tableUnit: '1/s' },
    help: 'Replies in each second, by the count of the clients; by that of the server where a session has no clients.',
    format: perSecond,
    figureOf: (overview) => rate(overview, requestsOf(overview)),
  },
  {
    ...{ id: 'p50', title: 'Latency p50', unit: 'corrected, log', scale: 'log', tableUnit: 'ns' },
    help: 'The median of each second alone, from the moment at which a request was meant to be sent.',
    format: duration,
    figureOf: (overview) => percentile(overview, 'p50'),
  },
  {
    ...{ id: 'p99', title: 'Latency p99', unit: 'corrected, log', scale: 'log', tableUnit: 'ns' },
    help: 'The 99th percentile of each second alone, from the moment at which a request was meant to be sent.',
    format: duration,
    figureOf: (overview) => percentile(overview, 'p99'),
  },
  {
    ...{ id: 'cpu', title: 'CPU', unit: 'of one core', scale: 'linear', tableUnit: 'share of a core' },
    help: 'User and system time of the server process; 200 % are two cores, fully used.',
    format: percent,
    figureOf: (overview) => {
      const cpuSeconds = overview.columns.serverCpuNs.map((ns) => ns / 1e9);
      return serverRate(overview, cpuSeconds);
    },
  },
  {
    ...{ id: 'switches', title: 'Switches', unit: 'per second', scale: 'linear', tableUnit: '1/s' },
    help: 'Context switches of the server’s threads, voluntary and involuntary together, as the kernel counts them.',
    format: perSecond,
    figureOf: (overview) => {
      const { voluntarySwitches, involuntarySwitches } = overview.columns;
      return serverRate(
        overview,
        voluntarySwitches.map((count, second) => count + (involuntarySwitches[second] ?? 0)),
      );
    },
  },
  {
    ...{ id: 'syscalls', title: 'System calls', unit: 'per second', scale: 'linear', tableUnit: '1/s' },
    help: 'System calls of the server, of all names together; those of your own server nobody counts from outside.',
    format: perSecond,
    figureOf: (overview) =>
      isWatchedFromOutside(overview) ? unknown : serverRate(overview, overview.columns.syscalls),
  },
];

/** A session of one model has its colour; one of several, or of none, has one of its own. */
export function overlayModel(overview: Overview): string | undefined {
  const models = modelsOf(overview);
  return models.length === 1 ? models[0] : undefined;
}

/** A's lines are whole, B's are dashed. */
export const overlayLooks: Readonly<Record<'a' | 'b', Pick<LineSeries, 'colour' | 'dash'>>> = {
  a: { colour: 'sky' },
  b: { colour: 'orange', dash: [6, 3] },
};

function lineOf(
  session: OverlaidSession,
  look: Pick<LineSeries, 'colour' | 'dash'>,
  figureOf: Chart['figureOf'],
): LineSeries {
  const { label, overview, startNs } = session;
  const figure = figureOf(overview);
  const ends = secondEnds(overview);
  const ring = new SeriesRing(1, ends.length + 1, ends.length + 1);
  // Its start, without a value: a cursor within the first second finds that second's end.
  ring.set(0, ring.append(startNs), Number.NaN);
  ends.forEach((endNs, second) => {
    ring.set(0, ring.append(startNs + endNs), figure.valueOf(second, endNs / 1e9 - second));
  });
  return {
    label,
    ...look,
    model: overlayModel(overview),
    ring: () => ring,
    valueOf: (row) => ring.at(0, row),
    between: (fromNs, toNs) => {
      const isWhole = fromNs <= startNs && toNs >= startNs + durationSecondsOf(overview) * 1e9;
      return isWhole ? figure.whole : Number.NaN;
    },
  };
}

/** What both enclose, on their common time. */
export function rangeOf(sessions: readonly OverlaidSession[]): TimeRange {
  return {
    fromNs: Math.min(...sessions.map(({ startNs }) => startNs)),
    toNs: Math.max(...sessions.map(({ startNs, overview }) => startNs + durationSecondsOf(overview) * 1e9)),
  };
}

/** Their time is counted from A's start. */
export const overlayTracks = (a: OverlaidSession, b: OverlaidSession): LineTrack[] =>
  charts.map(
    ({ figureOf, ...chart }) =>
      new LineTrack({
        ...chart,
        heightPx: 92,
        originNs: () => a.startNs,
        emptyText: () => undefined,
        series: [lineOf(a, overlayLooks.a, figureOf), lineOf(b, overlayLooks.b, figureOf)],
      }),
  );
