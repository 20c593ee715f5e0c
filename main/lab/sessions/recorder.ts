/**
 * Records a run while it runs. It never holds the run up: frames are handed over and forgotten.
 *
 * Bounded: at most `maxQueuedBytes` wait to be packed and written. Where the disk is slower than that, frames are left
 * out, the file says how many and when, and goes on with a keyframe, so that what follows is right again.
 * Durable: frames are written every second, and flushed to the disk (fdatasync) every five and at the end. A program
 * that is killed loses the last second, a machine that loses its power the last six.
 * A disk that is full or fails ends the recording with a notice and a file that opens; the run goes on.
 */
import { rm } from 'node:fs/promises';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Edit } from '../../../shared/session/edits.ts';
import { entryBytes, type SessionFrame } from '../../../shared/session/format.ts';
import { manifestSchema, type ManifestInput } from '../../../shared/session/manifest.ts';
import { StateTracker } from '../../../shared/session/state-tracker.ts';
import { monotonicNs } from '../clock.ts';
import { buildFramesChunk, buildJsonChunk } from './chunk-codec.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { fileFault, reasonOf } from './faults.ts';
import { recorderPolicy, type RecorderPolicy } from './recorder-policy.ts';
import { createSink, type SessionSink } from './session-sink.ts';
import { SummaryBuilder } from './summary-builder.ts';

export interface RecorderOptions {
  readonly path: string;
  readonly manifest: ManifestInput;
  /** The state of a lab that runs already, kept by somebody who tells it every frame before the recorder. */
  readonly tracker?: StateTracker | undefined;
  /** Recording has stopped by itself; the sentence says why and what to do. */
  readonly onFault?: ((sentence: string) => void) | undefined;
  /** What takePast() will be given begins the session, in the place of the state as it is now. */
  readonly past?: boolean | undefined;
  readonly policy?: Partial<RecorderPolicy> | undefined;
  readonly openSink?: ((path: string) => Promise<SessionSink>) | undefined;
}

/** What happened before the recording began, as a flight recorder kept it. */
export interface PastPart {
  readonly atNs: number;
  /** The state at that moment. */
  readonly keyframe: readonly SessionFrame[];
  readonly frames: readonly SessionFrame[];
}

export interface RecordingResult {
  readonly path: string;
  readonly bytes: number;
  readonly frames: number;
  /** Frames that found no room while it ran. */
  readonly lostFrames: number;
  readonly fault?: string;
}

export const keyframeOf = (tracker: StateTracker, atNs: number): SessionFrame[] =>
  [...tracker.keyframe(atNs)].map((frame) => ({ ...frame, receivedNs: atNs }));

export class SessionRecorder {
  readonly path: string;
  readonly id: string;
  readonly #writer: ChunkWriter;
  readonly #policy: RecorderPolicy;
  readonly #tracker: StateTracker;
  readonly #keepsTracker: boolean;
  readonly #summary: SummaryBuilder;
  readonly #onFault: RecorderOptions['onFault'];
  readonly #timers: NodeJS.Timeout[];
  /** Writes happen one after another, in the order in which they were asked for. */
  #writes: Promise<void> = Promise.resolve();
  #queuedBytes = 0;
  #pending: SessionFrame[] = [];
  #pendingBytes = 0;
  #sinceKeyframeBytes = 0;
  #frames = 0;
  #lostFrames = 0;
  #gap: { fromNs: number; toNs: number; frames: number; bytes: number } | undefined;
  #unsynced = false;
  #isStopped = false;
  #fault: string | undefined;

  private constructor(options: RecorderOptions, writer: ChunkWriter, id: string, startedNs: number) {
    this.path = options.path;
    this.id = id;
    this.#writer = writer;
    this.#policy = { ...recorderPolicy, ...options.policy };
    this.#tracker = options.tracker ?? new StateTracker();
    this.#keepsTracker = options.tracker === undefined;
    this.#onFault = options.onFault;
    this.#summary = new SummaryBuilder(startedNs);
    this.#timers = [
      setInterval(() => this.#seal(), this.#policy.chunkMs),
      setInterval(() => this.#enqueue(0, () => this.#sync()), this.#policy.syncMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Throws LabError where the file cannot be begun; the run is not touched by that. */
  static async start(options: RecorderOptions): Promise<SessionRecorder> {
    const manifest = manifestSchema.parse(options.manifest);
    const startedNs = manifest.started.monotonicNs;
    let sink: SessionSink | undefined;
    try {
      sink = await (options.openSink ?? createSink)(options.path);
      const writer = await ChunkWriter.begin(sink);
      await writer.append(await buildJsonChunk('manifest', manifest, { fromNs: startedNs, toNs: startedNs }));
      await writer.sync();
      const recorder = new SessionRecorder(options, writer, manifest.id, startedNs);
      if (options.tracker && !options.past) recorder.#begin(startedNs);
      return recorder;
    } catch (error) {
      // The first fault is the one to tell. A file without a manifest opens nowhere, and would take the name.
      await sink?.close().catch(() => {});
      if (sink) await rm(options.path, { force: true }).catch(() => {});
      throw fileFault(`The session ${options.path} cannot be recorded`, error);
    }
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#writer.wholeBytes;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  /** A frame, as it came. `payload` must not be changed afterwards. */
  frame(source: FrameSource, kind: number, payload: Uint8Array, receivedNs = monotonicNs()): void {
    if (this.#isStopped || this.#fault !== undefined) return;
    if (this.#keepsTracker) this.#tracker.see(source, kind, payload);
    this.#summary.see(source, kind, payload, receivedNs);
    const bytes = entryBytes(payload.length);
    if (!this.#hasRoom(bytes)) {
      this.#lose(receivedNs, bytes);
      return;
    }
    if (this.#gap) this.#endGap(receivedNs);
    this.#put({ source, kind, payload, receivedNs });
    this.#checkpointWhenDue(receivedNs);
  }

  /**
   * What happened before, in the order of time; frame() goes on where it ends. It is in memory already, so there is
   * always room for it.
   */
  takePast(parts: readonly PastPart[]): void {
    for (const [i, { atNs, keyframe, frames }] of parts.entries()) {
      if (i === 0) for (const { source, kind, payload } of keyframe) this.#summary.beginWith(source, kind, payload);
      this.#writeKeyframe(atNs, keyframe);
      for (const frame of frames) {
        this.#summary.see(frame.source, frame.kind, frame.payload, frame.receivedNs);
        this.#put(frame);
      }
      this.#seal();
    }
  }

  /** A change that a person made while it records. Resolves when it is in the file. */
  async edit(edit: Edit): Promise<void> {
    const now = monotonicNs();
    this.#enqueue(0, async () => this.#append(await buildJsonChunk('edit', edit, { fromNs: now, toNs: now })));
    await this.#writes;
  }

  /** Resolves when all chunks so far are in the file. */
  written(): Promise<void> {
    return this.#writes;
  }

  /** Resolves when the file is closed. May be called again. */
  async stop(): Promise<RecordingResult> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      for (const timer of this.#timers) clearInterval(timer);
      if (this.#fault === undefined) {
        if (this.#gap) this.#endGap(this.#gap.toNs);
        this.#seal();
        this.#summarise('all', monotonicNs());
        this.#enqueue(0, async () => {
          await this.#writer.finish();
          await this.#writer.sync();
        });
        this.#enqueue(0, () => this.#writer.close());
      }
    }
    await this.#writes;
    const fault = this.#fault === undefined ? {} : { fault: this.#fault };
    return { path: this.path, bytes: this.bytes, frames: this.#frames, lostFrames: this.#lostFrames, ...fault };
  }

  #put(frame: SessionFrame): void {
    this.#pending.push(frame);
    this.#pendingBytes += entryBytes(frame.payload.length);
    this.#frames++;
    if (this.#pendingBytes >= this.#policy.chunkBytes) this.#seal();
  }

  #hasRoom(bytes: number): boolean {
    const used = this.#queuedBytes + this.#pendingBytes + bytes;
    // Once frames are left out, it waits until half of the room is free: one gap instead of hundreds.
    return used <= (this.#gap ? this.#policy.maxQueuedBytes / 2 : this.#policy.maxQueuedBytes);
  }

  #lose(receivedNs: number, bytes: number): void {
    this.#seal();
    this.#lostFrames++;
    this.#gap ??= { fromNs: receivedNs, toNs: receivedNs, frames: 0, bytes: 0 };
    this.#gap = { ...this.#gap, toNs: receivedNs, frames: this.#gap.frames + 1, bytes: this.#gap.bytes + bytes };
  }

  #endGap(receivedNs: number): void {
    const gap = this.#gap;
    if (!gap) return;
    this.#gap = undefined;
    this.#enqueue(0, async () => this.#append(await buildJsonChunk('gap', gap, gap)));
    this.#keyframe(receivedNs);
  }

  #seal(): void {
    const frames = this.#pending;
    const first = frames[0];
    const last = frames.at(-1);
    if (!first || !last) return;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#sinceKeyframeBytes += bytes;
    this.#enqueue(bytes, async () => {
      await this.#append(await buildFramesChunk('frames', frames, { fromNs: first.receivedNs, toNs: last.receivedNs }));
    });
  }

  #checkpointWhenDue(receivedNs: number): void {
    const isDue =
      this.#summary.wholeSeconds >= this.#policy.keyframeSeconds ||
      this.#sinceKeyframeBytes >= this.#policy.keyframeBytes;
    if (!isDue) return;
    this.#seal();
    this.#summarise('whole', receivedNs);
    this.#keyframe(receivedNs);
  }

  #summarise(which: 'whole' | 'all', toNs: number): void {
    const summary = this.#summary.take(which);
    if (summary)
      this.#enqueue(0, async () => this.#append(await buildJsonChunk('summary', summary, { fromNs: toNs, toNs })));
  }

  /** In mid-run: growth is counted from the state as it is. */
  #begin(atNs: number): void {
    for (const { source, kind, payload } of this.#tracker.keyframe(atNs))
      this.#summary.beginWith(source, kind, payload);
    this.#keyframe(atNs);
  }

  #keyframe(atNs: number): void {
    this.#writeKeyframe(atNs, keyframeOf(this.#tracker, atNs));
  }

  #writeKeyframe(atNs: number, frames: readonly SessionFrame[]): void {
    this.#seal();
    this.#sinceKeyframeBytes = 0;
    const bytes = frames.reduce((sum, { payload }) => sum + entryBytes(payload.length), 0);
    if (frames.length === 0) return;
    this.#enqueue(bytes, async () => {
      await this.#append(await buildFramesChunk('keyframe', frames, { fromNs: atNs, toNs: atNs }));
    });
  }

  async #append(chunk: Uint8Array): Promise<void> {
    await this.#writer.append(chunk);
    this.#unsynced = true;
  }

  async #sync(): Promise<void> {
    if (!this.#unsynced) return;
    this.#unsynced = false;
    await this.#writer.sync();
  }

  #enqueue(bytes: number, write: () => Promise<void>): void {
    this.#queuedBytes += bytes;
    this.#writes = this.#writes
      .then(async () => {
        if (this.#fault === undefined) await write();
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => (this.#queuedBytes -= bytes));
  }

  async #fail(error: unknown): Promise<void> {
    this.#fault = `Recording to ${this.path} has stopped, as ${reasonOf(error)}. What was recorded until then is kept.`;
    for (const timer of this.#timers) clearInterval(timer);
    this.#pending = [];
    this.#pendingBytes = 0;
    // The half chunk goes, where the disk still lets it; readers stop before it in any case.
    await this.#writer.truncate().catch(() => {});
    await this.#writer.close().catch(() => {});
    this.#onFault?.(this.#fault);
  }
}
