/**
 * Growth per second of the totals that frames bring. A rate is of a stretch of time, never of a moment, and of none that
 * is too short: a frame that came late is followed by one that comes soon, and over the few milliseconds between them a
 * process seems to do what no process can.
 */
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import type { SeriesRing } from './rings.ts';
import { RowMemo } from './row-memo.ts';

/** What a line shows is of a stretch so long: single frames are noise. */
export const lineNs = 500e6;
/** What a band shows is of frames, so far apart at least. */
export const shortestNs = 0.8 * frameIntervalMs * 1e6;

/** The last of some numbers in ascending order that is at most `limit`; -Infinity where none is. */
function lastUpTo(sorted: readonly number[], limit: number): number {
  let i = sorted.length - 1;
  while (i >= 0 && (sorted[i] ?? 0) > limit) i--;
  return sorted[i] ?? Number.NEGATIVE_INFINITY;
}

/** Rows whose begins are kept; more than a ring has. */
const keptRows = 1 << 16;

export class Rates {
  /** Raised where rates of rows that are there already have changed. */
  version = 0;
  readonly #ring: SeriesRing;
  /** Where rates of single rows begin, by how long they are at least: every line asks for the same. */
  readonly #known = new Map<number, RowMemo>();
  /** First rows of processes that took the place of others: they count from zero. */
  readonly #begins: number[] = [];
  /** When another model served from, or a setting was changed. */
  readonly #changes: number[] = [];

  constructor(ring: SeriesRing) {
    this.#ring = ring;
  }

  /** A row has the totals of another process than the row before. */
  begin(row: number): void {
    this.#begins.push(row);
    this.#forget();
  }

  /** What is from then on is not told together with what was before. */
  change(timeNs: number): void {
    if (timeNs <= (this.#changes.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
    this.#changes.push(timeNs);
    this.#forget();
  }

  /**
   * The row whose totals a rate up to row `last` grows from: at row `first` or before, and `leastNs` before `last` or
   * more, but not beyond a change where that can be helped, and never in another process; -1 where no row will do.
   */
  beginOf(first: number, last: number, leastNs: number): number {
    if (first !== last) return this.#find(first, last, leastNs);
    let known = this.#known.get(leastNs);
    if (known === undefined) this.#known.set(leastNs, (known = new RowMemo(keptRows)));
    const find = (row: number, values: Float64Array, offset: number): void => {
      values[offset] = this.#find(row, row, leastNs);
    };
    const begin = known.values[known.offsetOf(last, find)] ?? -1;
    if (begin < 0 || begin >= this.#ring.first) return begin;
    // What it began with has made room since.
    known.forget(last);
    return known.values[known.offsetOf(last, find)] ?? -1;
  }

  #forget(): void {
    this.version++;
    for (const known of this.#known.values()) known.clear();
  }

  #find(first: number, last: number, leastNs: number): number {
    const ring = this.#ring;
    const lowest = Math.max(ring.first, lastUpTo(this.#begins, last));
    if (last <= lowest) return -1;
    const endNs = ring.timeAt(last);
    let begin = Math.max(lowest, Math.min(first - 1, last - 1));
    const changedNs = lastUpTo(this.#changes, ring.timeAt(begin));
    while (begin > lowest && endNs - ring.timeAt(begin) < leastNs && ring.timeAt(begin - 1) >= changedNs) begin--;
    while (begin > lowest && endNs - ring.timeAt(begin) < shortestNs) begin--;
    return endNs - ring.timeAt(begin) < shortestNs ? -1 : begin;
  }

  /** Of a column that is a total; NaN where there is no stretch to tell it of. */
  over(column: number, first: number, last: number, leastNs: number): number {
    const ring = this.#ring;
    const begin = this.beginOf(first, last, leastNs);
    if (begin < 0) return Number.NaN;
    const grown = ring.at(column, last) - ring.at(column, begin);
    return grown < 0 ? Number.NaN : (grown * 1e9) / (ring.timeAt(last) - ring.timeAt(begin));
  }

  /** Of one frame, or of as few as will do. */
  ofFrame(column: number, row: number): number {
    return this.over(column, row, row, 0);
  }
}
