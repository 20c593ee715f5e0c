/** The runs of a scenario over their time, as lines for small charts, with the moment of each chart that matters. */
import type { ComparedEntry, Timeline } from '../../../shared/compare-result.ts';
import type { ScenarioOutcome } from '../../../shared/contract/experiments.ts';
import { median } from '../../../shared/expectations/evaluate.ts';
import type { TimeFigure } from '../compare/time-series.ts';

export type ToldRun = Pick<ComparedEntry, 'label' | 'model' | 'runs' | 'timelines'>;

/** An entry for each model under each variant, with the timelines of its repeats. */
export function toldRuns({ runs, stories }: ScenarioOutcome): readonly ToldRun[] {
  const entries = new Map<
    string,
    { label: string; model: ComparedEntry['model']; runs: typeof runs; timelines: Timeline[] }
  >();
  runs.forEach((run, at) => {
    const story = stories[at];
    if (story === undefined) return;
    const name = run.label ?? run.model;
    const label = run.variant === undefined ? name : `${name}, ${run.variant}`;
    const entry = entries.get(label) ?? { label, model: run.model, runs: [], timelines: [] };
    entries.set(label, { ...entry, runs: [...entry.runs, run], timelines: [...entry.timelines, story.timeline] });
  });
  return [...entries.values()];
}

export interface Moment {
  /** End of its step. */
  readonly seconds: number;
  readonly value: number;
  /** Index of the entry whose moment it is. */
  readonly entry: number;
  readonly text: string;
}

/** A step is out of the ordinary where it is so many times the median of its run, or so small a part of it. */
const outOfTheOrdinary = 2;

/**
 * The step that is farthest from what is usual in its own run: the longest latency, the fewest replies, the most CPU.
 * Undefined where every run goes on evenly.
 */
export function momentThatMatters(entries: readonly ToldRun[], figure: TimeFigure): Moment | undefined {
  const isLowBad = figure === 'requestsPerSecond';
  let found: Moment | undefined;
  let farthest = outOfTheOrdinary;
  entries.forEach(({ label, timelines }, entry) => {
    for (const timeline of timelines) {
      if (timeline === null) continue;
      const values = timeline[figure];
      const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
      const usual = known.length < 3 ? 0 : median(known);
      if (usual <= 0) continue;
      values.forEach((value, step) => {
        if (value === null) return;
        const distance = isLowBad ? usual / Math.max(value, usual / 1000) : value / usual;
        if (distance <= farthest) return;
        farthest = distance;
        found = { ...{ seconds: timeline.seconds[step] ?? 0, value, entry }, text: label };
      });
    }
  });
  return found;
}
