/** The server's threads, as far as rules ask about single ones. */
import { decodeThreads, decodeThreadStarted, decodeThreadStates } from '../../../shared/telemetry/codec.ts';
import { frameKinds, noFd } from '../../../shared/telemetry/wire.ts';

/** A thread and its counters, by their entries in the `threads` frames. */
export class ThreadNow {
  readonly values = new Map<number, number>();
  /** The fd of the system call that it is in. */
  callFd = noFd;
  /** Values at the last two bases, the older of which growth is counted from. */
  #older = new Map<number, number>();
  #newer = new Map<number, number>();

  rebase(): void {
    this.#older = this.#newer;
    this.#newer = new Map(this.values);
  }

  total(entry: number): number {
    return this.values.get(entry) ?? 0;
  }

  /** Zero where its base does not know: the thread began later, or has been seen for a moment only. */
  grew(entry: number): number {
    const now = this.values.get(entry) ?? 0;
    return this.#older.size > 0 ? now - (this.#older.get(entry) ?? 0) : 0;
  }
}

/** Bases are at least so far apart. */
const baseNs = 1e9;

export class ThreadsSeen {
  readonly #byId = new Map<number, ThreadNow>();
  #bases = { olderNs: 0, newerNs: 0, lastNs: 0 };

  get all(): ThreadNow[] {
    return [...this.#byId.values()];
  }

  /** What their growth spans: one to two seconds, as they are not remembered tick by tick; 0 until it is known. */
  get seconds(): number {
    return this.#bases.olderNs > 0 ? (this.#bases.lastNs - this.#bases.olderNs) / 1e9 : 0;
  }

  /** Fds on which threads are in a call. */
  get callFds(): Set<number> {
    return new Set(this.all.map(({ callFd }) => callFd).filter((fd) => fd !== noFd));
  }

  take(kind: number, payload: Uint8Array): void {
    if (kind === frameKinds.threadStarted) {
      this.#byId.set(decodeThreadStarted(payload).threadId, new ThreadNow());
    } else if (kind === frameKinds.threadStates) {
      const { threadIds, fds } = decodeThreadStates(payload);
      threadIds.forEach((threadId, i) => {
        const thread = this.#byId.get(threadId);
        if (thread) thread.callFd = fds[i] ?? noFd;
      });
    } else if (kind === frameKinds.threads) {
      this.#takeValues(payload);
    }
  }

  #takeValues(payload: Uint8Array): void {
    const frame = decodeThreads(payload);
    this.#bases.lastNs = frame.timeNs;
    if (frame.timeNs - this.#bases.newerNs >= baseNs) {
      this.#bases = { olderNs: this.#bases.newerNs, newerNs: frame.timeNs, lastNs: frame.timeNs };
      for (const thread of this.#byId.values()) thread.rebase();
    }
    for (const change of frame.threads) {
      const thread = this.#byId.get(change.threadId);
      change.indexes.forEach((index, i) => thread?.values.set(index, change.values[i] ?? 0));
      if (change.hasEnded) this.#byId.delete(change.threadId);
    }
  }
}
