/** Exports that go on and have a name: how much of each is done, and their cancelling. */
import { EventEmitter } from 'node:events';
import { LabError } from '../../errors.ts';
import type { exportFromLibrary, LibraryExport } from './from-library.ts';
import type { ExportResult } from './index.ts';

export interface ExportProgress {
  readonly job: string;
  /** 0 to 1. */
  readonly share: number;
}

/** A bar moves by no less than that. */
const leastShare = 0.005;

/** Formats and their libraries are a seventh of the program, and most who start it export nothing. */
const load: typeof exportFromLibrary = async (...what) =>
  (await import('./from-library.ts')).exportFromLibrary(...what);

export class ExportJobs {
  readonly #library: Parameters<typeof exportFromLibrary>[0];
  readonly #running = new Map<string, { readonly controller: AbortController; readonly ended: Promise<unknown> }>();
  readonly #told = new EventEmitter<{ progress: [ExportProgress] }>();

  constructor(library: Parameters<typeof exportFromLibrary>[0]) {
    this.#library = library;
    // One listener a window, and there may be many.
    this.#told.setMaxListeners(0);
  }

  /** Returns how to end that. */
  onProgress(listener: (progress: ExportProgress) => void): () => void {
    this.#told.on('progress', listener);
    return () => this.#told.off('progress', listener);
  }

  /** One without a name is told of to nobody, and cannot be cancelled. Throws LabError. */
  async run({ job, ...request }: LibraryExport & { readonly job?: string | undefined }): Promise<ExportResult> {
    if (job === undefined) return load(this.#library, request);
    if (this.#running.has(job)) throw new LabError('bad-input', `An export named "${job}" goes on already.`);
    const controller = new AbortController();
    let toldShare = 0;
    const onShare = (share: number): void => {
      if (share - toldShare < leastShare) return;
      toldShare = share;
      this.#told.emit('progress', { job, share });
    };
    const result = load(this.#library, request, { signal: controller.signal, onShare });
    this.#running.set(job, { controller, ended: result.catch(() => {}) }); // whoever asked is told of a fault
    try {
      return await result;
    } finally {
      this.#running.delete(job);
    }
  }

  /** False where none of that name goes on. */
  cancel(job: string): boolean {
    const running = this.#running.get(job);
    running?.controller.abort();
    return running !== undefined;
  }

  /** Resolves when none goes on, and what was half written is gone. */
  async end(): Promise<void> {
    const all = [...this.#running.values()];
    for (const { controller } of all) controller.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }
}
