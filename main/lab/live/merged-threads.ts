/** Threads of one engine while nobody takes frames: their newest totals and states. */
import {
  decodeThreads,
  decodeThreadStarted,
  decodeThreadStates,
  encodeThreads,
  encodeThreadStarted,
  encodeThreadStates,
  type ThreadChange,
  type ThreadStarted,
} from '../../../shared/telemetry/codec.ts';
import { pieces } from './pieces.ts';

interface ThreadTotals {
  hasEnded: boolean;
  readonly values: Map<number, number>;
}

interface StateNow {
  readonly state: number;
  readonly syscall: number;
  readonly fd: number;
  readonly sinceNs: number;
}

/** A frame of totals ends before it passes so many bytes: it is to fit into a batch. */
const totalsBytes = 60_000;
const statesPerFrame = 2500;

export class MergedThreads {
  readonly #started = new Map<number, ThreadStarted>();
  readonly #totals = new Map<number, ThreadTotals>();
  readonly #states = new Map<number, StateNow>();
  #timeNs = 0;

  takeStarted(payload: Uint8Array): void {
    const thread = decodeThreadStarted(payload);
    this.#started.set(thread.threadId, thread);
  }

  takeTotals(payload: Uint8Array): void {
    const { timeNs, threads } = decodeThreads(payload);
    this.#timeNs = Math.max(this.#timeNs, timeNs);
    for (const { threadId, hasEnded, indexes, values } of threads) {
      if (hasEnded) this.#states.delete(threadId);
      // One that began and ended unseen was never there for the reader.
      if (hasEnded && this.#started.delete(threadId)) {
        this.#totals.delete(threadId);
        continue;
      }
      const thread = this.#totals.get(threadId) ?? { hasEnded, values: new Map<number, number>() };
      thread.hasEnded = hasEnded;
      indexes.forEach((index, i) => thread.values.set(index, values[i] ?? 0));
      this.#totals.set(threadId, thread);
    }
  }

  takeStates(payload: Uint8Array): void {
    const frame = decodeThreadStates(payload);
    this.#timeNs = Math.max(this.#timeNs, frame.timeNs);
    for (let i = 0; i < frame.count; i++) {
      this.#states.set(frame.threadIds[i] ?? 0, {
        ...{ state: frame.states[i] ?? 0, syscall: frame.syscalls[i] ?? 0 },
        ...{ fd: frame.fds[i] ?? -1, sinceNs: frame.sinceNs[i] ?? 0 },
      });
    }
  }

  clear(): void {
    this.#started.clear();
    this.#totals.clear();
    this.#states.clear();
  }

  frames(): Uint8Array[] {
    return [
      ...[...this.#started.values()].map(encodeThreadStarted),
      ...this.#totalsInPieces().map((threads) => encodeThreads({ timeNs: this.#timeNs, threads })),
      ...pieces([...this.#states], statesPerFrame).map((rows) =>
        encodeThreadStates({
          ...{ timeNs: this.#timeNs, count: rows.length },
          threadIds: Uint32Array.from(rows, ([id]) => id),
          states: Uint8Array.from(rows, ([, now]) => now.state),
          syscalls: Uint16Array.from(rows, ([, now]) => now.syscall),
          fds: Int32Array.from(rows, ([, now]) => now.fd),
          sinceNs: Float64Array.from(rows, ([, now]) => now.sinceNs),
        }),
      ),
    ];
  }

  #totalsInPieces(): ThreadChange[][] {
    const cut: ThreadChange[][] = [];
    let room = 0;
    for (const [threadId, { hasEnded, values }] of this.#totals) {
      const bytes = 8 + 10 * values.size;
      if (bytes > room) {
        cut.push([]);
        room = totalsBytes;
      }
      room -= bytes;
      cut.at(-1)?.push({
        ...{ threadId, hasEnded, indexes: Uint16Array.from(values.keys()) },
        values: Float64Array.from(values.values()),
      });
    }
    return cut;
  }
}
