/** Several servers under the same load, in turn and in random order, and what distinguishes them beyond noise. */
import {
  comparedFigures,
  type ComparedFigure,
  type CompareResult,
  type FigurePower,
} from '../../../shared/compare-result.ts';
import { repeatSentence } from '../../../shared/machine-noise.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import { differencesOf } from '../../../shared/statistics/differences.ts';
import { seededRandom, shuffled } from '../../../shared/statistics/random.ts';
import { version } from '../engine-location.ts';
import { LabError, sentenceOf } from '../errors.ts';
import type { LatencyTotals } from '../latency.ts';
import { Pace } from '../pace.ts';
import type { Hooks, Progress, RunWatch } from '../progress.ts';
import type { RunPlaces } from '../places/run-places.ts';
import { pilotRounds, powerOf } from './pilot.ts';
import { SecondGoes } from './second-goes.ts';
import type { RunOfSeries, SeriesRecording } from './series-recording.ts';
import { confidence, nameOf, Series } from './series.ts';
import { RunTimeline } from './run-timeline.ts';

export { nameOf } from './series.ts';

export interface ComparePlan {
  /** At least two, whose names (label, or else the model) differ. */
  readonly entries: readonly PlannedRun[];
  readonly repeats: number;
  /** A whole number below 2^32: the same one gives the same order. */
  readonly seed: number;
  /** Those whose differences are told; by default all. */
  readonly figures?: readonly ComparedFigure[] | undefined;
  /** Goes on beyond `repeats` until every difference is resolved, to so many repeats at most. */
  readonly untilResolved?: number | undefined;
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
  /** After the first rounds, where more are to come: what the comparison can find. */
  readonly onPilot?: ((power: readonly FigurePower[], repeats: number) => void) | undefined;
  /** After each run. */
  readonly onRun?: ((run: SeriesRun) => void) | undefined;
  readonly watch?: RunWatch | undefined;
  readonly recording?: SeriesRecording | undefined;
  /** Where servers and clients run, where that is not here. */
  readonly places?: RunPlaces | undefined;
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
export function checkComparePlan({ entries, repeats, untilResolved, figures }: ComparePlan): void {
  const names = entries.map(nameOf);
  if (names.length < 2) throw new LabError('bad-input', 'A comparison needs at least two to compare.');
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new LabError('bad-input', `"${twice}" is there twice: give one of them other options, or a name of its own.`);
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100) {
    throw new LabError('bad-input', `Repeats must be a whole number from 1 to 100, not ${repeats}.`);
  }
  const most = untilResolved ?? repeats;
  if (!Number.isInteger(most) || most < repeats || most > 100) {
    throw new LabError(
      'bad-input',
      `A comparison that goes on until it is resolved ends after ${repeats} to 100 repeats, not ${most}.`,
    );
  }
  if (figures?.length === 0) throw new LabError('bad-input', 'Name at least one figure to compare.');
}

/**
 * Rounds after which it is asked whether all is resolved. Each look is a chance to be misled, so that they share the
 * chance that all of them may have; hence few.
 */
export function looksOf({
  repeats,
  untilResolved = repeats,
}: Pick<ComparePlan, 'repeats' | 'untilResolved'>): number[] {
  const looks = [repeats];
  for (let at = repeats; at < untilResolved;) {
    at = Math.min(untilResolved, Math.ceil(at * 1.5));
    looks.push(at);
  }
  return looks;
}

/** One that goes on: who is to run, how, and what came of it so far. */
class Comparison {
  readonly series: readonly Series[];
  readonly order: Series[][] = [];
  readonly notRun: { label: string; round: number; sentence: string }[] = [];
  readonly goes: SecondGoes;
  isCancelled = false;
  readonly #plan: ComparePlan;
  readonly #runOne: RunOne;
  readonly #hooks: CompareHooks;
  readonly #random: () => number;
  readonly #total: number;
  readonly #pace: Pace;
  #done = 0;

  constructor(plan: ComparePlan, runOne: RunOne, hooks: CompareHooks) {
    this.#plan = plan;
    this.#runOne = runOne;
    this.#hooks = hooks;
    this.series = plan.entries.map((planned) => new Series(planned));
    this.#random = seededRandom(plan.seed);
    const most = plan.untilResolved ?? plan.repeats;
    this.#total = most * this.series.length;
    this.goes = new SecondGoes(this.#total);
    const seconds = this.series.map(({ planned: { settings } }) => settings.durationSeconds);
    this.#pace = new Pace(Array.from({ length: most }, () => seconds).flat());
  }

  get figures(): readonly ComparedFigure[] {
    return this.#plan.figures ?? comparedFigures;
  }

  get power(): FigurePower[] {
    return powerOf(
      this.figures,
      this.series.map(({ compared }) => compared),
      confidence,
    );
  }

  /** @param looks how often it is looked at, by which the chance of a wrong claim is shared */
  differences(looks: number): CompareResult['differences'] {
    const [base, ...others] = this.series.map(({ compared }) => compared);
    return base
      ? others.flatMap((other) => differencesOf(this.figures, other, base, 1 - (1 - confidence) / looks))
      : [];
  }

  async round(): Promise<void> {
    const round = this.order.length;
    const order = shuffled(this.series, this.#random);
    this.order.push(order);
    for (const each of order) {
      if (this.#hooks.signal?.aborted) this.isCancelled = true;
      if (this.isCancelled) break;
      if (each.isUnavailable) each.skip(round);
      else await this.#run(each, round);
      this.#done++;
    }
  }

  async #run(each: Series, round: number): Promise<void> {
    const { onRun } = this.#hooks;
    try {
      const of = { label: each.name, repeat: round + 1 };
      const { run, timeline, latency } = await this.goes.quieter(of, () => this.#make(each, round));
      if (latency) each.merge(latency);
      each.runs[round] = run;
      each.timelines[round] = timeline;
      onRun?.({ label: each.name, ending: 'done', run });
    } catch (error) {
      if (!(error instanceof LabError) || error.kind === 'bad-input') throw error;
      if (error.kind === 'interrupted') {
        this.isCancelled = true;
        return;
      }
      each.skip(round);
      each.isUnavailable = error.kind === 'unavailable';
      const sentence = sentenceOf(error);
      this.notRun.push({ label: each.name, round: round + 1, sentence });
      onRun?.({ label: each.name, ending: each.isUnavailable ? 'unavailable' : 'failed', sentence });
    }
  }

  /** Throws LabError. */
  async #make(
    each: Series,
    round: number,
  ): Promise<{ run: RunResult; timeline: RunTimeline['timeline']; latency: LatencyTotals | undefined }> {
    const { signal, recording, watch, onProgress } = this.#hooks;
    const { durationSeconds } = each.planned.settings;
    const timeline = new RunTimeline(durationSeconds);
    const done = this.#done;
    const tell = (progress: Progress): void =>
      onProgress?.({
        ...{ ...progress, label: each.name, done, total: this.#total },
        secondsLeft: this.#pace.secondsLeft(done, progress.elapsedSeconds),
      });
    // Before its frames come: whoever looks on forgets those of the run before.
    tell({ elapsedSeconds: 0, durationSeconds, requests: 0 });
    let latency: LatencyTotals | undefined;
    const run = await runWatched(this.#runOne, each.planned.settings, {
      ...{ signal, recording, of: { subject: each.name, repeat: round + 1 } },
      watches: [watch, { begin: () => {}, frame: (source, frame) => timeline.frame(source, frame) }],
      onProgress: tell,
      onLatency: (totals) => (latency = totals),
    });
    return { run, timeline: timeline.timeline, latency };
  }
}

const isOpen = ({ verdict }: CompareResult['differences'][number]): boolean =>
  verdict === 'not-resolved' || verdict === 'too-few-runs';

export async function compare(plan: ComparePlan, runOne: RunOne, hooks: CompareHooks = {}): Promise<CompareResult> {
  checkComparePlan(plan);
  const made = { startedAt: new Date().toISOString(), fdscope: version() };
  const looks = looksOf(plan);
  const comparison = new Comparison(plan, runOne, hooks);
  const { series } = comparison;
  let differences: CompareResult['differences'] = [];
  for (const look of looks) {
    while (comparison.order.length < look && !comparison.isCancelled) {
      await comparison.round();
      if (comparison.order.length === pilotRounds && pilotRounds < look) {
        hooks.onPilot?.(comparison.power, plan.repeats);
      }
    }
    differences = comparison.differences(looks.length);
    if (comparison.isCancelled || !differences.some(isOpen)) break;
  }
  const repeat = repeatSentence(
    series.flatMap(({ name, runs: own }) =>
      own.flatMap((run, i) => (run ? [{ label: name, round: i + 1, noise: run.noise }] : [])),
    ),
  );
  const { order, notRun, isCancelled, power, figures, goes } = comparison;
  const [measured] = series.flatMap((each) => each.runs.filter((run) => run !== null));
  return {
    ...{ made, seed: plan.seed, confidence, notRun, isCancelled, figures, power, differences, repeated: goes.repeated },
    repeats: isCancelled ? plan.repeats : order.length,
    order: order.map((round) => round.map(({ name }) => name)),
    entries: series.map((each) => each.entry),
    machine: measured?.machine ?? null,
    ...(repeat === undefined ? {} : { reasonToRepeat: repeat }),
    ...(hooks.recording ? { recorded: hooks.recording.series } : {}),
  };
}
