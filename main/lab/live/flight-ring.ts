/** The last seconds of frames, each part beginning with the state that its frames build on. Bounded in time and bytes. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { SessionFrame } from '../../../shared/session/format.ts';
import type { StateTracker } from '../../../shared/session/state-tracker.ts';
import { keyframeOf, type PastPart } from '../sessions/recorder.ts';

const mostBytes = 64 << 20;
/** Parts go as a whole: the more there are, the less is held beyond what was asked for, and the more states. */
const partsHeld = 4;
const mostPartBytes = mostBytes / 8;

interface Part extends PastPart {
  readonly keyframe: readonly SessionFrame[];
  readonly frames: SessionFrame[];
  bytes: number;
}

const bytesOf = (frames: readonly SessionFrame[]): number =>
  frames.reduce((sum, { payload }) => sum + payload.length, 0);

export class FlightRing {
  readonly #state: StateTracker;
  readonly #heldNs: number;
  readonly #partNs: number;
  #parts: Part[] = [];
  #lastNs = 0;

  /** `state` has been told a frame before take() is. */
  constructor(state: StateTracker, heldSeconds: number) {
    this.#state = state;
    this.#heldNs = heldSeconds * 1e9;
    this.#partNs = this.#heldNs / partsHeld;
  }

  get parts(): readonly PastPart[] {
    return this.#parts;
  }
  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  get seconds(): number {
    return this.#parts[0] ? (this.#lastNs - this.#parts[0].atNs) / 1e9 : 0;
  }

  take(source: FrameSource, kind: number, payload: Uint8Array, receivedNs: number): void {
    this.#lastNs = receivedNs;
    const last = this.#parts.at(-1);
    if (last && receivedNs - last.atNs < this.#partNs && last.bytes < mostPartBytes) {
      last.frames.push({ source, kind, payload, receivedNs });
      last.bytes += payload.length;
      return;
    }
    // The state has this frame in it already; to be told something twice changes nothing, to miss what happened would.
    const keyframe = keyframeOf(this.#state, receivedNs);
    const frames = [{ source, kind, payload, receivedNs }];
    this.#parts.push({ atNs: receivedNs, keyframe, frames, bytes: bytesOf(keyframe) + payload.length });
    this.#drop(receivedNs);
  }

  clear(): void {
    this.#parts = [];
  }

  #drop(nowNs: number): void {
    while (this.#parts.length > 1) {
      const second = this.#parts[1];
      const isEnough = second !== undefined && nowNs - second.atNs >= this.#heldNs;
      if (!isEnough && this.bytes <= mostBytes) return;
      this.#parts.shift();
    }
  }
}
