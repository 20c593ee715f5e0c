/** Columns of socket states folded to the lines of a picture: where rows share a line, the state that matters most wins. */
import { maxRows } from '../stores/series.ts';
import { shownOf, socketStates, type SocketStore } from '../stores/history-sockets.ts';

/** Which rows are on which line: `order` from `first` to `end`, spread over `lines`. */
export interface Folding {
  readonly order: Uint32Array;
  readonly first: number;
  readonly end: number;
  readonly lines: number;
}

/** The first place, and one past the last, of a line. */
export function placesOf(folding: Omit<Folding, 'order'>, line: number): { first: number; end: number } {
  const count = folding.end - folding.first;
  // Multiplied first: a share of a line is no round number, and the last row would be lost.
  const first = folding.first + Math.floor((line * count) / folding.lines);
  return { first, end: Math.max(first + 1, folding.first + Math.floor(((line + 1) * count) / folding.lines)) };
}

/** How much of a line is in the state that it shows; a byte of a fold is `state * shares.length + share`. */
export const shares = [0, 0.06, 0.25, 0.6] as const;
const fullShare = shares.length - 1;

export const stateOfFold = (folded: number): number => Math.floor(folded / shares.length);

/** Of folded bytes the greater one matters more: by its state, then by its share. */
export function fold(column: Uint8Array, folding: Folding, into: Uint8Array): void {
  const { order, first, end, lines } = folding;
  into.fill(0);
  if (end === first) return;
  if (end - first <= lines) {
    for (let i = 0; i < end - first; i++) {
      into[i] = shownOf(column[order[first + i] ?? 0] ?? 0) * shares.length + fullShare;
    }
    return;
  }
  let from = first;
  for (let line = 0; line < lines; line++) {
    const { end: to } = placesOf(folding, line);
    let worst = 0;
    let count = 0;
    for (let place = from; place < to; place++) {
      const state = shownOf(column[order[place] ?? 0] ?? 0);
      if (state > worst) {
        worst = state;
        count = 1;
      } else if (state === worst) count++;
    }
    const part = count / (to - from);
    let share = fullShare;
    while (part < (shares[share] ?? 0)) share--;
    into[line] = worst * shares.length + share;
    from = to;
  }
}

/** Folded columns by tick, so that a zoom does not fold them all again. The newest tick may still change. */
export class FoldCache {
  readonly #columns: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(maxRows);
  readonly #ticks = new Int32Array(maxRows).fill(-1);
  #scratch: Uint8Array = new Uint8Array(0);

  clear(): void {
    this.#ticks.fill(-1);
  }

  at(store: SocketStore, tick: number, folding: Folding): Uint8Array {
    const slot = tick % maxRows;
    const isNewest = tick >= store.ticks.end - 1;
    const kept = this.#columns[slot];
    if (!isNewest && kept !== undefined && this.#ticks[slot] === tick) return kept;
    let into = isNewest ? this.#scratch : kept;
    if (into?.length !== folding.lines) into = new Uint8Array(folding.lines);
    fold(store.ticks.column(tick) ?? new Uint8Array(0), folding, into);
    if (isNewest) this.#scratch = into;
    else {
      this.#columns[slot] = into;
      this.#ticks[slot] = tick;
    }
    return into;
  }
}

/** How many sockets are in each state at a tick, counted once. */
export class StateCounts {
  readonly #counts = new Uint32Array(maxRows * socketStates.length);
  readonly #ticks = new Int32Array(maxRows).fill(-1);
  #store: SocketStore | undefined;

  at(store: SocketStore, tick: number): Uint32Array {
    if (this.#store !== store) {
      this.#store = store;
      this.#ticks.fill(-1);
    }
    const slot = tick % maxRows;
    const counts = this.#counts.subarray(slot * socketStates.length, (slot + 1) * socketStates.length);
    if (this.#ticks[slot] === tick) return counts;
    counts.fill(0);
    const column = store.ticks.column(tick);
    if (column === undefined) return counts;
    for (const cell of column) counts[shownOf(cell)] = (counts[shownOf(cell)] ?? 0) + 1;
    if (tick < store.ticks.end - 1) this.#ticks[slot] = tick;
    return counts;
  }
}
