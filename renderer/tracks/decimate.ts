/** One point a pixel column at most: a line of a million samples costs as much as one of a thousand. */
import type { SeriesRing } from '../stores/rings.ts';
import { nsPerPx, type TimeScale } from './time-scale.ts';

/** Points of a drawn line; `lows` and `highs` enclose all samples of the column, `means` is between them. */
export class LinePoints {
  count = 0;
  xs = new Float64Array(256);
  lows = new Float64Array(256);
  highs = new Float64Array(256);
  means = new Float64Array(256);

  /** A gap is a point whose values are NaN. */
  add(x: number, low: number, high: number, mean: number): void {
    if (this.count === this.xs.length) this.#widen();
    this.xs[this.count] = x;
    this.lows[this.count] = low;
    this.highs[this.count] = high;
    this.means[this.count] = mean;
    this.count++;
  }

  #widen(): void {
    const widened = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wide = new Float64Array(old.length * 2);
      wide.set(old);
      return wide;
    };
    this.xs = widened(this.xs);
    this.lows = widened(this.lows);
    this.highs = widened(this.highs);
    this.means = widened(this.means);
  }
}

/** Frames are 50 ms apart; a line is not drawn across more time than this without one. */
const longestGapNs = 1.5e9;

/**
 * The samples of a window, and one on each side of it, by pixel column. `valueOf` is NaN where a row has no value; the
 * line is broken there.
 */
export function decimate(
  ring: SeriesRing,
  valueOf: (row: number) => number,
  scale: TimeScale,
  points: LinePoints,
): LinePoints {
  points.count = 0;
  const first = Math.max(ring.first, ring.lowerBound(scale.fromNs) - 1);
  const end = Math.min(ring.end, ring.lowerBound(scale.toNs) + 1);
  const pxNs = nsPerPx(scale);
  let column = Number.NEGATIVE_INFINITY;
  let low = 0;
  let high = 0;
  let sum = 0;
  let samples = 0;
  let xSum = 0;
  let lastNs = Number.NaN;
  const flush = (): void => {
    if (samples > 0) points.add(xSum / samples, low, high, sum / samples);
    samples = 0;
  };
  for (let row = first; row < end; row++) {
    const value = valueOf(row);
    const timeNs = ring.timeAt(row);
    const isGap = Number.isNaN(value) || timeNs - lastNs > longestGapNs;
    lastNs = timeNs;
    if (isGap) {
      flush();
      points.add(Number.NaN, Number.NaN, Number.NaN, Number.NaN);
      column = Number.NEGATIVE_INFINITY;
      if (Number.isNaN(value)) continue;
    }
    const x = (timeNs - scale.fromNs) / pxNs;
    const own = Math.floor(x);
    if (own !== column || samples === 0) {
      flush();
      column = own;
      low = high = value;
      sum = 0;
      xSum = 0;
    }
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    xSum += x;
    samples++;
  }
  flush();
  return points;
}

/** The row that a cursor at a time reads: the frame whose interval encloses it; -1 outside the record. */
export function rowAt(ring: SeriesRing, timeNs: number): number {
  const row = ring.lowerBound(timeNs);
  if (row >= ring.end || (row === ring.first && timeNs < ring.timeAt(row) - 1e8)) return -1;
  return row;
}
