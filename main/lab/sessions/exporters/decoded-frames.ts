/** The frames of a session for exporters, a chunk in memory at a time: of those kinds that are asked for, or as they are. */
import { ZodError } from 'zod';
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import { markSchema, modelFrameSchema, noticeSchema, readySchema } from '../../../../shared/engine-messages.ts';
import { findingSchema } from '../../../../shared/findings.ts';
import { machineFrameSchema } from '../../../../shared/machine-noise.ts';
import { chunkKinds, SessionFormatError, type SessionFrame } from '../../../../shared/session/format.ts';
import {
  decodeCounters,
  decodeEvents,
  decodeFdShares,
  decodeFdStates,
  decodeJson,
  decodeLatency,
  decodeOpened,
  decodeSwitches,
  decodeThreads,
  decodeThreadStarted,
  decodeThreadStates,
} from '../../../../shared/telemetry/codec.ts';
import { FrameError } from '../../../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../../../shared/telemetry/wire.ts';
import { LabError } from '../../errors.ts';
import type { SessionFile } from '../session-file.ts';
import { bucketsOf } from '../../../../shared/telemetry/histogram-buckets.ts';

/** Undefined: JSON of a newer writer that this program cannot make sense of. */
const decoders = {
  ready: (payload: Uint8Array) => readySchema.safeParse(decodeJson(payload)).data,
  model: (payload: Uint8Array) => modelFrameSchema.safeParse(decodeJson(payload)).data,
  mark: (payload: Uint8Array) => markSchema.safeParse(decodeJson(payload)).data,
  notice: (payload: Uint8Array) => noticeSchema.safeParse(decodeJson(payload)).data,
  finding: (payload: Uint8Array) => findingSchema.safeParse(decodeJson(payload)).data,
  machine: (payload: Uint8Array) => machineFrameSchema.safeParse(decodeJson(payload)).data,
  counters: decodeCounters,
  threadStarted: decodeThreadStarted,
  threads: decodeThreads,
  latency: (payload: Uint8Array) => {
    const latency = decodeLatency(payload);
    return { ...latency, buckets: bucketsOf(latency.encoded) };
  },
  opened: decodeOpened,
  fdShares: decodeFdShares,
  fdStates: decodeFdStates,
  threadStates: decodeThreadStates,
  switches: decodeSwitches,
  events: decodeEvents,
} as const;

export type DecodedType = keyof typeof decoders;

type Decoded<Type extends DecodedType> = NonNullable<ReturnType<(typeof decoders)[Type]>>;

export type DecodedFrame = {
  [Type in DecodedType]: {
    readonly type: Type;
    readonly frame: Decoded<Type>;
    readonly source: FrameSource;
    readonly receivedNs: number;
    /** It tells how things stood, at the start or behind a gap; nothing happened then. */
    readonly isState: boolean;
  };
}[DecodedType];

/**
 * Of frames that are decoded at once: a small part of a chunk. An event is 24 bytes in its frame, ten times that as an
 * object and again as text, and all of a batch is held until it is written.
 */
const batchBytes = 1 << 16;

export interface SessionChunk {
  readonly fromNs: number;
  /** A keyframe: how things stood. */
  readonly isState: boolean;
  readonly frames: readonly SessionFrame[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file that are done, of all. */
  readonly onProgress?: ((doneBytes: number, bytes: number) => void) | undefined;
}

/** A frame's fault, and none of the program's. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof FrameError || error instanceof SessionFormatError || error instanceof ZodError;

export class FrameReader {
  readonly session: SessionFile;
  readonly #options: ReadOptions;
  /** Frames that could not be decoded, and were left out. */
  #undecoded = 0;

  constructor(session: SessionFile, options: ReadOptions = {}) {
    this.session = session;
    this.#options = options;
  }

  get undecodedFrames(): number {
    return this.#undecoded;
  }

  /** In their order, `batchBytes` at a time. Keyframes are told where they say what no frame before has said. */
  async *batches(types: Iterable<DecodedType>): AsyncGenerator<DecodedFrame[], void, undefined> {
    const wanted = new Map<number, DecodedType>([...types].map((type) => [frameKinds[type], type]));
    for await (const { isState, frames } of this.chunks()) {
      let batch: DecodedFrame[] = [];
      let bytes = 0;
      for (const { source, kind, payload, receivedNs } of frames) {
        const type = wanted.get(kind);
        if (type === undefined) continue;
        const frame = this.#decode(type, payload);
        if (frame === undefined) {
          this.#undecoded++;
          continue;
        }
        batch.push({ type, frame, source, receivedNs, isState } as DecodedFrame);
        bytes += payload.length;
        if (bytes < batchBytes) continue;
        yield batch;
        batch = [];
        bytes = 0;
      }
      if (batch.length > 0) yield batch;
    }
  }

  /** The frames as they were received, a chunk at a time; of keyframes those that `batches` tells. */
  async *chunks(): AsyncGenerator<SessionChunk, void, undefined> {
    let isStateUnknown = true;
    let isBehindDamage = false;
    for (const place of this.session.places) {
      if (this.#options.signal?.aborted === true) {
        throw new LabError('interrupted', 'The export was interrupted, and nothing was written.');
      }
      const isState = place.kind === chunkKinds.keyframe;
      if (place.kind === chunkKinds.gap) isStateUnknown = true;
      if (place.kind !== chunkKinds.frames && !(isState && (isStateUnknown || isBehindDamage))) continue;
      const frames = await this.session.framesOf(place);
      isStateUnknown = false;
      // Of a damaged chunk nothing is left: what changed in it is told by the next keyframe, however far that is.
      if (frames.length === 0 && place.count > 0) isBehindDamage = true;
      else if (isState) isBehindDamage = false;
      yield { isState, fromNs: place.fromNs, frames };
      this.#options.onProgress?.(place.offset + place.storedBytes, this.session.bytes);
    }
  }

  /** For a consumer that decodes itself: a frame that it cannot read is left out and counted. */
  reading(take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#undecoded++;
    }
  }

  #decode<Type extends DecodedType>(type: Type, payload: Uint8Array): Decoded<Type> | undefined {
    try {
      return decoders[type](payload) as Decoded<Type> | undefined;
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}
