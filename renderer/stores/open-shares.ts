/** Times in states of the tick that is being told, by row, until they are packed as `TickShares` keeps them. */
import type { FdShares } from '../../shared/telemetry/codec.ts';
import { shareNames } from '../../shared/telemetry/wire.ts';
import { firstShare, stateCode, timedCount } from './socket-states.ts';
import { entryOf, rowStep } from './tick-shares.ts';

const shareCount = shareNames.length;
/** What a rounded time may be wrong by is no state. */
const leastNs = 0.5;

export class OpenShares {
  #ns = new Float64Array(rowStep * shareCount);
  #has = new Uint8Array(rowStep);
  /** One past the highest row that has times. */
  #end = 0;
  #entries = new Uint32Array(1024);
  #times = new Float64Array(timedCount);

  clear(): void {
    this.#ns.fill(0, 0, this.#end * shareCount);
    this.#has.fill(0, 0, this.#end);
    this.#end = 0;
  }

  has(row: number): boolean {
    return this.#has[row] === 1;
  }

  /** Of connections that had a row one after the other the times add up. */
  add(row: number, frame: FdShares, record: number): void {
    if (row >= this.#has.length) this.#widen(row);
    this.#has[row] = 1;
    if (row >= this.#end) this.#end = row + 1;
    const ns = this.#ns;
    const to = row * shareCount;
    const from = record * shareCount;
    for (let share = 0; share < shareCount; share++)
      ns[to + share] = (ns[to + share] ?? 0) + (frame.ns[from + share] ?? 0);
  }

  /** Sets the cells of the rows that have times, and returns their entries, which are valid until the next call. */
  pack(column: Uint8Array, spanNs: number): Uint32Array | undefined {
    let used = 0;
    for (let row = 0; row < this.#end; row++) {
      if (this.#has[row] !== 1) continue;
      if (used + timedCount > this.#entries.length) this.#growEntries();
      const begin = used;
      const rest = this.#timesOf(row, spanNs);
      for (let state = 0; state < timedCount; state++) {
        const ns = this.#times[state] ?? 0;
        if (state !== rest && ns >= leastNs) this.#entries[used++] = entryOf(state, ns, spanNs);
      }
      column[row] = ((used - begin) << 4) | rest;
    }
    return used === 0 ? undefined : this.#entries.subarray(0, used);
  }

  /** Fills in the times of a row, with the rest of the span as `none`; returns the state that has most of it. */
  #timesOf(row: number, spanNs: number): number {
    const times = this.#times;
    let none = spanNs;
    let rest: number = stateCode.none;
    let most = 0;
    for (let share = 0; share < shareCount; share++) {
      const ns = this.#ns[row * shareCount + share] ?? 0;
      times[firstShare + share] = ns;
      none -= ns;
      if (ns <= most) continue;
      most = ns;
      rest = firstShare + share;
    }
    times[stateCode.none] = Math.max(0, none);
    return none > most ? stateCode.none : rest;
  }

  #growEntries(): void {
    const wide = new Uint32Array(this.#entries.length * 2);
    wide.set(this.#entries);
    this.#entries = wide;
  }

  #widen(row: number): void {
    const rows = Math.max(2 * this.#has.length, row + 1);
    const ns = new Float64Array(rows * shareCount);
    ns.set(this.#ns);
    this.#ns = ns;
    const has = new Uint8Array(rows);
    has.set(this.#has);
    this.#has = has;
  }
}
