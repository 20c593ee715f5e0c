/** Names of threads, steps and processes, as the frames so far have told them. */
import { countingOf, type Counting } from '../../../../shared/telemetry/counted.ts';
import { externalId } from '../../../../shared/catalogue.ts';
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { OpenedSocket, ThreadStarted } from '../../../../shared/telemetry/codec.ts';
import type { DecodedFrame, DecodedType } from './decoded-frames.ts';

export interface Step {
  readonly index: number;
  readonly line: number;
  readonly label: string;
}

/** A thread's last events may come after the word that it has ended. */
const keptAfterEndNs = 2e9;

class SourceNames {
  pid: number | undefined;
  role: string | undefined;
  model: string | undefined;
  readonly steps = new Map<number, Step>();
  readonly threads = new Map<number, ThreadStarted>();
}

export class SessionNames {
  static readonly types: readonly DecodedType[] = ['ready', 'model', 'threadStarted', 'threads'];
  readonly #sources = new Map<FrameSource, SourceNames>();
  /** In the order of time, so that memory is bounded by the threads that run and not by those that ever ran. */
  #ended: { source: FrameSource; threadId: number; atNs: number }[] = [];

  see({ type, frame, source, receivedNs }: DecodedFrame): void {
    switch (type) {
      case 'ready': {
        const names = new SourceNames();
        names.pid = frame.pid;
        names.role = frame.role;
        for (const step of frame.steps) names.steps.set(step.index, step);
        this.#sources.set(source, names);
        // A new process numbers its threads anew.
        this.#ended = this.#ended.filter((ended) => ended.source !== source);
        break;
      }
      case 'model': {
        const names = this.#of(source);
        names.model = frame.model;
        for (const step of frame.steps) names.steps.set(step.index, step);
        break;
      }
      case 'threadStarted':
        this.#of(source).threads.set(frame.threadId, frame);
        break;
      case 'threads':
        for (const { threadId, hasEnded } of frame.threads) {
          if (hasEnded) this.#ended.push({ source, threadId, atNs: receivedNs });
        }
        this.#forget(receivedNs - keptAfterEndNs);
        break;
      default:
    }
  }

  pid = (source: FrameSource): number | undefined => this.#sources.get(source)?.pid;
  model = (source: FrameSource): string | undefined => this.#sources.get(source)?.model;
  /** A server of the user's own, of which much is not known. */
  isOutside = (source: FrameSource): boolean => this.model(source) === externalId;
  /** Who counted what a process tells of itself. The clients and an upstream are the lab's own. */
  counting = (source: FrameSource): Counting => countingOf(this.model(source));
  step = (source: FrameSource, index: number): Step | undefined => this.#sources.get(source)?.steps.get(index);
  thread = (source: FrameSource, threadId: number): ThreadStarted | undefined =>
    this.#sources.get(source)?.threads.get(threadId);

  /** Of the process that has a socket, where the server has several. */
  pidOf = (source: FrameSource, { processThreadId }: OpenedSocket): number | undefined =>
    processThreadId === undefined ? undefined : this.thread(source, processThreadId)?.tid;

  #of(source: FrameSource): SourceNames {
    let names = this.#sources.get(source);
    if (!names) this.#sources.set(source, (names = new SourceNames()));
    return names;
  }

  #forget(untilNs: number): void {
    const firstKept = this.#ended.findIndex(({ atNs }) => atNs > untilNs);
    const gone = firstKept === -1 ? this.#ended : this.#ended.slice(0, firstKept);
    if (gone.length === 0) return;
    for (const { source, threadId } of gone) this.#sources.get(source)?.threads.delete(threadId);
    this.#ended = this.#ended.slice(gone.length);
  }
}
