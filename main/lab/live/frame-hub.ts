/** Where the frames of a run pass: to everybody who listens, and, as they stand, to those who come later. */
import { frameSources, type FrameSource } from '../../../shared/contract/channels.ts';
import { encodeFrame } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import { isSnapshot, MergedFrames } from './merged-frames.ts';

export interface FrameListener {
  /** A whole frame with its header, which must not be changed. */
  take(source: FrameSource, frame: Uint8Array): void;
  /** Another run begins. */
  clear(): void;
}

export class FrameHub {
  readonly #listeners = new Set<FrameListener>();
  readonly #now = new Map<FrameSource, MergedFrames>(frameSources.map((source) => [source, new MergedFrames()]));

  /** Throws FrameError where the payload is not what its kind says. */
  publish(source: FrameSource, kind: number, payload: Uint8Array): void {
    if (isSnapshot(kind, payload)) return;
    // Latencies are of their interval, and an event of its moment: who comes later has missed them.
    const isOfItsMoment = kind === frameKinds.latency || kind === frameKinds.events || kind === frameKinds.switches;
    if (!isOfItsMoment) this.#now.get(source)?.take(kind, payload);
    const frame = encodeFrame(kind, payload);
    for (const listener of this.#listeners) listener.take(source, frame);
  }

  /** As publish(), with the header still on it. */
  publishFrame(source: FrameSource, frame: Uint8Array): void {
    const kind = new DataView(frame.buffer, frame.byteOffset).getUint16(4, true);
    this.publish(source, kind, frame.subarray(frameHeaderBytes));
  }

  /** Tells how things are now, then every frame. Returns how to end that. */
  subscribe(listener: FrameListener): () => void {
    for (const [source, now] of this.#now) {
      for (const frame of now.asOfNow()) listener.take(source, frame);
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Another run begins: what is known of the one before goes. */
  clear(): void {
    for (const now of this.#now.values()) now.clear();
    for (const listener of this.#listeners) listener.clear();
  }
}
