/**
 * What each line of the thread timeline has in each column: how much of the time of its threads went to each state. A
 * column that a thread spent in one state is that state's; where states share it, so do its pixels (`share-pixels.ts`).
 */
import type { ThreadRecord, ThreadStore } from '../stores/history-threads.ts';
import { pixelOf, type Palette } from '../theme/palette.ts';
import { threadStates, type ThreadState } from '../../shared/telemetry/wire.ts';
import { placesOf } from './raster-fold.ts';
import { newTiles, type ShareTiles } from './share-pixels.ts';
import { visitStretches } from './thread-states.ts';

/** Before it began and after it ended a thread has no state, but has its place on a line with others. */
const absent = threadStates.length;
export const timelineStates = threadStates.length + 1;
/** From the foot of a line to its head. */
export const timelineOrder = Uint8Array.from([
  ...(['running', 'ready', 'blocked', 'sleeping', 'unknown'] satisfies readonly ThreadState[]).map((state) =>
    threadStates.indexOf(state),
  ),
  absent,
]);
/** What rounding leaves of a column is no time that anybody spent. */
const leastShare = 1e-6;

export interface TimelineColumns {
  readonly store: ThreadStore;
  readonly threads: readonly ThreadRecord[];
  readonly first: number;
  readonly end: number;
  readonly lines: number;
  readonly columnNs: number;
  readonly newestNs: number;
  /** To work in: kept from frame to frame. */
  readonly times: ColumnTimes;
}

export function timelineTiles(palette: Palette): ShareTiles {
  const colours = [...threadStates.map((state) => palette.threads[state]), palette.background].map((hex) =>
    pixelOf(hex),
  );
  const background = pixelOf(palette.background);
  return newTiles(timelineStates, background, (state) => colours[state] ?? background);
}

/** As `ShareLines.weigh`. */
export function weighThreads(timeline: TimelineColumns, first: number, count: number, weights: Float32Array): void {
  const { columnNs, lines, newestNs, threads, store } = timeline;
  const fromNs = first * columnNs;
  const toNs = Math.min(newestNs, (first + count) * columnNs);
  if (toNs <= fromNs) return;
  const { times } = timeline;
  const add = (state: number, a: number, b: number): void => times.add(state, a - fromNs, b - fromNs);
  for (let line = 0; line < lines; line++) {
    const { first: begin, end } = placesOf(timeline, line);
    times.begin(count, columnNs);
    for (let place = begin; place < end; place++) {
      const thread = threads[place];
      if (thread === undefined) continue;
      // Most threads of many did nothing new since before these columns.
      if (thread.changedNs <= fromNs && thread.startedNs <= fromNs && thread.endedNs >= toNs) {
        times.add(thread.state, 0, toNs - fromNs);
      } else visitStretches(store, thread, fromNs, toNs, newestNs, add);
    }
    times.write(end - begin, toNs - fromNs, weights, line * count * timelineStates);
  }
}

/** Time in each state in each of some columns; a stretch costs the same however many columns it covers. */
export class ColumnTimes {
  #columnNs = 1;
  #count = 0;
  /** What of columns is covered in part, and where full ones begin (positive) and end (negative). */
  #parts = new Float64Array(0);
  #full = new Int32Array(0);

  begin(count: number, columnNs: number): void {
    this.#count = count;
    this.#columnNs = columnNs;
    const size = (count + 1) * timelineStates;
    if (this.#parts.length < size) {
      this.#parts = new Float64Array(size);
      this.#full = new Int32Array(size);
    } else {
      this.#parts.fill(0, 0, size);
      this.#full.fill(0, 0, size);
    }
  }

  /** Times are counted from the first column's beginning; what lies outside of all columns is left out. */
  add(state: number, fromNs: number, toNs: number): void {
    const parts = this.#parts;
    const columnNs = this.#columnNs;
    const first = Math.max(0, Math.floor(fromNs / columnNs));
    const last = Math.min(this.#count - 1, Math.ceil(toNs / columnNs) - 1);
    if (last < first) return;
    const at = first * timelineStates + state;
    if (first === last) {
      parts[at] = (parts[at] ?? 0) + Math.min(toNs, (first + 1) * columnNs) - Math.max(fromNs, first * columnNs);
      return;
    }
    parts[at] = (parts[at] ?? 0) + (first + 1) * columnNs - Math.max(fromNs, first * columnNs);
    const end = last * timelineStates + state;
    parts[end] = (parts[end] ?? 0) + Math.min(toNs, (last + 1) * columnNs) - last * columnNs;
    const full = this.#full;
    full[at + timelineStates] = (full[at + timelineStates] ?? 0) + 1;
    full[end] = (full[end] ?? 0) - 1;
  }

  /** Of `threads` threads, of which nothing is known beyond `knownNs`. */
  write(threads: number, knownNs: number, weights: Float32Array, base: number): void {
    const columnNs = this.#columnNs;
    const parts = this.#parts;
    const full = this.#full;
    for (let state = 0; state < threadStates.length; state++) {
      let running = 0;
      for (let column = 0, at = state; column < this.#count; column++, at += timelineStates) {
        running += full[at] ?? 0;
        weights[base + at] = (parts[at] ?? 0) + running * columnNs;
      }
    }
    for (let column = 0, at = base; column < this.#count; column++, at += timelineStates) {
      let sum = 0;
      for (let state = 0; state < threadStates.length; state++) sum += weights[at + state] ?? 0;
      const whole = threads * Math.min(columnNs, knownNs - column * columnNs);
      weights[at + absent] = sum === 0 || whole - sum < leastShare * whole ? 0 : whole - sum;
    }
  }
}
