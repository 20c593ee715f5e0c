/**
 * Lines over time: rates, gauges, percentiles. A band shows the range of what a line smooths: of the frames behind a rate,
 * and of those that share a pixel.
 */
import { modelColour } from '../../shared/model-colours.ts';
import type { SeriesColour } from '../../shared/series-colours.ts';
import type { Palette } from '../theme/palette.ts';
import { recentStretch } from '../stores/figures.ts';
import { decimate, LinePoints, pointAt, rowAt, scaleTelling, type PointAt, type Samples } from './decimate.ts';
import { Scratch, stack, stepped } from './line-path.ts';
import type { Pen } from './pen.ts';
import {
  maxTableRows,
  type AxisLabel,
  type Hit,
  type LegendItem,
  type Statistic,
  type Table,
  type Track,
  type TrackView,
} from './track.ts';
import { nsAt } from './time-scale.ts';
import { FittedScale, gridValues, shareOf, type Roundness, type ValueScale } from './value-scale.ts';

export interface LineSeries extends Samples {
  readonly label: string;
  readonly colour: SeriesColour;
  /** Whose figures they are: a model's line has its colour, whatever is drawn of it. */
  readonly model?: string | undefined;
  readonly dash?: readonly number[];
  /** The area below it is tinted. */
  readonly isFilled?: boolean;
  /** Over a range: rates from totals and percentiles from merged histograms, never means of means. */
  between(fromNs: number, toNs: number): number;
  /** A state, which holds at a moment; anything else is of a stretch of time. */
  readonly isState?: boolean;
  /** Why nobody can know it; undefined where it is known. */
  absence?(): string | undefined;
}

export interface LineTrackSettings {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly heightPx: number;
  readonly scale: ValueScale['kind'];
  /** Of its ticks; of values in bytes, binary. */
  readonly roundness?: Roundness;
  readonly series: readonly LineSeries[];
  /** Series lie on top of each other, the first at the bottom: the height is their sum. */
  readonly isStacked?: boolean;
  /** Unit of the numbers in its table, such as "ns". */
  readonly tableUnit: string;
  readonly originNs: () => number;
  /** Figures of now count from then; without it, whatever was before. */
  readonly steadySinceNs?: () => number;
  readonly format: (value: number) => string;
  emptyText(): string | undefined;
}

export const topPaddingPx = 8;
const bottomPaddingPx = 1;
/** Points at least so far apart are drawn as steps, */
const stepPx = 3;
/** and among points that are closer those that tell of so much time, as none came in between. */
const wideStepPx = 6;

/** Stretches at least so wide are steps: all of them where the frames themselves are seen. */
export const leastStepPx = (count: number, widthPx: number): number =>
  count > 1 && count < widthPx / stepPx ? 0 : wideStepPx;

export class LineTrack implements Track {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly heightPx: number;
  readonly #settings: LineTrackSettings;
  readonly #points: readonly LinePoints[];
  readonly #scale = new FittedScale();
  #drawn: TrackView | undefined;

  constructor(settings: LineTrackSettings) {
    ({ id: this.id, title: this.title, unit: this.unit, help: this.help, heightPx: this.heightPx } = settings);
    this.#settings = settings;
    this.#points = settings.series.map(() => new LinePoints());
  }

  emptyText(): string | undefined {
    return this.#settings.emptyText();
  }

  draw(pen: Pen, view: TrackView): void {
    const { series: all, isStacked = false } = this.#settings;
    this.#drawn = view;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    all.forEach((series, s) => {
      const points = this.#points[s];
      if (points === undefined) return;
      points.count = 0;
      if (series.absence?.() !== undefined) return;
      decimate(series, view, points);
      if (isStacked && s > 0) stack(points, this.#points[s - 1]);
      for (let i = 0; i < points.count; i++) {
        if ((points.lows[i] ?? 0) < lowest) lowest = points.lows[i] ?? 0;
        if ((points.highs[i] ?? 0) > highest) highest = points.highs[i] ?? 0;
      }
    });
    const { scale: kind, roundness } = this.#settings;
    const scale = this.#scale.fit(kind, [lowest, highest], view.isMoving === true, roundness);
    drawGrid(pen, view, scale, roundness);
    // The first series is the most important one and lies on top; of a stack it is the lowest.
    for (let s = all.length - 1; s >= 0; s--) {
      const series = all[s];
      const points = this.#points[s];
      if (series === undefined || points === undefined) continue;
      drawSeries(pen, view, scale, series, points, isStacked ? this.#points[s - 1] : undefined, isStacked);
    }
  }

  axis(view: TrackView): readonly AxisLabel[] {
    const { value } = this.#scale;
    return value === undefined ? [] : axisLabels(view, value, this.#settings.format, this.#settings.roundness);
  }

  legend(timeNs: number | undefined, palette: Palette): readonly LegendItem[] {
    return this.#settings.series.map((series) => ({
      label: series.label,
      colour: colourOf(series, palette),
      dash: series.dash,
      value: this.#settings.format(
        timeNs === undefined ? this.#valueNow(series) : (this.#pointAt(series, timeNs)?.value ?? Number.NaN),
      ),
      absence: series.absence?.(),
    }));
  }

  #valueNow(series: LineSeries): number {
    const ring = series.ring();
    if (ring.rows === 0) return Number.NaN;
    if (series.isState === true) return series.valueOf(ring.end - 1);
    // A single frame is too short to be read, and would contradict the figures above the tracks.
    const recent = recentStretch(this.#settings.steadySinceNs?.() ?? Number.NEGATIVE_INFINITY, ring);
    return recent === undefined ? Number.NaN : series.between(recent.fromNs, recent.toNs);
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const { value: scale } = this.#scale;
    if (scale === undefined) return undefined;
    const timeNs = nsAt(view, xPx);
    let nearest: { series: LineSeries; point: PointAt; px: number } | undefined;
    let below = 0;
    for (const series of this.#settings.series) {
      const point = this.#pointAt(series, timeNs);
      if (point === undefined) continue;
      const px = Math.abs(yOf(view, scale, below + point.value) - yPx);
      if (this.#settings.isStacked === true) below += point.value;
      if (px < (nearest?.px ?? 12)) nearest = { series, point, px };
    }
    if (nearest === undefined) return undefined;
    const { series, point } = nearest;
    const { format } = this.#settings;
    const range = point.low < point.high ? [`from ${format(point.low)} to ${format(point.high)} around it`] : [];
    return { title: series.label, lines: [format(point.value), ...range] };
  }

  #pointAt(series: LineSeries, timeNs: number): PointAt | undefined {
    return pointAt(series, scaleTelling(this.#drawn, timeNs), timeNs);
  }

  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    return this.#settings.series.map((series) => ({
      label: series.label,
      value: this.#settings.format(series.between(fromNs, toNs)),
    }));
  }

  table(fromNs: number, toNs: number): Table {
    const { series, tableUnit, originNs } = this.#settings;
    // Of whoever told anything: of a server there may be nothing while its clients count.
    const ring = series.map((one) => one.ring()).find(({ rows }) => rows > 0);
    const columns = ['time s', ...series.map(({ label }) => `${label} ${tableUnit}`.trim())];
    if (ring === undefined) return { columns, rows: [] };
    const end = ring.lowerBound(toNs + 1);
    const first = Math.max(ring.lowerBound(fromNs), end - maxTableRows);
    const rows: number[][] = [];
    for (let row = first; row < end; row++) {
      const timeNs = ring.timeAt(row);
      const values = series.map((one) => (one.ring() === ring ? one.valueOf(row) : valueAt(one, timeNs)));
      rows.push([(timeNs - originNs()) / 1e9, ...values]);
    }
    if (first === ring.lowerBound(fromNs)) return { columns, rows };
    return { columns, rows, note: `Only the newest ${maxTableRows} frames of the window are listed.` };
  }
}

/** In a palette. */
export const colourOf = ({ colour, model }: Pick<LineSeries, 'colour' | 'model'>, palette: Palette): string =>
  (model === undefined ? undefined : modelColour(model, palette.name)) ?? palette.series[colour];

/** Of a series with other rows than its table has. */
function valueAt(series: LineSeries, timeNs: number): number {
  const ring = series.ring();
  const row = ring.rows === 0 ? -1 : rowAt(ring, timeNs);
  return row < 0 ? Number.NaN : series.valueOf(row);
}

export const yOf = (view: TrackView, scale: ValueScale, value: number): number =>
  view.heightPx - bottomPaddingPx - shareOf(scale, value) * (view.heightPx - topPaddingPx - bottomPaddingPx);

/** The heights of the first `count` values, which hold until `into` is used again. */
export function heightsOf(
  view: TrackView,
  scale: ValueScale,
  values: Float64Array,
  count: number,
  into: Scratch,
): Float64Array {
  const ys = into.take(count);
  for (let i = 0; i < count; i++) ys[i] = yOf(view, scale, values[i] ?? Number.NaN);
  return ys;
}

/** Ticks no closer than people can read them. */
const gridOf = (view: TrackView, scale: ValueScale, roundness?: Roundness): number[] =>
  gridValues(scale, Math.floor((view.heightPx - topPaddingPx) / 22), roundness);

export function drawGrid(pen: Pen, view: TrackView, scale: ValueScale, roundness?: Roundness): void {
  for (const value of gridOf(view, scale, roundness)) {
    const y = Math.round(yOf(view, scale, value)) + 0.5;
    pen.line([0, view.widthPx], [y, y], 2, { colour: view.palette.grid, widthPx: 1 });
  }
}

export const axisLabels = (
  view: TrackView,
  scale: ValueScale,
  format: (value: number) => string,
  roundness?: Roundness,
): AxisLabel[] =>
  gridOf(view, scale, roundness).map((value) => ({ yPx: yOf(view, scale, value), text: format(value) }));

const steps = new LinePoints();
const stepsBelow = new LinePoints();
const scratch = { line: new Scratch(), top: new Scratch(), bottom: new Scratch() } as const;

function drawSeries(
  pen: Pen,
  view: TrackView,
  scale: ValueScale,
  series: LineSeries,
  raw: LinePoints,
  under: LinePoints | undefined,
  isStacked: boolean,
): void {
  const leastPx = leastStepPx(raw.count, view.widthPx);
  const points = stepped(raw, steps, leastPx);
  const { count, xs } = points;
  const colour = colourOf(series, view.palette);
  const heights = (values: Float64Array, into: Scratch): Float64Array => heightsOf(view, scale, values, count, into);
  const ys = heights(points.means, scratch.line);
  if (isStacked || series.isFilled === true) {
    const floor = under && stepped(under, stepsBelow, leastPx);
    const bottoms =
      floor?.count === count
        ? heights(floor.means, scratch.bottom)
        : scratch.bottom.take(count).fill(view.heightPx - bottomPaddingPx);
    pen.band(xs, ys, bottoms, count, colour, isStacked ? 0.45 : 0.12);
  }
  let isSpread = false;
  for (let i = 0; i < count && !isSpread; i++) isSpread = points.highs[i] !== points.lows[i];
  if (isSpread && !isStacked) {
    const [tops, bottoms] = [heights(points.highs, scratch.top), heights(points.lows, scratch.bottom)];
    pen.band(xs, tops, bottoms, count, colour, 0.22);
  }
  const stroke = { colour, widthPx: view.pixelRatio >= 2 ? 1.5 : 1 };
  pen.line(xs, ys, count, series.dash === undefined ? stroke : { ...stroke, dash: series.dash });
}
