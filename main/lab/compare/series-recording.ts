/**
 * Each run of a comparison or a sweep as a session of its own, so that it can be opened, laid over another and exported.
 * What is written are the frames that the engines send in any case: recording changes nothing of what is measured.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { RunResult } from '../../../shared/run-result.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import type { ExperimentFacts } from '../../../shared/session/manifest.ts';
import { LabError, sentenceOf } from '../errors.ts';
import type { RunWatch } from '../progress.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { RunRecording } from '../sessions/run-recording.ts';
import type { RecordedRun, RecordedSeries } from '../../../shared/compare-result.ts';

export type RunOfSeries = Pick<ExperimentFacts, 'subject' | 'repeat' | 'value'>;
type Series = Pick<ExperimentFacts, 'kind' | 'title'>;

const nothing: RunWatch = { begin: () => {}, frame: () => {} };

export class SeriesRecording {
  readonly #library: SessionLibrary;
  readonly #series: Series;
  readonly #id = randomUUID();
  readonly #runs: RecordedRun[] = [];
  #fault: string | undefined;

  private constructor(library: SessionLibrary, series: Series) {
    this.#library = library;
    this.#series = series;
  }

  /** Throws LabError where the folder cannot be. */
  static async start(library: SessionLibrary, series: Series): Promise<SeriesRecording> {
    await library.newPath(series.title);
    return new SeriesRecording(library, series);
  }

  get series(): RecordedSeries {
    const fault = this.#fault === undefined ? {} : { fault: this.#fault };
    return { folder: this.#library.folder, tag: this.#tag, runs: this.#runs, ...fault };
  }

  get #tag(): string {
    return `${this.#series.kind}-${this.#id.slice(0, 8)}`;
  }

  /** A disk that is full ends the recording, not the run. A run that is interrupted leaves no session. */
  async around(
    run: RunOfSeries,
    settings: RunSettings,
    work: (watch: RunWatch) => Promise<RunResult>,
  ): Promise<RunResult> {
    const recording = this.#fault === undefined ? await this.#begin(run, settings) : undefined;
    if (!recording) return work(nothing);
    const end = this.#library.recording(recording.recorder);
    const seen = { hasBegun: false };
    const watch: RunWatch = {
      begin: () => {
        seen.hasBegun = true;
        recording.begin();
      },
      frame: (source, frame) => recording.frame(source, frame),
    };
    try {
      const result = await work(watch);
      this.#runs.push({ ...run, file: await this.#close(recording, end) });
      return result;
    } catch (error) {
      await this.#close(recording, end);
      const isCut = error instanceof LabError && error.kind === 'interrupted';
      if (isCut || !seen.hasBegun) await rm(recording.path, { force: true });
      throw error;
    }
  }

  async #begin(run: RunOfSeries, settings: RunSettings): Promise<RunRecording | undefined> {
    const { title, kind } = this.#series;
    const value = run.value === undefined ? '' : ` at ${run.value}`;
    // What tells it from its siblings comes first: lists cut names off at their ends.
    const name = `${run.subject}${value}, repeat ${run.repeat}: ${title}`;
    try {
      const path = await this.#library.newPath(`${run.subject}${value} repeat ${run.repeat}`);
      const experiment = { kind, title, id: this.#id, ...run };
      const recorded = { name, settings: { ...settings }, pin: settings.pin, tags: [this.#tag], experiment };
      const recording = await RunRecording.start(path, {
        ...{ recorded, level: 'counters' },
        onFault: (sentence) => (this.#fault ??= sentence),
      });
      recording.next(run.subject);
      return recording;
    } catch (error) {
      this.#fault = sentenceOf(error);
      return undefined;
    }
  }

  async #close(recording: RunRecording, end: () => void): Promise<string> {
    const { path } = await recording.stop();
    end();
    return path;
  }
}
