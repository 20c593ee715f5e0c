/** What lines are made of: totals that grow, and the highest of some rows. */
import { lineNs, type Rates } from '../stores/rates.ts';
import { RowMemo } from '../stores/row-memo.ts';
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

/** Rows whose rates are kept: some minutes of frames. In a wider window a pixel has several, and few rates are asked for. */
const keptRows = 4096;
const unread = Number.NaN;

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
  /** Of each row: its rate, and the lowest and highest of the frames behind it. */
  const known = new RowMemo(keptRows, hasRange ? 3 : 1);
  /** Of each frame by itself. */
  const ofFrames = new RowMemo(hasRange ? keptRows : 1);
  let knownOf: Rates | undefined;
  let version = -1;
  const fillFrame = (row: number, values: Float64Array, offset: number): void => {
    const { rates } = counters();
    values[offset] = sumOf((column) => rates.ofFrame(column, row));
  };
  const rangeOver = (first: number, last: number, range: Float64Array, at: number): void => {
    const { rates } = counters();
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = Math.max(0, rates.beginOf(first, last, lineNs)) + 1; row <= last; row++) {
      const value = ofFrames.values[ofFrames.offsetOf(row, fillFrame)] ?? Number.NaN;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    range[at] = low;
    range[at + 1] = high;
  };
  const fill = (row: number, values: Float64Array, offset: number): void => {
    values[offset] = over(row, row);
    if (hasRange) values[offset + 1] = unread;
  };
  const offsetOf = (row: number): number => {
    const { rates } = counters();
    if (rates !== knownOf || rates.version !== version) {
      known.clear();
      ofFrames.clear();
      knownOf = rates;
      ({ version } = rates);
    }
    return known.offsetOf(row, fill);
  };
  const valueOf = (row: number): number => known.values[offsetOf(row)] ?? Number.NaN;
  const rangeOf = (first: number, last: number, range: Float64Array): void => {
    const offset = offsetOf(last) + 1;
    if (first !== last) {
      rangeOver(first, last, range, 0);
      return;
    }
    const { values } = known;
    // Where pixels hold several rows nobody asks for that of one.
    if (Number.isNaN(values[offset] ?? unread)) rangeOver(last, last, values, offset);
    range[0] = values[offset] ?? unread;
    range[1] = values[offset + 1] ?? unread;
  };
  return {
    ring: () => counters().ring,
    valueOf,
    pointOf: (first, last) => (first === last ? valueOf(first) : over(first, last)),
    ...(hasRange ? { rangeOf } : {}),
  };
}
