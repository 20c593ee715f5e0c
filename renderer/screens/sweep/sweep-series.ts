/** A sweep's points as series of a plot: one line a model, and a cross where there is no point. */
import type { Estimate } from '../../../shared/compare-result.ts';
import type { PointDoubt, SweepPoint, SweepResult, SweptFigure } from '../../../shared/sweep-result.ts';
import { metricText } from '../../stores/metric-words.ts';
import type { PlotMark, PlotSeries, PlotTick } from '../../components/plot.ts';

/** Values that span decades are laid out by their size, others evenly. */
export function xOf(result: Pick<SweepResult, 'values'>): (value: number) => number {
  const { values } = result;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least > 0 && most / least >= 10) return Math.log10;
  return (value) => value;
}

export const valueText = (value: number): string => value.toLocaleString('en');

export function sweepTicks(result: Pick<SweepResult, 'values'>): readonly PlotTick[] {
  const x = xOf(result);
  return result.values.map((value) => ({ x: x(value), text: valueText(value) }));
}

const pointsOf = (result: SweepResult, label: string): readonly SweepPoint[] =>
  result.points.filter((point) => point.label === label);

export function sweepSeries(result: SweepResult, figure: SweptFigure): readonly PlotSeries[] {
  const x = xOf(result);
  return result.labels.map((label) => ({
    label,
    model: pointsOf(result, label)[0]?.model,
    points: pointsOf(result, label).map((point) => {
      const estimate = point.figures?.[figure];
      const at = { x: x(point.value), text: valueText(point.value) };
      // NaN breaks the line.
      if (estimate === null || estimate === undefined) return { ...at, y: Number.NaN };
      const { median, low, high } = estimate;
      return estimate.count > 1 ? { ...at, y: median, low, high } : { ...at, y: median };
    }),
  }));
}

export const hasRange = (estimate: Estimate | null): estimate is Estimate =>
  estimate !== null && estimate.low !== estimate.high;

/** Each of its ends stays whole where a narrow column breaks the line. */
export const rangeOf = (figure: SweptFigure, estimate: Estimate | null): string =>
  estimate
    ? [`${metricText(figure, estimate.low)} …`, metricText(figure, estimate.high)]
        .map((end) => end.replaceAll(' ', '\u00a0'))
        .join(' ')
    : '';

export function doubtText({ before, others }: PointDoubt): string {
  const from = [...(before ? ['the value before'] : []), ...others];
  return `Cannot be told apart from ${from.join(', ')}: the intervals overlap.`;
}

export const pointStatus = { done: 'measured', refused: 'refused', failed: 'failed', 'not-run': 'not run' } as const;

/** Refused and failed points; those that were not reached say nothing. */
export function sweepMarks(result: SweepResult): readonly PlotMark[] {
  const x = xOf(result);
  return result.points.flatMap(({ value, label, status, reason }) =>
    status === 'refused' || status === 'failed'
      ? [
          {
            x: x(value),
            series: result.labels.indexOf(label),
            text: `${label} at ${valueText(value)}: ${pointStatus[status]}. ${reason ?? ''}`,
          },
        ]
      : [],
  );
}
