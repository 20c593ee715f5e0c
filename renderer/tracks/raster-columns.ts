/** What each line of the raster has in each column: how long its rows were in which state. */
import type { SocketStore } from '../stores/history-sockets.ts';
import { entryCount } from '../stores/socket-states.ts';
import type { ExactSlices } from './socket-slices.ts';

/** Ticks whose lines are kept, so that a zoom does not add up all rows again. */
const keptTicks = 2048;
/** Fewer rows a line are added up sooner than they are found. */
const worthKeeping = 4;

/** Time in each entry of `socket-states.ts` on each line during a tick, in ns. */
export class LineTimes {
  readonly #kept: (Float32Array | undefined)[] = [];
  readonly #ticks = new Int32Array(keptTicks).fill(-1);
  #scratch = new Float32Array(0);
  #scratchTick = -1;
  #scratchVersion = -1;

  clear(): void {
    this.#ticks.fill(-1);
    this.#scratchTick = -1;
    this.#kept.length = 0;
  }

  /** `version` grows with everything that is told; the newest tick may still change. */
  at(store: SocketStore, tick: number, lineOf: Int32Array, lines: number, version: number): Float32Array {
    const slot = tick % keptTicks;
    const kept = this.#kept[slot];
    if (this.#ticks[slot] === tick && kept !== undefined) return kept;
    const size = lines * entryCount;
    const isNewest = tick >= store.ticks.end - 1;
    if (isNewest || lineOf.length < lines * worthKeeping) {
      if (this.#scratchTick === tick && this.#scratchVersion === version) return this.#scratch;
      if (this.#scratch.length === size) this.#scratch.fill(0);
      else this.#scratch = new Float32Array(size);
      store.ticks.addTo(tick, lineOf, this.#scratch);
      this.#scratchTick = tick;
      this.#scratchVersion = version;
      return this.#scratch;
    }
    const times = kept?.length === size ? kept.fill(0) : new Float32Array(size);
    store.ticks.addTo(tick, lineOf, times);
    this.#kept[slot] = times;
    this.#ticks[slot] = tick;
    return times;
  }
}

export interface RasterColumns {
  readonly store: SocketStore;
  readonly version: number;
  readonly columnNs: number;
  readonly lines: number;
  readonly lineOf: Int32Array;
  /** Of those that a sum over cells has, the first so many are weighed: those of times, or those of looks as well. */
  readonly states: number;
  readonly times: LineTimes;
  /** Where each line is a row, and events say when within a tick it was what: the row of each line. */
  readonly exact?: { readonly slices: ExactSlices; readonly rowOf: Uint32Array } | undefined;
}

/** As `ShareLines.weigh`. */
export function weighSockets(raster: RasterColumns, first: number, count: number, weights: Float32Array): void {
  const { store, columnNs, lines, lineOf, states, times, version, exact } = raster;
  const { ticks } = store;
  for (let i = 0; i < count; i++) {
    const fromNs = (first + i) * columnNs;
    ticks.visit(fromNs, fromNs + columnNs, (tick, coveredNs) => {
      const line = times.at(store, tick, lineOf, lines, version);
      const share = coveredNs / ticks.spanOf(tick);
      const beginNs = Math.max(fromNs, ticks.beginOf(tick));
      const endNs = Math.min(fromNs + columnNs, ticks.timeOf(tick));
      for (let n = 0, from = 0, at = i * states; from < line.length; n++, from += entryCount, at += count * states) {
        if (exact?.slices.weigh(exact.rowOf[n] ?? 0, tick, beginNs, endNs, weights, at) === true) continue;
        for (let state = 0; state < states; state++) {
          weights[at + state] = (weights[at + state] ?? 0) + (line[from + state] ?? 0) * share;
        }
      }
    });
  }
}
