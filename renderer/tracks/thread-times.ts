/** How long the threads of the model were in each state, over all of them: what the legend and the figures say. */
import type { TelemetryHistory } from '../stores/history.ts';
import { threadStates } from '../../shared/telemetry/wire.ts';
import { timeInStates } from './thread-states.ts';
import type { ThreadOrder } from './thread-order.ts';

/** Of whole seconds that are past the sums are kept: a legend over half a minute is read four times a second. */
const blockNs = 1e9;
/** Half an hour. */
const mostBlocks = 1800;

type Threads = Pick<TelemetryHistory, 'threads' | 'isWatchedFromOutside' | 'newestNs' | 'epoch'>;

export class ThreadTimes {
  readonly #order: ThreadOrder;
  readonly #blocks = new Map<number, Float64Array>();
  #epoch = -1;

  constructor(order: ThreadOrder) {
    this.#order = order;
  }

  /** In ns, by the index of threadStates. `settlingNs` before the newest frame states may still be told. */
  between(history: Threads, fromNs: number, toNs: number, settlingNs: number): Float64Array {
    if (history.epoch !== this.#epoch) this.#blocks.clear();
    this.#epoch = history.epoch;
    const times = new Float64Array(threadStates.length);
    const firstBlock = Math.ceil(fromNs / blockNs);
    const endBlock = Math.floor(Math.min(toNs, history.newestNs - settlingNs) / blockNs);
    if (!(endBlock > firstBlock)) return this.#add(history, fromNs, toNs, times);
    this.#add(history, fromNs, firstBlock * blockNs, times);
    for (let block = firstBlock; block < endBlock; block++) {
      this.#block(history, block).forEach((ns, state) => (times[state] = (times[state] ?? 0) + ns));
    }
    return this.#add(history, endBlock * blockNs, toNs, times);
  }

  #block(history: Threads, block: number): Float64Array {
    const known = this.#blocks.get(block);
    if (known !== undefined) return known;
    const times = this.#add(history, block * blockNs, (block + 1) * blockNs, new Float64Array(threadStates.length));
    this.#blocks.set(block, times);
    if (this.#blocks.size > mostBlocks) this.#blocks.delete(this.#blocks.keys().next().value ?? block);
    return times;
  }

  #add(history: Threads, fromNs: number, toNs: number, into: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    const { all, modelCount } = this.#order.between(history, fromNs, toNs);
    for (let i = 0; i < modelCount; i++) {
      const thread = all[i];
      if (thread !== undefined) timeInStates(history.threads, thread, fromNs, toNs, history.newestNs, into);
    }
    return into;
  }
}
