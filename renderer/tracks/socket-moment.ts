/**
 * What sockets were in, at a moment and over a stretch: what the raster draws, its legend, the inspector and the table
 * read all come from the same ticks (`tick-shares.ts`).
 */
import type { SocketStore } from '../stores/history-sockets.ts';
import {
  entryCount,
  firstSeen,
  socketStates,
  stateCode,
  timedCount,
  type SocketState,
} from '../stores/socket-states.ts';
import { duration, percent } from '../stores/format.ts';
import { seenExplanation, wordsOf } from './socket-words.ts';

/** What is known of a row at a moment, and how. */
export type SocketMoment =
  /** Times in states during the tick that the moment lies in, longest first; which came when is not known. */
  | {
      readonly by: 'tick';
      readonly fromNs: number;
      readonly toNs: number;
      readonly times: readonly { readonly state: SocketState; readonly ns: number }[];
    }
  /** What mattered most in the tick; how long it lasted is not known. */
  | { readonly by: 'look'; readonly fromNs: number; readonly toNs: number; readonly state: SocketState };

/** Of a tick: less is what rounding has left over, and nothing that a socket was in. */
const leastShare = 1e-6;

const nameOf = (code: number): SocketState => socketStates[code] ?? 'none';

/** Undefined where nobody looked, or nobody had the row. */
export function socketMoment(store: SocketStore, row: number, timeNs: number): SocketMoment | undefined {
  const { ticks } = store;
  const tick = ticks.tickTelling(timeNs);
  if (tick === undefined) return undefined;
  const entries = ticks.ofRow(tick, row);
  const range = { fromNs: ticks.beginOf(tick), toNs: ticks.timeOf(tick) };
  const seen = entries.findIndex((ns, entry) => entry >= firstSeen && ns > 0);
  if (seen >= 0) {
    const state = nameOf(seen - firstSeen);
    return state === 'none' ? undefined : { by: 'look', ...range, state };
  }
  const times = Array.from(entries.subarray(0, timedCount), (ns, code) => ({ state: nameOf(code), ns }))
    .filter(({ state, ns }) => ns > leastShare * (range.toNs - range.fromNs) && state !== 'none')
    .sort((a, b) => b.ns - a.ns);
  return times.length === 0 ? undefined : { by: 'tick', ...range, times };
}

/** In words, a line each; the first is what the socket was in, or mostly in. */
export function momentLines(moment: SocketMoment, isWatchedFromOutside: boolean): string[] {
  if (moment.by === 'look') {
    const { label, explanation } = wordsOf(moment.state, isWatchedFromOutside);
    // From outside every look is one of this kind, and the explanation says so.
    return [`${label}: ${explanation}`, ...(isWatchedFromOutside ? [] : [seenExplanation])];
  }
  const spanNs = moment.toNs - moment.fromNs;
  const [only, ...others] = moment.times;
  if (only === undefined) return [];
  const { label, explanation } = wordsOf(only.state, isWatchedFromOutside);
  if (others.length === 0)
    return [`${label}: ${explanation}`, `So for all of the ${duration(only.ns)} that were looked at.`];
  return [
    `Within ${duration(spanNs)}, in an order that is not known:`,
    ...moment.times.map(
      ({ state, ns }) => `${wordsOf(state, isWatchedFromOutside).label} ${duration(ns)} (${percent(ns / spanNs)})`,
    ),
  ];
}

/** Worst first: what a pointer over a line of many rows is about. */
const severity: readonly SocketState[] = [
  'error',
  'writeBlocked',
  'waiting',
  'reported',
  'inVain',
  'serving',
  'unsure',
  'closed',
  'idle',
  'unknown',
];
export function severityOf(moment: SocketMoment | undefined): number {
  if (moment === undefined) return severity.length;
  const states = moment.by === 'look' ? [moment.state] : moment.times.map(({ state }) => state);
  return Math.min(...states.map((state) => severity.indexOf(state)));
}

/**
 * Time in each entry in ns, `times[place * entryCount + entry]`, of some rows over a stretch; what of a tick lies outside
 * counts in proportion.
 */
export function timesOfRows(
  store: SocketStore,
  rows: Uint32Array,
  fromNs: number,
  toNs: number,
): { readonly times: Float64Array; readonly isMeasured: boolean } {
  const { ticks } = store;
  const places = new Int32Array(store.rows).fill(-1);
  rows.forEach((row, place) => (places[row] = place));
  const times = new Float64Array(rows.length * entryCount);
  const part = new Float64Array(times.length);
  let isMeasured = false;
  ticks.visit(fromNs, toNs, (tick, coveredNs) => {
    isMeasured ||= ticks.isMeasured(tick);
    const share = coveredNs / ticks.spanOf(tick);
    if (share >= 1) {
      ticks.addTo(tick, places, times);
      return;
    }
    part.fill(0);
    ticks.addTo(tick, places, part);
    for (let i = 0; i < part.length; i++) times[i] = (times[i] ?? 0) + (part[i] ?? 0) * share;
  });
  return { times, isMeasured };
}

/** Shares of all open sockets' time over a stretch, of what was measured and of what was only seen; they add up to 1. */
export function sharesBetween(store: SocketStore, fromNs: number, toNs: number): Float64Array | undefined {
  const sums = store.ticks.sumsBetween(fromNs, toNs);
  sums[stateCode.none] = 0;
  sums[firstSeen + stateCode.none] = 0;
  const all = sums.reduce((sum, ns) => sum + ns, 0);
  return all > 0 ? sums.map((ns) => ns / all) : undefined;
}
