/**
 * Opens session files in threads of their own, within limits of time and memory: a file that somebody made to take both
 * costs its reader, and nobody else. A file has a short time at first; one that needs longer goes on in another thread,
 * so that those behind it wait no longer than that.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Fault } from '../../../shared/contract/channels.ts';
import type { SessionCard, SessionDetails } from '../../../shared/contract/sessions.ts';
import { LabError } from '../errors.ts';
import { detailsOf } from './card.ts';

export interface ReadRequest {
  readonly path: string;
  readonly isRecording: boolean;
  readonly wants: 'card' | 'details';
}
export type ReadAnswer =
  { readonly details: SessionDetails | { readonly card: SessionCard } } | { readonly fault: Fault };

export interface ReaderLimits {
  /** For a file among others, */
  readonly shortMs: number;
  /** and for one that needs longer: so long, */
  readonly longMs: number;
  /** and so much longer for each GiB of it. */
  readonly msPerGiB: number;
  /** Of objects; what is unpacked is bounded by the file. */
  readonly heapMiB: number;
}

const usualLimits: ReaderLimits = { shortMs: 2000, longMs: 20_000, msPerGiB: 60_000, heapMiB: 512 };

/** A thread that was not used for so long ends. */
const idleMs = 10_000;

interface Job {
  readonly request: ReadRequest;
  readonly limitMs: number;
  readonly resolve: (answer: ReadAnswer | 'late') => void;
}

/** One thread, one file at a time. */
class Lane {
  readonly #code: string;
  readonly #heapMiB: number;
  readonly #waiting: Job[] = [];
  #worker: Worker | undefined;
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(code: string, heapMiB: number) {
    this.#code = code;
    this.#heapMiB = heapMiB;
  }

  /** 'late' where it took longer than its limit. */
  read(request: ReadRequest, limitMs: number): Promise<ReadAnswer | 'late'> {
    return new Promise((resolve) => {
      this.#waiting.push({ request, limitMs, resolve });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    clearTimeout(this.#timer);
    const job = this.#waiting.shift();
    if (!job) {
      this.#timer = setTimeout(() => this.#drop(), idleMs).unref();
      return;
    }
    this.#current = job;
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    this.#timer = setTimeout(() => this.#fail('late'), job.limitMs);
    worker.postMessage(job.request);
  }

  #start(): Worker {
    // From its text: within an archive of Electron's there is no file that a thread could be started from.
    const resourceLimits = { maxOldGenerationSizeMb: this.#heapMiB };
    const worker = new Worker(this.#code, { eval: true, resourceLimits });
    worker.on('message', (answer: ReadAnswer) => {
      if (worker === this.#worker) this.#end(answer);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (worker !== this.#worker) return;
      const { path } = this.#current?.request ?? { path: '' };
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const why = isMemory ? `would take more than ${this.#heapMiB} MiB of memory` : `failed (${error.message})`;
      this.#fail({ fault: { kind: 'bad-input', sentence: `${basename(path)} is damaged: reading it ${why}.` } });
    });
    return worker;
  }

  /** The thread is of no use any more. */
  #fail(answer: ReadAnswer | 'late'): void {
    this.#drop();
    this.#end(answer);
  }

  #end(answer: ReadAnswer | 'late'): void {
    const job = this.#current;
    if (!job) return;
    this.#current = undefined;
    this.#worker?.unref();
    job.resolve(answer);
    this.#next();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}

/** Beside a bundle of this program lies that of the thread; the sources have none. */
export function readerScript(bundleFolder: string | undefined): string | undefined {
  if (bundleFolder === undefined) return undefined;
  try {
    return readFileSync(join(bundleFolder, 'session-reader.cjs'), 'utf8');
  } catch {
    return undefined;
  }
}

export class SessionReader {
  readonly #lanes: { readonly short: Lane; readonly long: Lane } | undefined;
  readonly #limits: ReaderLimits;
  #here: Promise<unknown> = Promise.resolve();

  /** `code` is the thread's program; without it files are opened in this thread, with no limits but their own. */
  constructor(code: string | undefined, limits: ReaderLimits = usualLimits) {
    this.#limits = limits;
    const lane = (script: string): Lane => new Lane(script, limits.heapMiB);
    this.#lanes = code === undefined ? undefined : { short: lane(code), long: lane(code) };
  }

  /** Throws LabError. */
  async card(path: string, isRecording = false): Promise<SessionCard> {
    return (await this.#read({ path, isRecording, wants: 'card' })).card;
  }

  /** Throws LabError. */
  async details(path: string, isRecording = false): Promise<SessionDetails> {
    return (await this.#read({ path, isRecording, wants: 'details' })) as SessionDetails;
  }

  /** One after another, as in a thread. */
  #readHere({ path, isRecording }: ReadRequest): Promise<SessionDetails> {
    const reading = this.#here.then(() => detailsOf(path, isRecording));
    this.#here = reading.catch(() => {}); // told to whoever asked
    return reading;
  }

  async #read(request: ReadRequest): Promise<SessionDetails | { readonly card: SessionCard }> {
    if (!this.#lanes) return this.#readHere(request);
    let answer = await this.#lanes.short.read(request, this.#limits.shortMs);
    const { size, blocks } = statSync(request.path, { throwIfNoEntry: false }) ?? { size: 0, blocks: 0 };
    // What is not on the disk was never written: a file of holes is as long as somebody likes.
    const bytes = Math.min(size, blocks * 512);
    const longMs = Math.round(this.#limits.longMs + (bytes / 2 ** 30) * this.#limits.msPerGiB);
    if (answer === 'late') answer = await this.#lanes.long.read(request, longMs);
    if (answer === 'late') {
      const seconds = Math.round(longMs / 1000);
      throw new LabError(
        'bad-input',
        `${basename(request.path)} could not be read within ${seconds} s: it is damaged.`,
      );
    }
    if ('fault' in answer) throw new LabError(answer.fault.kind, answer.fault.sentence);
    return answer.details;
  }
}
