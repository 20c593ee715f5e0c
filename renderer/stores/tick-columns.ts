/** A byte a row for each of the newest ticks: a ring of columns, which are drawn as they are, within a budget of memory. */
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import { maxRows } from './series.ts';

/** Frames of one report come right after each other. */
const sameTickNs = (frameIntervalMs * 1e6) / 5;
const budgetBytes = 128 << 20;
/** Columns grow in steps, so that the memory of one that went can serve the next. */
export const rowStep = 256;

export class TickColumns {
  /** Ticks are counted from the first ever; the oldest kept, and one past the newest. */
  first = 0;
  end = 0;
  readonly #times = new Float64Array(maxRows);
  readonly #columns: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(maxRows);
  #bytes = 0;
  #spare: Uint8Array | undefined;

  get byteLength(): number {
    return this.#bytes + this.#times.byteLength;
  }

  get newestNs(): number {
    return this.end === this.first ? Number.NaN : this.timeOf(this.end - 1);
  }

  timeOf(tick: number): number {
    return this.#times[tick % maxRows] ?? 0;
  }

  /** A cell per row as it was then; rows that came later have none. */
  column(tick: number): Uint8Array | undefined {
    return this.#columns[tick % maxRows];
  }

  /** The first tick at or after a time. */
  tickAt(timeNs: number): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeOf(middle) < timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The column of a report, wide enough for `rows`; `begin` fills it where the report opens a tick. */
  at(timeNs: number, rows: number, begin: (column: Uint8Array) => void): Uint8Array {
    const newest = this.end === this.first ? undefined : this.column(this.end - 1);
    if (newest !== undefined && timeNs - this.newestNs < sameTickNs) {
      if (newest.length >= rows) return newest;
      const wide = this.#make(rows);
      wide.set(newest);
      this.#put(this.end - 1, wide);
      return wide;
    }
    const column = this.#make(rows);
    begin(column);
    if (this.end - this.first === maxRows) this.#dropOldest();
    const tick = this.end++;
    this.#times[tick % maxRows] = timeNs;
    this.#put(tick, column);
    while (this.#bytes > budgetBytes && this.end - this.first > 1) this.#dropOldest();
    return column;
  }

  #make(rows: number): Uint8Array {
    const length = Math.max(rowStep, Math.ceil(rows / rowStep) * rowStep);
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.length === length ? spare.fill(0) : new Uint8Array(length);
  }

  #put(tick: number, column: Uint8Array): void {
    this.#bytes += column.length - (this.column(tick)?.length ?? 0);
    this.#columns[tick % maxRows] = column;
  }

  #dropOldest(): void {
    const tick = this.first++;
    const column = this.column(tick);
    if (column === undefined) return;
    this.#bytes -= column.length;
    this.#columns[tick % maxRows] = undefined;
    this.#spare = column;
  }
}
