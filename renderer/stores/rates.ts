/**
 * Growth per second of the totals that frames bring. A rate is of a stretch of time, never of a moment, and of none that
 * is too short: a frame that came late is followed by one that comes soon, and over the few milliseconds between them a
 * process seems to do what no process can.
 */
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import type { SeriesRing } from './rings.ts';

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

/** Where the rates of single rows begin: every line asks for each of its rows with each picture. */
class Begins {
  readonly #rows = new Int32Array(keptRows).fill(-1);
  readonly #begins = new Int32Array(keptRows);

  get(row: number): number | undefined {
    const place = row % keptRows;
    return this.#rows[place] === row ? this.#begins[place] : undefined;
  }

  set(row: number, begin: number): void {
    const place = row % keptRows;
    this.#rows[place] = row;
    this.#begins[place] = begin;
  }

  clear(): void {
    this.#rows.fill(-1);
  }
}

export class Rates {
  /** Raised where rates of rows that are there already have changed. */
  version = 0;
  readonly #ring: SeriesRing;
  /** By how long they are at least. */
  readonly #known = new Map<number, Begins>();
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
    if (known === undefined) this.#known.set(leastNs, (known = new Begins()));
    let begin = known.get(last);
    // What it began with may have made room since.
    if (begin === undefined || (begin >= 0 && begin < this.#ring.first)) {
      begin = this.#find(first, last, leastNs);
      known.set(last, begin);
    }
    return begin;
  }

  #forget(): void {
    this.version++;
    for (const begins of this.#known.values()) begins.clear();
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
