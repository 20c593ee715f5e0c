/**
 * What a reader must know to understand the frames from here on: who serves, which threads and sockets exist, and where
 * the counters stand. Told all frames, it writes that state as ordinary frames: the keyframe of a session, and what a
 * window is told that opens in mid-run. That window also gets the moments so far; a session has them in its frames.
 */
import { frameSources, maxBatchBytes, type FrameSource } from '../contract/channels.ts';
import { decodeThreads, decodeThreadStarted, encodeThreads } from '../telemetry/codec.ts';
import type { ThreadChange } from '../telemetry/frames.ts';
import { fdFlags, frameHeaderBytes, frameKinds, recordBytes } from '../telemetry/wire.ts';

/** Not slice(): of a Node Buffer that is a view of the same bytes. */
const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

const countBytes = 16;
/** So that a frame fits into a batch with its header, and goes the fast way to a window. */
const maxFramePayloadBytes = maxBatchBytes - 64;
/** A value is an index and a f64; a thread's head is as long as one more. */
const threadEntriesPerFrame = Math.floor(maxFramePayloadBytes / 10 / 2);
/** JSON frames tell of moments, of which there are few; the oldest go where there are more. */
const mostMoments = 1000;

/** Flags that say how a socket is now; the others say what happened in one interval, and must not be told twice. */
const lastingFlags = fdFlags.waiting | fdFlags.blocked | fdFlags.writeBlocked | fdFlags.queuesKnown;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The newest record of each key, as bytes in one growing buffer, so that thousands of sockets cost no objects. */
class RecordStore {
  readonly #size: number;
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  #bytes: Uint8Array;

  constructor(size: number) {
    this.#size = size;
    this.#bytes = new Uint8Array(64 * size);
  }

  set(key: number, record: Uint8Array): void {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slots.size;
      this.#slots.set(key, slot);
      if ((slot + 1) * this.#size > this.#bytes.length) {
        const larger = new Uint8Array(2 * this.#bytes.length);
        larger.set(this.#bytes);
        this.#bytes = larger;
      }
    }
    this.#bytes.set(record, slot * this.#size);
  }

  delete(key: number): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#free.push(slot);
  }

  clear(): void {
    this.#slots.clear();
    this.#free.length = 0;
  }

  *all(): Generator<Uint8Array, void, undefined> {
    for (const slot of this.#slots.values()) {
      yield this.#bytes.subarray(slot * this.#size, (slot + 1) * this.#size);
    }
  }
}

/** Payloads of one kind with all records of a store. */
function* payloadsOf(records: Iterable<Uint8Array>, size: number, timeNs: number): Generator<Uint8Array> {
  const all = [...records];
  const recordsPerFrame = Math.floor((maxFramePayloadBytes - countBytes) / size);
  for (let from = 0; from < all.length; from += recordsPerFrame) {
    const part = all.slice(from, from + recordsPerFrame);
    const payload = new Uint8Array(countBytes + part.length * size);
    const head = view(payload);
    head.setBigUint64(0, BigInt(Math.round(timeNs)), true);
    head.setUint32(8, part.length, true);
    part.forEach((record, i) => payload.set(record, countBytes + i * size));
    yield payload;
  }
}

interface ThreadState {
  readonly started: Uint8Array;
  readonly values: Map<number, number>;
}

/** A frame of a keyframe, without its header. */
export interface StateFrame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

class SourceState {
  ready: Uint8Array | undefined;
  model: Uint8Array | undefined;
  counters: Uint8Array | undefined;
  readonly threads = new Map<number, ThreadState>();
  readonly opened = new RecordStore(recordBytes.opened);
  readonly fdStates = new RecordStore(recordBytes.fdState);
  readonly threadStates = new RecordStore(recordBytes.threadState);

  /** Its process has ended: nothing is open any more. */
  #end(): void {
    this.threads.clear();
    this.opened.clear();
    this.fdStates.clear();
    this.threadStates.clear();
  }

  see(kind: number, payload: Uint8Array): void {
    switch (kind) {
      case frameKinds.model:
        this.model = copyOf(payload);
        break;
      case frameKinds.counters:
        this.counters = copyOf(payload);
        break;
      case frameKinds.threadStarted:
        this.threads.set(decodeThreadStarted(payload).threadId, { started: copyOf(payload), values: new Map() });
        break;
      case frameKinds.threads:
        for (const change of decodeThreads(payload).threads) this.#changeThread(change);
        break;
      case frameKinds.opened:
        this.#eachRecord(payload, recordBytes.opened, (record, at) => {
          this.opened.set(4 * record.getUint32(at + 8, true) + record.getUint8(at + 16), bytesAt(record, at, 56));
        });
        break;
      case frameKinds.fdStates:
        this.#eachRecord(payload, recordBytes.fdState, (record, at) => {
          const key = 4 * record.getUint32(at, true) + record.getUint8(at + 10);
          if ((record.getUint16(at + 8, true) & fdFlags.closed) !== 0) {
            this.opened.delete(key);
            this.fdStates.delete(key);
          } else this.fdStates.set(key, bytesAt(record, at, recordBytes.fdState));
        });
        break;
      case frameKinds.threadStates:
        this.#eachRecord(payload, recordBytes.threadState, (record, at) => {
          this.threadStates.set(record.getUint32(at, true), bytesAt(record, at, recordBytes.threadState));
        });
        break;
      case frameKinds.finished:
        this.#end();
        break;
      default:
      // Nothing that lasts.
    }
  }

  #changeThread({ threadId, hasEnded, indexes, values }: ThreadChange): void {
    if (hasEnded) {
      this.threads.delete(threadId);
      this.threadStates.delete(threadId);
      return;
    }
    const thread = this.threads.get(threadId);
    indexes.forEach((index, i) => thread?.values.set(index, values[i] ?? 0));
  }

  #eachRecord(payload: Uint8Array, size: number, take: (record: DataView, at: number) => void): void {
    if (payload.length < countBytes) return;
    const records = view(payload);
    const count = Math.min(records.getUint32(8, true), Math.floor((payload.length - countBytes) / size));
    for (let i = 0; i < count; i++) take(records, countBytes + i * size);
  }

  *keyframe(timeNs: number): Generator<StateFrame, void, undefined> {
    if (this.ready) yield { kind: frameKinds.ready, payload: this.ready };
    if (this.model) yield { kind: frameKinds.model, payload: this.model };
    yield* this.rest(timeNs);
  }

  /** What is not told by a moment. */
  *rest(timeNs: number): Generator<StateFrame, void, undefined> {
    for (const { started } of this.threads.values()) yield { kind: frameKinds.threadStarted, payload: started };
    yield* this.#threadValues(timeNs);
    for (const payload of payloadsOf(this.opened.all(), recordBytes.opened, timeNs)) {
      yield { kind: frameKinds.opened, payload };
    }
    for (const payload of payloadsOf(this.#lastingFdStates(), recordBytes.fdState, timeNs)) {
      yield { kind: frameKinds.fdStates, payload };
    }
    for (const payload of payloadsOf(this.threadStates.all(), recordBytes.threadState, timeNs)) {
      yield { kind: frameKinds.threadStates, payload };
    }
    if (this.counters) yield { kind: frameKinds.counters, payload: this.counters };
  }

  *#lastingFdStates(): Generator<Uint8Array, void, undefined> {
    for (const record of this.fdStates.all()) {
      const lasting = copyOf(record);
      const fields = view(lasting);
      fields.setUint16(8, fields.getUint16(8, true) & lastingFlags, true);
      // Bytes in and out are those of one interval.
      fields.setUint32(24, 0, true);
      fields.setUint32(28, 0, true);
      yield lasting;
    }
  }

  *#threadValues(timeNs: number): Generator<StateFrame, void, undefined> {
    let part: ThreadChange[] = [];
    let entries = 0;
    const flush = (): StateFrame => {
      const frame = encodeThreads({ timeNs, threads: part });
      part = [];
      entries = 0;
      return { kind: frameKinds.threads, payload: frame.subarray(frameHeaderBytes) };
    };
    for (const [threadId, { values }] of this.threads) {
      if (values.size === 0) continue;
      const indexes = Uint16Array.from(values.keys());
      part.push({ threadId, hasEnded: false, indexes, values: Float64Array.from(values.values()) });
      entries += values.size + 1;
      if (entries > threadEntriesPerFrame) yield flush();
    }
    if (part.length > 0) yield flush();
  }
}

const bytesAt = (record: DataView, at: number, size: number): Uint8Array =>
  new Uint8Array(record.buffer, record.byteOffset + at, size);

/** Kinds that tell of a moment and are worth telling later. */
const momentKinds = new Set<number>([
  frameKinds.ready,
  frameKinds.model,
  frameKinds.mark,
  frameKinds.notice,
  frameKinds.finding,
  frameKinds.finished,
]);

export class StateTracker {
  readonly #states = new Map<FrameSource, SourceState>();
  #moments: { source: FrameSource; kind: number; payload: Uint8Array }[] = [];

  /** Throws FrameError where the payload is broken. */
  see(source: FrameSource, kind: number, payload: Uint8Array): void {
    let state = this.#states.get(source);
    if (!state || kind === frameKinds.ready) {
      // An engine that begins knows nothing of the threads, sockets and counters of the one before.
      state = new SourceState();
      this.#states.set(source, state);
      if (kind === frameKinds.ready) state.ready = copyOf(payload);
    }
    state.see(kind, payload);
    if (!momentKinds.has(kind)) return;
    this.#moments.push({ source, kind, payload: copyOf(payload) });
    if (this.#moments.length > mostMoments) this.#moments.shift();
  }

  /** The state as frames; `timeNs` is what they say of their time, where they have no older one of their own. */
  *keyframe(timeNs: number): Generator<StateFrame & { source: FrameSource }, void, undefined> {
    for (const source of frameSources) {
      for (const frame of this.#states.get(source)?.keyframe(timeNs) ?? []) yield { source, ...frame };
    }
  }

  /** As keyframe(), with all moments so far, those in which models and processes began among them. */
  *keyframeWithPast(timeNs: number): Generator<StateFrame & { source: FrameSource }, void, undefined> {
    yield* this.#moments;
    for (const source of frameSources) {
      for (const frame of this.#states.get(source)?.rest(timeNs) ?? []) yield { source, ...frame };
    }
  }

  /** Another run begins: what is known of the one before goes. */
  clear(): void {
    this.#states.clear();
    this.#moments = [];
  }
}
