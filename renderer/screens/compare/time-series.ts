/** Runs of a comparison over their time: of every entry the median of its runs, step by step, and the runs behind it. */
import type { ComparedEntry, Timeline } from '../../../shared/compare-result.ts';
import { median } from '../../../shared/expectations/evaluate.ts';
import { linearTicks, type PlotPoint, type PlotSeries, type PlotTick } from '../../components/plot.ts';

export type TimeFigure = Exclude<keyof Timeline, 'seconds'>;

/** What of an entry is drawn. */
type Drawn = Pick<ComparedEntry, 'label' | 'model' | 'timelines'>;

const runsOf = ({ timelines }: Drawn): readonly Timeline[] => timelines.filter((each) => each !== null);

/** The end of a step; its middle would be a moment that has no figure of its own either. */
function pointsOf(seconds: readonly number[], values: readonly (number | null)[]): readonly PlotPoint[] {
  // NaN breaks the line.
  return seconds.map((x, i) => ({ x, y: values[i] ?? Number.NaN }));
}

/** Ends of the steps of the longest run. */
const secondsOf = (runs: readonly Timeline[]): readonly number[] =>
  runs.map(({ seconds }) => seconds).reduce((longest, each) => (each.length > longest.length ? each : longest), []);

/** Null where no run has that step. */
const medians = (runs: readonly Timeline[], figure: TimeFigure): readonly (number | null)[] =>
  secondsOf(runs).map((_, i) => {
    const known = runs.map((run) => run[figure][i]).filter((each): each is number => typeof each === 'number');
    return known.length > 0 ? median(known) : null;
  });

/** One row a step, for tables: its end, and the median of each entry. */
export interface TimeRow {
  readonly seconds: number;
  readonly values: readonly (number | null)[];
}

export function timeRows(entries: readonly Drawn[], figure: TimeFigure): readonly TimeRow[] {
  const columns = entries.map((entry) => medians(runsOf(entry), figure));
  const all = secondsOf(entries.flatMap(runsOf));
  return all.map((seconds, i) => ({ seconds, values: columns.map((column) => column[i] ?? null) }));
}

/** Entries that were not run keep their place, so that each has its colour in all charts. */
export const timeSeries = (entries: readonly Drawn[], figure: TimeFigure): readonly PlotSeries[] =>
  entries.map((entry) => {
    const runs = runsOf(entry);
    const behind = runs.length > 1 ? runs.map((run) => pointsOf(run.seconds, run[figure])) : [];
    return { label: entry.label, model: entry.model, points: pointsOf(secondsOf(runs), medians(runs, figure)), behind };
  });

export const secondTicks = (entries: readonly Drawn[]): readonly PlotTick[] => {
  const most = secondsOf(entries.flatMap(runsOf)).at(-1) ?? 0;
  return linearTicks(most)
    .filter((x) => x <= most + 1e-9)
    .map((x) => ({ x, text: `${x} s` }));
};
