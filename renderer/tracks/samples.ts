/** What lines are made of: totals that grow, and the highest of some rows. */
import { lineNs, type Rates } from '../stores/rates.ts';
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

/** Rates of single rows, which a window that moves asks for again with each picture. */
class RowRates {
  readonly #rows = new Int32Array(keptRows).fill(-1);
  readonly #values = new Float64Array(keptRows);
  #of: Rates | undefined;
  #version = -1;

  at(rates: Rates, row: number, rateOf: (row: number) => number): number {
    if (rates !== this.#of || rates.version !== this.#version) {
      this.#rows.fill(-1);
      this.#of = rates;
      this.#version = rates.version;
    }
    const place = row % keptRows;
    if (this.#rows[place] !== row) {
      this.#rows[place] = row;
      this.#values[place] = rateOf(row);
    }
    return this.#values[place] ?? Number.NaN;
  }
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
  const rowRates = new RowRates();
  const frameRates = new RowRates();
  const ofRow = (row: number): number => over(row, row);
  const ofFrame = (row: number): number => {
    const { rates } = counters();
    return sumOf((column) => rates.ofFrame(column, row));
  };
  const valueOf = (row: number): number => rowRates.at(counters().rates, row, ofRow);
  const rangeOf = (first: number, last: number): readonly [number, number] => {
    const { rates } = counters();
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = Math.max(0, rates.beginOf(first, last, lineNs)) + 1; row <= last; row++) {
      const value = frameRates.at(rates, row, ofFrame);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  };
  return {
    ring: () => counters().ring,
    valueOf,
    pointOf: (first, last) => (first === last ? valueOf(first) : over(first, last)),
    ...(hasRange ? { rangeOf } : {}),
  };
}
