/** Where the frames of a run pass: to everybody who listens, and, as they stand, to those who come later. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import { StateTracker } from '../../../shared/session/state-tracker.ts';
import { answersSnapshot, encodeFrame } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import { monotonicNs } from '../clock.ts';

export interface FrameListener {
  /** A whole frame with its header, which must not be changed. */
  take(source: FrameSource, frame: Uint8Array): void;
  /** What was told so far is void: another run begins, or another moment of a session. */
  clear(): void;
  /** Resolves when it has room for more. */
  whenTaken?(): Promise<void>;
}

export class FrameHub {
  readonly #listeners = new Set<FrameListener>();
  /** Told every frame before the listeners are. */
  readonly state = new StateTracker();

  /** Throws FrameError where the payload is not what its kind says. */
  publish(source: FrameSource, kind: number, payload: Uint8Array): void {
    if (kind === frameKinds.counters && answersSnapshot(payload)) return;
    this.state.see(source, kind, payload);
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
    for (const { source, kind, payload } of this.state.keyframeWithPast(monotonicNs())) {
      listener.take(source, encodeFrame(kind, payload));
    }
    return this.follow(listener);
  }

  /** Tells every frame from now on. Returns how to end that. */
  follow(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when every listener has room for more. Live frames wait for nobody; those of a session can. */
  async whenTaken(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.whenTaken?.() ?? Promise.resolve()));
  }

  /** Another run begins, or another moment of a session: what is known goes. */
  clear(): void {
    this.state.clear();
    for (const listener of this.#listeners) listener.clear();
  }
}
