/** The threads of a stretch of time in the order of their rows: those of the model, then the lab's own. */
import type { TelemetryHistory } from '../stores/history.ts';
import type { ThreadRecord } from '../stores/history-threads.ts';
import { isOfLab, threadCountParts } from '../stores/threads-of-lab.ts';

export interface OrderedThreads {
  readonly all: readonly ThreadRecord[];
  /** How many of them serve; those behind them measure and take commands. */
  readonly modelCount: number;
}

type Threads = Pick<TelemetryHistory, 'threads' | 'isWatchedFromOutside'>;

const isAlive = (thread: ThreadRecord, fromNs: number, toNs: number): boolean =>
  !(thread.startedNs > toNs) && thread.endedNs >= fromNs;

export class ThreadOrder {
  #store: TelemetryHistory['threads'] | undefined;
  #version = -1;
  #isOutside = false;
  #sorted: readonly ThreadRecord[] = [];
  #labFrom = 0;

  /** Those that lived in a stretch of time, in the order in which they began. */
  between(history: Threads, fromNs: number, toNs: number): OrderedThreads {
    this.#update(history);
    const all = this.#sorted.filter((thread) => isAlive(thread, fromNs, toNs));
    if (all.length === this.#sorted.length) return { all: this.#sorted, modelCount: this.#labFrom };
    let modelCount = 0;
    for (let i = 0; i < this.#labFrom; i++) {
      const thread = this.#sorted[i];
      if (thread !== undefined && isAlive(thread, fromNs, toNs)) modelCount++;
    }
    return { all, modelCount };
  }

  #update(history: Threads): void {
    const { threads: store, isWatchedFromOutside } = history;
    if (store === this.#store && store.version === this.#version && isWatchedFromOutside === this.#isOutside) return;
    this.#store = store;
    this.#version = store.version;
    this.#isOutside = isWatchedFromOutside;
    const sorted = [...store.byId.values()].sort((a, b) => a.threadId - b.threadId);
    const ofModel = sorted.filter(({ name }) => !isOfLab(history, name));
    this.#labFrom = ofModel.length;
    this.#sorted = [...ofModel, ...sorted.filter(({ name }) => isOfLab(history, name))];
  }
}

/** "49 threads, and 4 of the lab". */
export const threadCountWords = ({ all, modelCount }: OrderedThreads): string =>
  threadCountParts(modelCount, all.length - modelCount).join(', and ');
