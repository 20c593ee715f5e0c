/**
 * Plays a session back through the very path that live frames take: a function (source, kind, payload).
 *
 * A seek tells the consumer to forget, gives it the keyframe before the moment, and then, at once, the frames up to the
 * moment: so counters have their baseline, sockets and threads exist, and the tracks have their past. `historyMs` is how
 * much of that past is given where the session has it.
 */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { SessionFrame } from '../../../shared/session/format.ts';
import type { SessionFile } from './session-file.ts';

export type FrameConsumer = (source: FrameSource, kind: number, payload: Uint8Array) => void;

export interface ReplayState {
  readonly isPlaying: boolean;
  /** Seconds of the session for each second of the viewer. */
  readonly speed: number;
  readonly positionNs: number;
  readonly startedNs: number;
  readonly endedNs: number;
  /** Grows with every seek: what was drawn from frames of an older epoch is not of this timeline. */
  readonly epoch: number;
}

export interface ReplayHooks {
  readonly onFrame: FrameConsumer;
  /** All that was fed so far is void: a keyframe and a new past follow. */
  readonly onReset: () => void;
  readonly onState?: ((state: ReplayState) => void) | undefined;
  /** What cannot be read any more; the replay is paused then. */
  readonly onFault?: ((error: unknown) => void) | undefined;
  /** Resolves when what was fed so far has been taken, so that a long past does not pile up. */
  readonly whenTaken?: (() => Promise<void>) | undefined;
}

export const replaySpeeds = { slowest: 0.1, fastest: 10 } as const;

/** As often as live frames come. */
const tickMs = 50;
/** So much is fed before it asks whether it has been taken. */
const fedAtOnceBytes = 128 * 1024;
/** The state is told so often while it plays. */
const stateMs = 200;

export class Replayer {
  readonly #session: SessionFile;
  readonly #hooks: ReplayHooks;
  readonly #historyNs: number;
  #speed = 1;
  #isPlaying = false;
  #positionNs: number;
  #epoch = 0;
  /** Frames from the position on. */
  #source: AsyncGenerator<SessionFrame[], void, undefined> | undefined;
  #batch: SessionFrame[] = [];
  #at = 0;
  /** Work on the file is done one after another: a seek waits for the tick before it. */
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #toldAt = 0;
  #isClosed = false;
  /** Seeks that have been asked for and not begun: only the last is worth doing. */
  #wantedSeek = 0;
  /** Of the last of them, until it is there. */
  #aimNs: number | undefined;

  constructor(session: SessionFile, hooks: ReplayHooks, historyMs = 60_000) {
    this.#session = session;
    this.#hooks = hooks;
    this.#historyNs = historyMs * 1e6;
    this.#positionNs = session.startedNs;
  }

  get state(): ReplayState {
    return {
      ...{ isPlaying: this.#isPlaying, speed: this.#speed, positionNs: this.#positionNs, epoch: this.#epoch },
      ...{ startedNs: this.#session.startedNs, endedNs: this.#session.endedNs },
    };
  }

  /** The position, or that of a seek which has not ended yet. */
  get aimNs(): number {
    return this.#aimNs ?? this.#positionNs;
  }

  /** From the end it begins anew. Resolves when it plays. */
  async play(): Promise<void> {
    if (this.#isClosed || this.#isPlaying) return;
    if (this.#source === undefined || this.#positionNs >= this.#session.endedNs) await this.seek(this.#startOfPlay());
    this.#isPlaying = true;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tell();
  }

  pause(): void {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    clearInterval(this.#timer);
    this.#tell();
  }

  /** Held to 0.1 to 10. */
  setSpeed(speed: number): void {
    this.#advanceClock();
    this.#speed = Math.min(replaySpeeds.fastest, Math.max(replaySpeeds.slowest, speed));
    this.#tell();
  }

  /** Held to the session's time. Resolves when the consumer has the state of that moment. */
  async seek(timeNs: number): Promise<void> {
    const wanted = ++this.#wantedSeek;
    const { startedNs, endedNs } = this.#session;
    const target = Math.min(endedNs, Math.max(startedNs, timeNs));
    this.#aimNs = target;
    await this.#inTurn(async () => {
      if (wanted !== this.#wantedSeek) return;
      // A recording that was begun in the middle of a run opens with the state that it found.
      const keyframe = await this.#session.keyframeBefore(Math.max(startedNs, target - this.#historyNs));
      const fromNs = keyframe?.atNs ?? startedNs;
      this.#epoch++;
      this.#hooks.onReset();
      for (const frame of keyframe?.frames ?? []) this.#feed(frame);
      this.#source = this.#session.batches({ fromNs });
      this.#batch = [];
      this.#at = 0;
      await this.#feedUntil(target, () => wanted !== this.#wantedSeek || this.#isClosed);
      this.#positionNs = target;
      this.#tickedAt = performance.now();
    }).finally(() => {
      if (wanted === this.#wantedSeek) this.#aimNs = undefined;
    });
    this.#tell();
  }

  async close(): Promise<void> {
    this.pause();
    this.#isClosed = true;
    await this.#work.catch(() => {}); // a fault has been told to whoever asked for that work
  }

  #startOfPlay(): number {
    return this.#positionNs >= this.#session.endedNs ? this.#session.startedNs : this.#positionNs;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.catch(() => {}).then(work);
    this.#work = turn;
    return turn;
  }

  #advanceClock(): void {
    const now = performance.now();
    if (this.#isPlaying) this.#positionNs += (now - this.#tickedAt) * 1e6 * this.#speed;
    this.#tickedAt = now;
  }

  #tick(): void {
    this.#inTurn(async () => {
      if (!this.#isPlaying) return;
      this.#advanceClock();
      const { endedNs } = this.#session;
      await this.#feedUntil(Math.min(this.#positionNs, endedNs), () => this.#isClosed);
      if (this.#positionNs >= endedNs) {
        this.#positionNs = endedNs;
        this.pause();
      } else if (performance.now() - this.#toldAt >= stateMs) this.#tell();
    }).catch((error: unknown) => {
      this.pause();
      this.#hooks.onFault?.(error);
    });
  }

  async #feedUntil(timeNs: number, isVoid: () => boolean): Promise<void> {
    let fedBytes = 0;
    while (!isVoid()) {
      const frame = this.#batch[this.#at];
      if (frame === undefined) {
        const next = await this.#source?.next();
        if (!next || next.done === true) return;
        this.#batch = next.value;
        this.#at = 0;
        continue;
      }
      if (frame.receivedNs > timeNs) return;
      this.#at++;
      this.#feed(frame);
      fedBytes += frame.payload.length;
      if (fedBytes < fedAtOnceBytes) continue;
      fedBytes = 0;
      await this.#hooks.whenTaken?.();
    }
  }

  #feed({ source, kind, payload }: SessionFrame): void {
    this.#hooks.onFrame(source, kind, payload);
  }

  #tell(): void {
    this.#toldAt = performance.now();
    this.#hooks.onState?.(this.state);
  }
}
