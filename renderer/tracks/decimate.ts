/**
 * One point a pixel column at most: a line of a million samples costs as much as one of a thousand. What a line draws and
 * what a cursor reads are points of this one function.
 */
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import type { SeriesRing } from '../stores/rings.ts';
import { nsPerPx, type TimeScale } from './time-scale.ts';

/** What a line is made of. */
export interface Samples {
  ring(): SeriesRing;
  /** NaN where a row has none; the line is broken there. */
  valueOf(row: number): number;
  /** Of a pixel column with the rows `first` to `last`; without it, the mean of their values. */
  pointOf?(first: number, last: number): number;
  /** Rows further apart than this have nothing between them; without it, as frames are. */
  readonly longestGapNs?: number;
  /** Sets the lowest and highest of what the line smooths from the rows `first` to `last`; without it, those of the values. */
  rangeOf?(first: number, last: number, range: Float64Array): void;
}

/** Points of a drawn line; `lows` and `highs` enclose all samples of the column, `means` is what the line is at. */
export class LinePoints {
  count = 0;
  /** Where the stretch that a point is of begins; the point itself is at its end. */
  froms = new Float64Array(256);
  xs = new Float64Array(256);
  lows = new Float64Array(256);
  highs = new Float64Array(256);
  means = new Float64Array(256);

  /** A gap is a point whose values are NaN. */
  add(from: number, x: number, low: number, high: number, mean: number): void {
    if (this.count === this.xs.length) this.#widen();
    this.froms[this.count] = from;
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
    this.froms = widened(this.froms);
    this.xs = widened(this.xs);
    this.lows = widened(this.lows);
    this.highs = widened(this.highs);
    this.means = widened(this.means);
  }
}

/** Frames are 50 ms apart; a line is not drawn across more time than this without one. */
const framesGapNs = 1.5e9;
/** A first frame tells of so much time at most. */
const firstFrameNs = 1e8;

/** The samples of a window, and one on each side of it, by pixel column. */
export function decimate(samples: Samples, scale: TimeScale, points: LinePoints): LinePoints {
  const ring = samples.ring();
  const first = Math.max(ring.first, ring.lowerBound(scale.fromNs) - 1);
  return decimateRows(samples, scale, first, Math.min(ring.end, ring.lowerBound(scale.toNs) + 1), points);
}

/** Lowest and highest, written anew for each point. */
const range = new Float64Array(2);

const columnOf = (ring: SeriesRing, row: number, scale: TimeScale): number =>
  Math.floor((ring.timeAt(row) - scale.fromNs) / nsPerPx(scale));

function decimateRows(samples: Samples, scale: TimeScale, first: number, end: number, points: LinePoints): LinePoints {
  const ring = samples.ring();
  const pxNs = nsPerPx(scale);
  const { longestGapNs = framesGapNs } = samples;
  const xOf = (row: number): number => (ring.timeAt(row) - scale.fromNs) / pxNs;
  /** Where the stretch of a row begins: at the row before. */
  const fromOf = (row: number): number =>
    row > ring.first && ring.timeAt(row) - ring.timeAt(row - 1) <= longestGapNs ? xOf(row - 1) : xOf(row);
  points.count = 0;
  let begin = first;
  let low = 0;
  let high = 0;
  let sum = 0;
  const flush = (last: number): void => {
    if (last < begin) return;
    const mean = samples.pointOf?.(begin, last) ?? sum / (last - begin + 1);
    range[0] = low;
    range[1] = high;
    samples.rangeOf?.(begin, last, range);
    const x = (xOf(begin) + xOf(last)) / 2;
    points.add(Math.min(fromOf(begin), x), x, Math.min(range[0], mean), Math.max(range[1], mean), mean);
  };
  let column = Number.NEGATIVE_INFINITY;
  for (let row = first; row < end; row++) {
    const value = samples.valueOf(row);
    const isGap = Number.isNaN(value) || (row > first && ring.timeAt(row) - ring.timeAt(row - 1) > longestGapNs);
    const own = columnOf(ring, row, scale);
    if (isGap || own !== column) {
      flush(row - 1);
      begin = row;
      column = own;
      low = high = value;
      sum = 0;
    }
    if (isGap) points.add(Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
    if (Number.isNaN(value)) {
      begin = row + 1;
      column = Number.NEGATIVE_INFINITY;
      continue;
    }
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
  }
  flush(end - 1);
  return points;
}

/** The row that a cursor at a time reads: the frame whose interval encloses it; -1 outside the record. */
export function rowAt(ring: SeriesRing, timeNs: number): number {
  const row = ring.lowerBound(timeNs);
  if (row >= ring.end || (row === ring.first && timeNs < ring.timeAt(row) - firstFrameNs)) return -1;
  return row;
}

export interface PointAt {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The scale that a moment was, or is about to be, drawn in: behind the newest picture the window has moved on with it. */
export function scaleTelling(drawn: TimeScale | undefined, timeNs: number): TimeScale {
  if (drawn === undefined) return { fromNs: timeNs - frameIntervalMs * 1e6, toNs: timeNs, widthPx: 1 };
  if (timeNs <= drawn.toNs) return drawn;
  return { fromNs: timeNs - (drawn.toNs - drawn.fromNs), toNs: timeNs, widthPx: drawn.widthPx };
}

const one = new LinePoints();

/** What `decimate` makes of the pixel column under a cursor; undefined where it draws nothing there. */
export function pointAt(samples: Samples, scale: TimeScale, timeNs: number): PointAt | undefined {
  const ring = samples.ring();
  if (ring.rows === 0) return undefined;
  const column = Math.floor((timeNs - scale.fromNs) / nsPerPx(scale));
  // The column's own samples; where it has none, the next ones: theirs is the stretch that encloses it.
  let first = Math.max(ring.first, ring.lowerBound(scale.fromNs + column * nsPerPx(scale)) - 1);
  while (first < ring.end && columnOf(ring, first, scale) < column) first++;
  if (first >= ring.end) return undefined;
  const own = columnOf(ring, first, scale);
  const { longestGapNs = framesGapNs } = samples;
  const isEnclosed = first > ring.first && ring.timeAt(first) - ring.timeAt(first - 1) <= longestGapNs;
  if (own !== column && !isEnclosed && timeNs < ring.timeAt(first) - firstFrameNs) return undefined;
  let end = first + 1;
  while (end < ring.end && columnOf(ring, end, scale) === own) end++;
  decimateRows(samples, scale, first, end, one);
  // A gap parts a column in two: what is left of the cursor's is read.
  for (let i = one.count - 1; i >= 0; i--) {
    const value = one.means[i] ?? Number.NaN;
    if (!Number.isNaN(value)) return { value, low: one.lows[i] ?? value, high: one.highs[i] ?? value };
  }
  return undefined;
}
