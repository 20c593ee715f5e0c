/** The same load with one thing varied, for several servers: curves, with the points that cannot be shown as such. */
import type { ModelInfo } from '../../../shared/catalogue.ts';
import { metrics } from '../../../shared/expectations/metrics.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import { doubtsOf } from '../../../shared/statistics/doubts.ts';
import { estimate } from '../../../shared/statistics/median-interval.ts';
import { seededRandom, shuffled } from '../../../shared/statistics/random.ts';
import {
  sweepAxes,
  sweptFigures,
  type SweepAxis,
  type SweepPoint,
  type SweepResult,
  type SweptFigure,
} from '../../../shared/sweep-result.ts';
import type { Estimate } from '../../../shared/compare-result.ts';
import { nameOf, runWatched, type CompareHooks, type RunOne } from '../compare/compare.ts';
import { version } from '../engine-location.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { SecondGoes } from '../compare/second-goes.ts';
import { Pace } from '../pace.ts';
import type { Progress } from '../progress.ts';
import { applyAxis, Refusal } from './axes.ts';
import { refusedBefore, shortfallOf, type Shortfall } from './refusals.ts';

export interface SweepPlan {
  readonly axis: SweepAxis;
  /** Ascending, each once. */
  readonly values: readonly number[];
  readonly entries: readonly PlannedRun[];
  readonly repeats: number;
  /** A whole number below 2^32: the same one gives the same order. */
  readonly seed?: number | undefined;
}

/** One run of a sweep that is over. A sweep that goes on is given those of before. */
export type SweepRecord = { readonly value: number; readonly label: string; readonly repeat: number } & (
  { readonly result: RunResult } | { readonly shortfall: Shortfall; readonly result?: RunResult | undefined }
);

export interface SweepHooks extends Omit<CompareHooks, 'onRun'> {
  /** After each run. */
  readonly onRecord?: ((record: SweepRecord) => void) | undefined;
}

interface Step {
  readonly value: number;
  readonly label: string;
  readonly model: PlannedRun['settings']['server']['model'];
  readonly repeat: number;
  readonly settings: RunSettings | Shortfall;
}

const isShortfall = (settings: Step['settings']): settings is Shortfall => 'status' in settings;

/**
 * All runs: every point once, in random order, then every point again in another. So a machine that grows slower draws
 * no curve. Throws LabError('bad-input').
 */
function stepsOf({ axis, values, entries, repeats, seed = 0 }: SweepPlan, models: readonly ModelInfo[]): Step[] {
  const labels = entries.map(nameOf);
  const twice = labels.find((label, index) => labels.indexOf(label) < index);
  if (labels.length === 0) throw new LabError('bad-input', 'A sweep needs at least one model.');
  if (twice !== undefined)
    throw new LabError('bad-input', `"${twice}" is there twice: give one of them other options.`);
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100) {
    throw new LabError('bad-input', `Repeats must be a whole number from 1 to 100, not ${repeats}.`);
  }
  const settingsOf = (entry: PlannedRun, value: number): RunSettings | Shortfall => {
    try {
      const model = models.find(({ id }) => id === entry.settings.server.model);
      const settings = applyAxis(axis, value, entry.settings, model);
      const reason = refusedBefore(settings);
      return reason === undefined ? settings : { status: 'refused', reason };
    } catch (error) {
      if (error instanceof Refusal) return { status: 'refused', reason: error.message };
      throw error;
    }
  };
  const points = values.flatMap((value) =>
    entries.map((entry) => {
      const { model } = entry.settings.server;
      return { value, label: nameOf(entry), model, settings: settingsOf(entry, value) };
    }),
  );
  const random = seededRandom(seed);
  return Array.from({ length: repeats }, (_, repeat) =>
    shuffled(points, random).map((point) => ({ ...point, repeat })),
  ).flat();
}

const key = ({ value, label, repeat }: Pick<Step, 'value' | 'label' | 'repeat'>): string =>
  JSON.stringify([value, label, repeat]);

function pointOf(step: Step, records: readonly SweepRecord[]): Omit<SweepPoint, 'doubts'> {
  const { value, label, model } = step;
  const own = records.filter((record) => record.value === value && record.label === label);
  const runs = own.flatMap(({ result }) => result ?? []);
  const at = { value, label, model, runs };
  const short = own.flatMap((record) => ('shortfall' in record ? record.shortfall : []))[0];
  if (short) return { ...at, ...short, figures: null };
  if (own.length === 0) return { ...at, status: 'not-run', reason: 'The sweep was cancelled before.', figures: null };
  const figures = Object.fromEntries(
    sweptFigures.map((figure) => {
      const known = runs
        .map((run) => metrics[figure].of(run))
        .filter((each): each is number => each !== null && Number.isFinite(each));
      return [figure, estimate(known) ?? null];
    }),
  ) as Record<SweptFigure, Estimate | null>;
  return { ...at, status: 'done', figures };
}

/** Throws LabError('bad-input') where the plan cannot be. */
export function checkSweepPlan(plan: SweepPlan, models: readonly ModelInfo[]): void {
  stepsOf(plan, models);
}

/** Throws LabError where the plan cannot be. A run that fails is a point that failed; an interruption keeps what is done. */
export async function sweep(
  plan: SweepPlan,
  context: { readonly runOne: RunOne; readonly models: readonly ModelInfo[]; readonly before?: readonly SweepRecord[] },
  hooks: SweepHooks = {},
): Promise<SweepResult> {
  const steps = stepsOf(plan, context.models);
  const made = { startedAt: new Date().toISOString(), fdscope: version() };
  const records = [...(context.before ?? [])];
  const known = new Set(records.map(key));
  const isOver = (step: Step): boolean =>
    known.has(key(step)) ||
    records.some((each) => each.value === step.value && each.label === step.label && 'shortfall' in each);
  const toRun = steps.filter((step) => !isOver(step));
  const goes = new SecondGoes(toRun.length);
  const pace = new Pace(toRun.map(({ settings }) => (isShortfall(settings) ? 0 : settings.durationSeconds)));
  const take = (record: SweepRecord): void => {
    records.push(record);
    hooks.onRecord?.(record);
  };
  let isCancelled = false;
  for (const [done, step] of toRun.entries()) {
    if (isOver(step)) continue; // its point fell short in an earlier repeat of this very sweep
    if (hooks.signal?.aborted) isCancelled = true;
    if (isCancelled) break;
    const { value, label, repeat, settings } = step;
    if (isShortfall(settings)) {
      take({ value, label, repeat, shortfall: settings });
      continue;
    }
    const tell = (progress: Progress): void =>
      hooks.onProgress?.({
        ...{ ...progress, label, value, done, total: toRun.length },
        secondsLeft: pace.secondsLeft(done, progress.elapsedSeconds),
      });
    const made = async (): Promise<SweepRecord> => {
      // Before its frames come: whoever looks on forgets those of the run before.
      tell({ elapsedSeconds: 0, durationSeconds: settings.durationSeconds, requests: 0 });
      const { run: result } = await goes.quieter({ label, repeat: repeat + 1, value }, async () => ({
        run: await runWatched(context.runOne, settings, {
          ...{ signal: hooks.signal, watches: [hooks.watch], recording: hooks.recording },
          of: { subject: label, repeat: repeat + 1, value },
          onProgress: tell,
        }),
      }));
      const shortfall = shortfallOf(result);
      return shortfall ? { value, label, repeat, shortfall, result } : { value, label, repeat, result };
    };
    const record = await made().catch((error: unknown): SweepRecord | undefined => {
      if (!(error instanceof LabError)) throw error;
      if (error.kind === 'interrupted') return undefined;
      const status = error.kind === 'failed' ? 'failed' : 'refused';
      return { value, label, repeat, shortfall: { status, reason: sentenceOf(error) } };
    });
    if (!record) {
      isCancelled = true;
      break;
    }
    take(record);
  }
  const labels = plan.entries.map(nameOf);
  const measured = steps
    .filter(({ repeat }) => repeat === 0)
    .sort((a, b) => a.value - b.value || labels.indexOf(a.label) - labels.indexOf(b.label))
    .map((step) => pointOf(step, records));
  const points = measured.map((point) => ({ ...point, doubts: doubtsOf(point, measured) }));
  return {
    ...{ axis: plan.axis, unit: sweepAxes[plan.axis], values: plan.values, repeats: plan.repeats, points, isCancelled },
    ...{ made, labels, seed: plan.seed ?? 0, repeated: goes.repeated },
    machine: points.flatMap(({ runs }) => runs)[0]?.machine ?? null,
    ...(hooks.recording ? { recorded: hooks.recording.series } : {}),
  };
}
