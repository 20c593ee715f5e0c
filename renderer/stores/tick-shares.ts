/**
 * How long every row was in which state in each of the newest ticks, within a budget of memory.
 *
 * A tick has a byte a row: in its lower half the state that took the rest of the time, in its upper half how many
 * entries say what the others took. The entries of a tick lie one after another in the order of the rows: the state in
 * the upper four bits, its time below, in units of the tick. So a row that did nothing costs a byte. Where nothing was
 * measured the upper half is `seen` and the lower the state that was seen at the look.
 */
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import { PieceMemory } from './piece-memory.ts';
import { maxRows } from './series.ts';
import { entryCount, firstSeen, stateCode } from './socket-states.ts';

/** Frames of one report come right after each other. */
const sameTickNs = (frameIntervalMs * 1e6) / 5;
/** Without frames for longer than this nothing was looked at. */
export const longestTickNs = 30 * frameIntervalMs * 1e6;
const budgetBytes = 128 << 20;
/** Sums are those up to a tick: the oldest tick needs those of the one before it. */
const maxSums = maxRows + 1;
/** Columns are widened in steps. */
export const rowStep = 256;

const seen = 15;
export const seenCell = (state: number): number => (seen << 4) | state;
export const isSeenCell = (cell: number): boolean => cell >>> 4 === seen;
export const restOf = (cell: number): number => cell & 15;
const timeBits = 28;
const timeMask = 2 ** timeBits - 1;

export class TickShares {
  /** Ticks are counted from the first ever; the oldest kept, and one past the newest. */
  first = 0;
  end = 0;
  readonly #times = new Float64Array(maxRows);
  readonly #spans = new Float64Array(maxRows);
  readonly #measured = new Uint8Array(maxRows);
  readonly #memory = new PieceMemory();
  /** Where in it a tick's column and its entries are, and how many there are. */
  readonly #columnAt = new Float64Array(maxRows);
  readonly #columnRows = new Uint32Array(maxRows);
  readonly #entriesAt = new Float64Array(maxRows);
  readonly #entriesCount = new Uint32Array(maxRows);
  /** Time in each entry of `entryCount` over all rows, from the first tick ever to the end of each. */
  #sums = new Float64Array(64 * entryCount);
  #sumTicks = 64;
  #bytes = 0;
  #isHeld = false;

  get byteLength(): number {
    const slots = [this.#times, this.#spans, this.#measured, this.#columnAt, this.#columnRows];
    const fixed = [...slots, this.#entriesAt, this.#entriesCount, this.#sums];
    return fixed.reduce((sum, { byteLength }) => sum + byteLength, this.#memory.byteLength);
  }

  get newestNs(): number {
    return this.end === this.first ? Number.NaN : this.timeOf(this.end - 1);
  }

  /** The oldest moment that is still told of; NaN where there is none. */
  get oldestNs(): number {
    return this.end === this.first ? Number.NaN : this.beginOf(this.first);
  }

  /** For a picture that is held ticks go later: once what is there again has come. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#dropBeyond();
  }

  /** When a tick ended. */
  timeOf(tick: number): number {
    return this.#times[tick % maxRows] ?? 0;
  }

  /** What its shares add up to. */
  spanOf(tick: number): number {
    return this.#spans[tick % maxRows] ?? 0;
  }

  /** Whether times in states were told of it; otherwise what was seen. */
  isMeasured(tick: number): boolean {
    return this.#measured[tick % maxRows] === 1;
  }

  beginOf(tick: number): number {
    return this.timeOf(tick) - this.spanOf(tick);
  }

  /** A cell per row as it was then; rows that came later have none. */
  column(tick: number): Uint8Array | undefined {
    if (tick < this.first || tick >= this.end) return undefined;
    const slot = tick % maxRows;
    return this.#memory.bytes(this.#columnAt[slot] ?? 0, this.#columnRows[slot] ?? 0);
  }

  /** What the column's cells count, in the order of its rows; undefined where they count none. */
  #entries(tick: number): Uint32Array | undefined {
    const slot = tick % maxRows;
    const count = this.#entriesCount[slot] ?? 0;
    return count === 0 ? undefined : this.#memory.words(this.#entriesAt[slot] ?? 0, count);
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

  /** The tick that tells of a moment; undefined where nobody looked then. */
  tickTelling(timeNs: number): number | undefined {
    if (this.end === this.first) return undefined;
    const tick = this.tickAt(timeNs);
    // What is as late as a frame may be, is as last told.
    if (tick === this.end) return timeNs - this.newestNs > longestTickNs ? undefined : tick - 1;
    return timeNs < this.beginOf(tick) ? undefined : tick;
  }

  /** Calls `visit` for the ticks that touch a stretch of time, with how much of it each covers. */
  visit(fromNs: number, toNs: number, visit: (tick: number, coveredNs: number) => void): void {
    for (let tick = this.tickAt(fromNs); tick < this.end; tick++) {
      const timeNs = this.timeOf(tick);
      const beginNs = this.beginOf(tick);
      if (beginNs >= toNs) return;
      if (timeNs > fromNs) visit(tick, Math.min(timeNs, toNs) - Math.max(beginNs, fromNs));
    }
  }

  /** Whether a report opens a tick, and does not go on with the newest. */
  opens(timeNs: number): boolean {
    return this.end === this.first || timeNs - this.newestNs >= sameTickNs;
  }

  /**
   * The column of a report, wide enough for `rows`; `begin` fills it where the report opens a tick. Without a span it
   * began with the tick before, unless nothing was looked at for so long.
   */
  at(timeNs: number, rows: number, begin: (column: Uint8Array) => void, spanNs?: number): Uint8Array {
    const newest = this.end === this.first ? undefined : this.column(this.end - 1);
    if (newest !== undefined && !this.opens(timeNs)) {
      if (newest.length >= rows) return newest;
      const wide = this.#place(this.end - 1, rows);
      wide.set(newest);
      this.#bytes += wide.length - newest.length;
      return wide;
    }
    const sinceNs = timeNs - this.newestNs;
    if (this.end - this.first === maxRows) this.#dropOldest();
    const tick = this.end++;
    const slot = tick % maxRows;
    const column = this.#place(tick, rows);
    begin(column);
    this.#bytes += column.length;
    this.#entriesCount[slot] = 0;
    this.#times[slot] = timeNs;
    this.#spans[slot] = spanNs ?? (sinceNs <= longestTickNs ? sinceNs : frameIntervalMs * 1e6);
    this.#measured[slot] = spanNs === undefined ? 0 : 1;
    this.#dropBeyond();
    return column;
  }

  /**
   * What the newest tick is made of: its column's cells are set, and what belongs to them, which is copied. Its sums are
   * made anew.
   */
  seal(entries: Uint32Array | undefined): void {
    const tick = this.end - 1;
    const slot = tick % maxRows;
    this.#keep(slot, entries);
    if (tick >= this.#sumTicks && this.#sumTicks < maxSums) this.#growSums();
    const at = (tick % this.#sumTicks) * entryCount;
    const before = ((tick - 1 + this.#sumTicks) % this.#sumTicks) * entryCount;
    const sums = this.#sums.subarray(at, at + entryCount);
    if (tick === 0) sums.fill(0);
    else sums.set(this.#sums.subarray(before, before + entryCount));
    const column = this.column(tick);
    if (column !== undefined) addAll(column, entries, this.spanOf(tick), unitOf(this.spanOf(tick)), sums);
    sums[stateCode.none] = 0;
  }

  /**
   * Adds the time of each row in each state, in ns, to `into[place * entryCount + entry]`, where `places` has the place
   * of each row; those of rows below 0 are left out. A row that was not yet there is `none`.
   */
  addTo(tick: number, places: Int32Array, into: Float32Array | Float64Array): void {
    const column = this.column(tick);
    const spanNs = this.spanOf(tick);
    const rows = places.length;
    const known = column === undefined ? 0 : Math.min(rows, column.length);
    if (column !== undefined) {
      const entries = this.#entries(tick);
      const unitNs = unitOf(spanNs);
      let next = 0;
      for (let row = 0; row < known; row++) {
        const cell = column[row] ?? 0;
        const count = cell >>> 4;
        const place = places[row] ?? -1;
        if (place < 0) {
          if (count !== seen) next += count;
          continue;
        }
        const base = place * entryCount;
        let at = base + (cell & 15);
        let restNs = spanNs;
        if (count === seen) at += firstSeen;
        else if (count > 0 && entries !== undefined) {
          for (let n = 0; n < count; n++) {
            const entry = entries[next++] ?? 0;
            const ns = (entry & timeMask) * unitNs;
            const to = base + (entry >>> timeBits);
            into[to] = (into[to] ?? 0) + ns;
            restNs -= ns;
          }
        }
        into[at] = (into[at] ?? 0) + restNs;
      }
    }
    for (let row = known; row < rows; row++) {
      const place = places[row] ?? -1;
      if (place >= 0)
        into[place * entryCount + stateCode.none] = (into[place * entryCount + stateCode.none] ?? 0) + spanNs;
    }
  }

  /** Time in each entry in ns, of one row, over a tick. */
  ofRow(tick: number, row: number, into = new Float64Array(entryCount)): Float64Array {
    const column = this.column(tick);
    const cell = column?.[row] ?? 0;
    const count = cell >>> 4;
    let restNs = this.spanOf(tick);
    if (count === seen) {
      into[firstSeen + restOf(cell)] = restNs;
      return into;
    }
    let next = 0;
    if (count > 0) {
      for (let before = 0; before < row; before++) {
        const others = (column?.[before] ?? 0) >>> 4;
        if (others !== seen) next += others;
      }
    }
    const entries = count > 0 ? this.#entries(tick) : undefined;
    for (let n = 0; n < count; n++) {
      const entry = entries?.[next + n] ?? 0;
      const ns = (entry & timeMask) * unitOf(this.spanOf(tick));
      into[entry >>> timeBits] = (into[entry >>> timeBits] ?? 0) + ns;
      restNs -= ns;
    }
    into[restOf(cell)] = (into[restOf(cell)] ?? 0) + restNs;
    return into;
  }

  /** Time of all rows together in each entry, in ns; what of a tick lies outside counts in proportion. */
  sumsBetween(fromNs: number, toNs: number): Float64Array {
    const into = new Float64Array(entryCount);
    let firstWhole = -1;
    let lastWhole = -1;
    this.visit(fromNs, toNs, (tick, coveredNs) => {
      if (coveredNs >= this.spanOf(tick)) {
        if (firstWhole < 0) firstWhole = tick;
        lastWhole = tick;
      } else this.#addSums(tick, tick, coveredNs / this.spanOf(tick), into);
    });
    if (firstWhole >= 0) this.#addSums(firstWhole, lastWhole, 1, into);
    return into;
  }

  #addSums(first: number, last: number, factor: number, into: Float64Array): void {
    const to = (last % this.#sumTicks) * entryCount;
    const before = ((first - 1 + this.#sumTicks) % this.#sumTicks) * entryCount;
    for (let entry = 0; entry < entryCount; entry++) {
      const begun = first === 0 ? 0 : (this.#sums[before + entry] ?? 0);
      into[entry] = (into[entry] ?? 0) + ((this.#sums[to + entry] ?? 0) - begun) * factor;
    }
  }

  #growSums(): void {
    const ticks = Math.min(maxSums, this.#sumTicks * 4);
    const wide = new Float64Array(ticks * entryCount);
    wide.set(this.#sums);
    this.#sums = wide;
    this.#sumTicks = ticks;
  }

  /** A column of a tick that comes, or is to be wider. */
  #place(tick: number, rows: number): Uint8Array {
    const length = Math.max(rowStep, Math.ceil(rows / rowStep) * rowStep);
    const at = this.#memory.allocate(length);
    this.#columnAt[tick % maxRows] = at;
    this.#columnRows[tick % maxRows] = length;
    return this.#memory.bytes(at, length);
  }

  #keep(slot: number, entries: Uint32Array | undefined): void {
    const had = this.#entriesCount[slot] ?? 0;
    const count = entries?.length ?? 0;
    this.#bytes += (count - had) * Uint32Array.BYTES_PER_ELEMENT;
    this.#entriesCount[slot] = count;
    if (entries === undefined) return;
    // What was told of the tick before has room for as many.
    if (count > had) this.#entriesAt[slot] = this.#memory.allocate(entries.byteLength);
    this.#memory.words(this.#entriesAt[slot] ?? 0, count).set(entries);
  }

  #dropBeyond(): void {
    const mostBytes = this.#isHeld ? 2 * budgetBytes : budgetBytes;
    while (this.#bytes > mostBytes && this.end - this.first > 1) this.#dropOldest();
  }

  #dropOldest(): void {
    const slot = this.first++ % maxRows;
    this.#bytes -= (this.#columnRows[slot] ?? 0) + (this.#entriesCount[slot] ?? 0) * Uint32Array.BYTES_PER_ELEMENT;
    if (this.first === this.end) return;
    const next = this.first % maxRows;
    const columnAt = this.#columnAt[next] ?? 0;
    const hasEntries = (this.#entriesCount[next] ?? 0) > 0;
    this.#memory.dropBefore(hasEntries ? Math.min(columnAt, this.#entriesAt[next] ?? 0) : columnAt);
  }
}

/** Spans beyond a quarter of a second are told in more than nanoseconds. */
export const unitOf = (spanNs: number): number => Math.max(1, Math.ceil(spanNs / timeMask));
export const entryOf = (state: number, ns: number, spanNs: number): number =>
  ((state << timeBits) | Math.min(timeMask, Math.round(ns / unitOf(spanNs)))) >>> 0;

function addAll(
  column: Uint8Array,
  entries: Uint32Array | undefined,
  spanNs: number,
  unitNs: number,
  sums: Float64Array,
): void {
  let next = 0;
  for (const cell of column) {
    const count = cell >>> 4;
    let at = cell & 15;
    let restNs = spanNs;
    if (count === seen) at += firstSeen;
    else {
      for (let n = 0; n < count; n++) {
        const entry = entries?.[next++] ?? 0;
        const ns = (entry & timeMask) * unitNs;
        sums[entry >>> timeBits] = (sums[entry >>> timeBits] ?? 0) + ns;
        restNs -= ns;
      }
    }
    sums[at] = (sums[at] ?? 0) + restNs;
  }
}
