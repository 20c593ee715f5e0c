/** Several servers under the same load, in turn and in random order, and what distinguishes them beyond noise. */
import { encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import {
  comparedFigures,
  type CompareResult,
  type ComparedEntry,
  type ComparedFigure,
  type Distribution,
  type Estimate,
  type Timeline,
} from '../../../shared/compare-result.ts';
import { metrics } from '../../../shared/expectations/metrics.ts';
import { repeatSentence } from '../../../shared/machine-noise.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { LatencyTotals } from '../latency.ts';
import { Pace } from '../pace.ts';
import type { Hooks, Progress, RunWatch } from '../progress.ts';
import { differenceOf } from './differences.ts';
import type { RunOfSeries, SeriesRecording } from './series-recording.ts';
import { RunTimeline } from './run-timeline.ts';
import { estimate, seededRandom, shuffled } from './statistics.ts';

export interface ComparePlan {
  /** At least two, whose names (label, or else the model) differ. */
  readonly entries: readonly PlannedRun[];
  readonly repeats: number;
  /** A whole number below 2^32: the same one gives the same order. */
  readonly seed: number;
}

export interface SeriesProgress extends Progress {
  /** As nameOf has it. */
  readonly label: string;
  /** Of a sweep's axis. */
  readonly value?: number;
  /** Runs that are over, of so many. */
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number;
}

export interface CompareHooks {
  /** Ends it early; what is done is kept. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SeriesProgress) => void) | undefined;
  /** After each run. */
  readonly onRun?: ((run: SeriesRun) => void) | undefined;
  readonly watch?: RunWatch | undefined;
  readonly recording?: SeriesRecording | undefined;
}

/** One run of a series that is over. */
export interface SeriesRun {
  readonly label: string;
  readonly ending: 'done' | 'failed' | 'unavailable';
  readonly sentence?: string;
  readonly run?: RunResult;
}

/** Runs once. Throws LabError. */
export type RunOne = (settings: RunSettings, hooks: Hooks) => Promise<RunResult>;

/** Of an interval of one figure. Of twenty ties, one looks like a difference. */
const confidence = 0.95;

const percentileLadder = [1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100];

function distributionOf(histogram: Histogram): Distribution {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    percentiles: percentileLadder.map((percentile) => ({ percentile, us: at(percentile) })),
    count: histogram.totalCount,
    hdr: encodeIntoCompressedBase64(histogram),
  };
}

/** What tells it from the others: its model or label, and its variant where there are several. */
export const nameOf = ({ label, variant, settings }: PlannedRun): string =>
  [label ?? settings.server.model, ...(variant === undefined ? [] : [variant])].join(', ');

/** One entry while its runs are made. */
class Series {
  readonly name: string;
  readonly planned: PlannedRun;
  readonly runs: (RunResult | null)[] = [];
  readonly timelines: (Timeline | null)[] = [];
  readonly #latency = new LatencyTotals();
  /** Trying again would give the same answer. */
  isUnavailable = false;

  constructor(planned: PlannedRun) {
    this.planned = planned;
    this.name = nameOf(planned);
  }

  merge({ corrected, uncorrected }: LatencyTotals): void {
    this.#latency.corrected.add(corrected);
    this.#latency.uncorrected.add(uncorrected);
  }

  skip(round: number): void {
    this.runs[round] = null;
    this.timelines[round] = null;
  }

  valuesOf(figure: ComparedFigure): (number | null)[] {
    return this.runs.map((run) => run && metrics[figure].of(run));
  }

  get entry(): ComparedEntry {
    const figures = Object.fromEntries(
      comparedFigures.map((figure) => {
        const known = this.valuesOf(figure).filter(
          (value): value is number => value !== null && Number.isFinite(value),
        );
        return [figure, estimate(known, confidence) ?? null];
      }),
    ) as Record<ComparedFigure, Estimate | null>;
    const { corrected, uncorrected } = this.#latency;
    const hasRun = this.runs.some((run) => run !== null);
    return {
      ...{
        label: this.name,
        model: this.planned.settings.server.model,
        runs: this.runs,
        timelines: this.timelines,
        figures,
      },
      latency: hasRun ? { corrected: distributionOf(corrected), uncorrected: distributionOf(uncorrected) } : null,
    };
  }
}

/** Runs once, seen by all `watches` and recorded where that was asked for. Throws LabError. */
export function runWatched(
  runOne: RunOne,
  settings: RunSettings,
  {
    recording,
    of,
    watches,
    ...hooks
  }: Omit<Hooks, 'watch'> & {
    readonly recording: SeriesRecording | undefined;
    readonly of: RunOfSeries;
    readonly watches: readonly (RunWatch | undefined)[];
  },
): Promise<RunResult> {
  const seenBy = (all: readonly (RunWatch | undefined)[]): RunWatch => ({
    begin: () => all.forEach((each) => each?.begin()),
    frame: (source, frame) => all.forEach((each) => each?.frame(source, frame)),
  });
  if (!recording) return runOne(settings, { ...hooks, watch: seenBy(watches) });
  return recording.around(of, settings, (recorder) => {
    return runOne(settings, { ...hooks, watch: seenBy([...watches, recorder]) });
  });
}

/** Throws LabError where the plan itself cannot be; a run that fails is told in the result and ends nothing. */
export function checkComparePlan({ entries, repeats }: ComparePlan): void {
  const names = entries.map(nameOf);
  if (names.length < 2) throw new LabError('bad-input', 'A comparison needs at least two to compare.');
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new LabError('bad-input', `"${twice}" is there twice: give one of them other options.`);
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100) {
    throw new LabError('bad-input', `Repeats must be a whole number from 1 to 100, not ${repeats}.`);
  }
}

export async function compare(plan: ComparePlan, runOne: RunOne, hooks: CompareHooks = {}): Promise<CompareResult> {
  checkComparePlan(plan);
  const { repeats, seed } = plan;
  const series = plan.entries.map((planned) => new Series(planned));
  const random = seededRandom(seed);
  const rounds = Array.from({ length: repeats }, () => shuffled(series, random));
  const runs = rounds.flat();
  const pace = new Pace(runs.map(({ planned: { settings } }) => settings.durationSeconds));
  const notRun: { label: string; round: number; sentence: string }[] = [];
  let isCancelled = false;
  let done = 0;
  for (const [round, order] of rounds.entries()) {
    for (const each of order) {
      if (hooks.signal?.aborted) isCancelled = true;
      if (isCancelled) break;
      if (each.isUnavailable) each.skip(round);
      else {
        const { durationSeconds } = each.planned.settings;
        const timeline = new RunTimeline(durationSeconds);
        const tell = (progress: Progress): void =>
          hooks.onProgress?.({
            ...{ ...progress, label: each.name, done, total: runs.length },
            secondsLeft: pace.secondsLeft(done, progress.elapsedSeconds),
          });
        // Before its frames come: whoever looks on forgets those of the run before.
        tell({ elapsedSeconds: 0, durationSeconds, requests: 0 });
        try {
          const run = await runWatched(runOne, each.planned.settings, {
            ...{ signal: hooks.signal, recording: hooks.recording, of: { subject: each.name, repeat: round + 1 } },
            watches: [hooks.watch, { begin: () => {}, frame: (source, frame) => timeline.frame(source, frame) }],
            onProgress: tell,
            onLatency: (latency) => each.merge(latency),
          });
          each.runs[round] = run;
          each.timelines[round] = timeline.timeline;
          hooks.onRun?.({ label: each.name, ending: 'done', run });
        } catch (error) {
          if (!(error instanceof LabError) || error.kind === 'bad-input') throw error;
          if (error.kind === 'interrupted') {
            isCancelled = true;
            break;
          }
          each.skip(round);
          each.isUnavailable = error.kind === 'unavailable';
          const sentence = sentenceOf(error);
          notRun.push({ label: each.name, round: round + 1, sentence });
          hooks.onRun?.({ label: each.name, ending: each.isUnavailable ? 'unavailable' : 'failed', sentence });
        }
      }
      done++;
    }
  }
  const [base, ...others] = series;
  const differences = others.flatMap((other) =>
    comparedFigures.map((figure) => {
      const valued = (each: Series) => ({ label: each.name, values: each.valuesOf(figure) });
      return differenceOf(figure, valued(other), valued(base ?? other), confidence);
    }),
  );
  const repeat = repeatSentence(
    series.flatMap(({ name, runs: own }) =>
      own.flatMap((run, i) => (run ? [{ label: name, round: i + 1, noise: run.noise }] : [])),
    ),
  );
  const [measured] = series.flatMap((each) => each.runs.filter((run) => run !== null));
  return {
    ...{ seed, repeats, confidence, notRun, isCancelled, differences },
    order: rounds.map((round) => round.map(({ name }) => name)),
    entries: series.map((each) => each.entry),
    machine: measured?.machine ?? null,
    ...(repeat === undefined ? {} : { reasonToRepeat: repeat }),
    ...(hooks.recording ? { recorded: hooks.recording.series } : {}),
  };
}
