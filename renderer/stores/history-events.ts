/** Event records of each thread: system calls, readiness reports, steps, coroutine runs. */
import type { Events } from '../../shared/telemetry/codec.ts';
import { SharedLogs, type LogChunk } from './rings.ts';

export interface EventColumns {
  /** When it began. */
  readonly timesNs: Float64Array;
  readonly durationsNs: Float64Array;
  readonly kinds: Uint16Array;
  readonly codes: Uint16Array;
  readonly fds: Int32Array;
  readonly results: Int32Array;
  readonly connectionIds: Uint32Array;
}

export interface EventRecord {
  readonly threadId: number;
  readonly timeNs: number;
  readonly durationNs: number;
  readonly kind: number;
  readonly code: number;
  readonly fd: number;
  readonly result: number;
  readonly connectionId: number;
}

/** Whose events: those of a connection on whichever thread, or all of a thread. */
export type EventsOf = { readonly connectionId: number } | { readonly threadId: number };

const shape = {
  rowBytes: 32,
  make: (capacity: number): EventColumns => ({
    timesNs: new Float64Array(capacity),
    durationsNs: new Float64Array(capacity),
    kinds: new Uint16Array(capacity),
    codes: new Uint16Array(capacity),
    fds: new Int32Array(capacity),
    results: new Int32Array(capacity),
    connectionIds: new Uint32Array(capacity),
  }),
};
const budgetBytes = 96 << 20;

export class EventStore {
  readonly #logs: SharedLogs<EventColumns>;
  readonly #threads = new Set<number>();
  count = 0;
  /** Events that found no room in the engine's rings. */
  dropped = 0;

  constructor(budget = budgetBytes) {
    this.#logs = new SharedLogs(shape, budget);
  }

  get byteLength(): number {
    return this.#logs.byteLength;
  }

  /** Events that were kept once and made room for newer ones. */
  get evicted(): number {
    return this.#logs.evicted;
  }

  /** What is there now stays until it is released, for a picture that is held. */
  hold(): void {
    this.#logs.hold();
  }

  release(): void {
    this.#logs.release();
  }

  take(frame: Events): void {
    this.dropped += frame.dropped;
    this.count += frame.count;
    this.#threads.add(frame.threadId);
    for (let done = 0; done < frame.count;) {
      const chunk = this.#logs.roomIn(frame.threadId);
      const some = Math.min(chunk.capacity - chunk.count, frame.count - done);
      const { columns } = chunk;
      const until = done + some;
      columns.timesNs.set(frame.timesNs.subarray(done, until), chunk.count);
      columns.durationsNs.set(frame.durationsNs.subarray(done, until), chunk.count);
      columns.kinds.set(frame.kinds.subarray(done, until), chunk.count);
      columns.codes.set(frame.codes.subarray(done, until), chunk.count);
      columns.fds.set(frame.fds.subarray(done, until), chunk.count);
      columns.results.set(frame.results.subarray(done, until), chunk.count);
      columns.connectionIds.set(frame.connectionIds.subarray(done, until), chunk.count);
      chunk.count += some;
      done = until;
    }
  }

  threadIds(): Iterable<number> {
    return this.#threads;
  }

  chunksOf(threadId: number): readonly LogChunk<EventColumns>[] {
    return this.#logs.chunksOf(threadId);
  }

  /**
   * Calls `visit` for the events of a thread that touch [fromNs, toNs], in the order in which they ended, until it
   * returns false.
   */
  visit(
    threadId: number,
    fromNs: number,
    toNs: number,
    visit: (columns: EventColumns, index: number) => boolean | undefined,
  ): void {
    let late = 0;
    for (const chunk of this.#logs.chunksOf(threadId)) {
      const { columns, count } = chunk;
      if (count === 0 || endOf(columns, count - 1) < fromNs) continue;
      for (let i = firstEnding(columns, count, fromNs); i < count; i++) {
        if ((columns.timesNs[i] ?? 0) <= toNs) {
          late = 0;
          if (visit(columns, i) === false) return;
          continue;
        }
        // A coroutine's run ends after the calls it made, so it may begin in time behind some that do not.
        if (++late > maxNested) return;
      }
    }
  }

  /** The newest events of a socket or of a thread up to a moment, newest first. */
  newestOf(whose: EventsOf, most: number, untilNs = Infinity): EventRecord[] {
    return this.nearestTo(whose, untilNs, most, untilNs).toReversed();
  }

  /**
   * The events of a socket or of a thread that are nearest to a moment, in the order in which they began: half of them
   * from before it, where there are as many on both sides. What began after `untilNs` is left out.
   */
  nearestTo(whose: EventsOf, timeNs: number, most: number, untilNs = Infinity): EventRecord[] {
    const before: EventRecord[] = [];
    const after: EventRecord[] = [];
    for (const threadId of 'threadId' in whose ? [whose.threadId] : this.#threads) {
      const connectionId = 'threadId' in whose ? undefined : whose.connectionId;
      // What ended before the moment, and what ended since: the former also began before it, the latter maybe.
      for (const record of this.#walk(threadId, timeNs, -1, { connectionId, untilNs, most })) before.push(record);
      for (const record of this.#walk(threadId, timeNs, 1, { connectionId, untilNs, most }))
        (record.timeNs <= timeNs ? before : after).push(record);
    }
    before.sort(byTime);
    after.sort(byTime);
    const half = Math.ceil(most / 2);
    const wanted = Math.max(half, most - after.length);
    const earlier = before.slice(Math.max(0, before.length - wanted));
    return [...earlier, ...after.slice(0, most - earlier.length)];
  }

  /** From a moment on, back or ahead, until there are as many as are asked for. */
  *#walk(
    threadId: number,
    timeNs: number,
    direction: -1 | 1,
    { connectionId, untilNs, most }: { connectionId: number | undefined; untilNs: number; most: number },
  ): Generator<EventRecord> {
    const chunks = this.#logs.chunksOf(threadId);
    let found = 0;
    let late = 0;
    for (const { columns, count } of direction > 0 ? chunks : chunks.toReversed()) {
      const split = firstEnding(columns, count, timeNs);
      for (let i = direction > 0 ? split : split - 1; i >= 0 && i < count; i += direction) {
        if (connectionId !== undefined && columns.connectionIds[i] !== connectionId) continue;
        if ((columns.timesNs[i] ?? 0) > untilNs) {
          if (direction < 0) continue;
          // A coroutine's run ends after the calls it made: some that end later may have begun before.
          if (++late > maxNested) return;
          continue;
        }
        yield recordAt(threadId, columns, i);
        if (++found === most) return;
      }
    }
  }
}

const byTime = (a: EventRecord, b: EventRecord): number => a.timeNs - b.timeNs;

/** Events inside one coroutine run that are looked past at the end of a window. */
const maxNested = 256;

export const endOf = (columns: EventColumns, i: number): number =>
  (columns.timesNs[i] ?? 0) + (columns.durationsNs[i] ?? 0);

function firstEnding(columns: EventColumns, count: number, timeNs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (endOf(columns, middle) < timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const recordAt = (threadId: number, columns: EventColumns, i: number): EventRecord => ({
  threadId,
  timeNs: columns.timesNs[i] ?? 0,
  durationNs: columns.durationsNs[i] ?? 0,
  kind: columns.kinds[i] ?? 0,
  code: columns.codes[i] ?? 0,
  fd: columns.fds[i] ?? 0,
  result: columns.results[i] ?? 0,
  connectionId: columns.connectionIds[i] ?? 0,
});
