/** What lines are made of: totals that grow, and the highest of some rows. */
import { lineNs } from '../stores/rates.ts';
import { columnOf, type CounterSeries, type SeriesName } from '../stores/series.ts';
import type { Samples } from './decimate.ts';

/** NaN where there is none. */
export function highestOf(first: number, last: number, valueOf: (row: number) => number): number {
  let highest = Number.NaN;
  for (let row = first; row <= last; row++) {
    const value = valueOf(row);
    if (!(value <= highest)) highest = Number.isNaN(value) ? highest : value;
  }
  return highest;
}

/**
 * Growth per second of the sum of some totals, over the half second before a frame; where a pixel holds more time, over
 * that. `hasRange`: with the lowest and highest of the frames in it.
 */
export function totalSamples(
  counters: () => CounterSeries,
  names: readonly SeriesName[],
  { factor = 1, hasRange = false }: { readonly factor?: number; readonly hasRange?: boolean } = {},
): Samples {
  const columns = names.map(columnOf);
  const sumOf = (rateOf: (column: number) => number): number => {
    let sum = 0;
    for (const column of columns) sum += rateOf(column);
    return sum * factor;
  };
  const over = (first: number, last: number): number => {
    const { rates } = counters();
    return sumOf((column) => rates.over(column, first, last, lineNs));
  };
  const rangeOf = (first: number, last: number): readonly [number, number] => {
    const { rates } = counters();
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = Math.max(0, rates.beginOf(first, last, lineNs)) + 1; row <= last; row++) {
      const value = sumOf((column) => rates.ofFrame(column, row));
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  };
  return {
    ring: () => counters().ring,
    valueOf: (row) => over(row, row),
    pointOf: over,
    ...(hasRange ? { rangeOf } : {}),
  };
}
