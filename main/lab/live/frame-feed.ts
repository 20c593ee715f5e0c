/**
 * One reader's frames, sent as batches for as long as it gives credit. A reader that is slow or hidden costs bounded
 * memory: a short backlog is kept as it is, a longer one is merged.
 */
import { frameSources, maxBatchBytes, type FrameSource } from '../../../shared/contract/channels.ts';
import { frameHeaderBytes } from '../../../shared/telemetry/wire.ts';
import { MergedFrames } from './merged-frames.ts';

/** Some seconds of a usual run. */
const maxBacklogBytes = 256 * 1024;
/** More than a reader can have asked for in good faith. */
const maxCreditBytes = 16 * 1024 * 1024;

/** A reader that gives no credit for so long is away: nobody waits for it any more. */
const patienceMs = 2000;

const kindOf = (frame: Uint8Array): number => (frame[4] ?? 0) | ((frame[5] ?? 0) << 8);

export class FrameFeed {
  readonly #send: (batch: Uint8Array) => void;
  readonly #hasRoom: () => boolean;
  readonly #merged = new Map<FrameSource, MergedFrames>();
  #backlog: { readonly source: FrameSource; readonly frame: Uint8Array }[] = [];
  #backlogBytes = 0;
  #creditBytes = 0;
  #flush: NodeJS.Immediate | undefined;
  #isClosed = false;
  #isSending = false;
  #taken: (() => void)[] = [];
  #isAway = false;

  /**
   * `send` gets batches as channels.ts describes them; it may keep them. While there is no room for what it was given, it
   * gets none, whatever the credit: `goOn` is called when there is.
   */
  constructor(send: (batch: Uint8Array) => void, hasRoom: () => boolean = () => true) {
    this.#send = send;
    this.#hasRoom = hasRoom;
  }

  /** A whole frame with its header, which must not change any more. */
  take(source: FrameSource, frame: Uint8Array): void {
    if (this.#isClosed) return;
    this.#backlog.push({ source, frame });
    this.#backlogBytes += frame.length;
    if (this.#merged.size > 0 || (!this.#maySend && this.#backlogBytes > maxBacklogBytes)) this.#merge();
    else this.#flush ??= setImmediate(() => this.#sendBacklog());
  }

  credit(bytes: number): void {
    if (this.#isClosed) return;
    this.#creditBytes = Math.min(this.#creditBytes + bytes, maxCreditBytes);
    this.#isAway = false;
    this.goOn();
  }

  /** There is credit or room again. */
  goOn(): void {
    if (this.#isClosed || !this.#maySend) return;
    if (this.#merged.size > 0) this.#unmerge();
    this.#sendBacklog();
  }

  get #maySend(): boolean {
    return this.#creditBytes > 0 && this.#hasRoom();
  }

  /** Resolves when all is sent, when the reader turns out to be away, and when another run begins. */
  async whenTaken(): Promise<void> {
    if (this.#isAway || this.#backlogBytes === 0) return;
    let impatient: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#taken.push(resolve);
      impatient = setTimeout(() => {
        this.#isAway = true;
        this.#tellTaken();
      }, patienceMs);
    });
    clearTimeout(impatient);
  }

  /** Forgets what was not sent yet: another run begins. */
  clear(): void {
    this.#merged.clear();
    this.#backlog = [];
    this.#backlogBytes = 0;
    this.#tellTaken();
  }

  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#flush);
    this.clear();
  }

  #merge(): void {
    for (const { source, frame } of this.#backlog) {
      let merged = this.#merged.get(source);
      if (!merged) this.#merged.set(source, (merged = new MergedFrames()));
      merged.take(kindOf(frame), frame.subarray(frameHeaderBytes));
    }
    this.#backlog = [];
    this.#backlogBytes = 0;
  }

  /** What was merged comes before what came since. */
  #unmerge(): void {
    const merged = [...this.#merged].flatMap(([source, frames]) => frames.drain().map((frame) => ({ source, frame })));
    this.#merged.clear();
    this.#backlog = [...merged, ...this.#backlog];
    this.#backlogBytes = this.#backlog.reduce((sum, { frame }) => sum + frame.length, 0);
  }

  #sendBacklog(): void {
    // A wire that takes a message at once may give room, and so ask for more, within `send`: the loop below sees it.
    if (this.#isSending) return;
    this.#isSending = true;
    clearImmediate(this.#flush);
    this.#flush = undefined;
    let sent = 0;
    try {
      while (this.#maySend && sent < this.#backlog.length) {
        const batch = this.#batchFrom(sent);
        sent += batch.frames;
        this.#creditBytes -= batch.bytes.length;
        this.#backlogBytes -= batch.bytes.length - 1;
        this.#send(batch.bytes);
      }
    } finally {
      this.#backlog.splice(0, sent);
      this.#isSending = false;
    }
    if (this.#backlog.length === 0) this.#tellTaken();
  }

  #tellTaken(): void {
    const waiting = this.#taken;
    this.#taken = [];
    for (const resolve of waiting) resolve();
  }

  /** Frames of one source, as many as fit; the first in any case. */
  #batchFrom(first: number): { frames: number; bytes: Uint8Array } {
    const source = this.#backlog[first]?.source ?? 'lab';
    let length = 1;
    let end = first;
    for (let next = this.#backlog[end]; next?.source === source; next = this.#backlog[++end]) {
      if (end > first && length + next.frame.length > maxBatchBytes) break;
      length += next.frame.length;
    }
    const bytes = new Uint8Array(length);
    bytes[0] = frameSources.indexOf(source);
    let offset = 1;
    for (const { frame } of this.#backlog.slice(first, end)) {
      bytes.set(frame, offset);
      offset += frame.length;
    }
    return { frames: end - first, bytes };
  }
}
