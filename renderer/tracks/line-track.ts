/** Lines over time: rates, gauges, percentiles. Where a pixel holds several frames, a band shows their range. */
import type { Palette, SeriesColour } from '../theme/palette.ts';
import { recentStretch } from '../stores/figures.ts';
import type { SeriesRing } from '../stores/rings.ts';
import { decimate, LinePoints, rowAt } from './decimate.ts';
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
import { fitScale, gridValues, shareOf, type ValueScale } from './value-scale.ts';

export interface LineSeries {
  readonly label: string;
  readonly colour: SeriesColour;
  readonly dash?: readonly number[];
  /** The area below it is tinted. */
  readonly isFilled?: boolean;
  /** Looked up at every use: a reset makes new rings. */
  ring(): SeriesRing;
  /** NaN where a row has none. */
  valueOf(row: number): number;
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
  readonly series: readonly LineSeries[];
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

export class LineTrack implements Track {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly heightPx: number;
  readonly #settings: LineTrackSettings;
  readonly #points: readonly LinePoints[];
  #scale: ValueScale | undefined;

  constructor(settings: LineTrackSettings) {
    ({ id: this.id, title: this.title, unit: this.unit, help: this.help, heightPx: this.heightPx } = settings);
    this.#settings = settings;
    this.#points = settings.series.map(() => new LinePoints());
  }

  emptyText(): string | undefined {
    return this.#settings.emptyText();
  }

  draw(pen: Pen, view: TrackView): void {
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    this.#settings.series.forEach((series, s) => {
      const points = this.#points[s];
      if (points === undefined) return;
      points.count = 0;
      if (series.absence?.() !== undefined) return;
      decimate(series.ring(), (row) => series.valueOf(row), view, points);
      for (let i = 0; i < points.count; i++) {
        if ((points.lows[i] ?? 0) < lowest) lowest = points.lows[i] ?? 0;
        if ((points.highs[i] ?? 0) > highest) highest = points.highs[i] ?? 0;
      }
    });
    this.#scale = fitScale(this.#settings.scale, lowest, highest, this.#scale);
    const scale = this.#scale;
    drawGrid(pen, view, scale);
    // The first series is the most important one and lies on top.
    for (let s = this.#settings.series.length - 1; s >= 0; s--) {
      const series = this.#settings.series[s];
      const points = this.#points[s];
      if (series !== undefined && points !== undefined) drawSeries(pen, view, scale, series, points);
    }
  }

  axis(view: TrackView): readonly AxisLabel[] {
    return this.#scale === undefined ? [] : axisLabels(view, this.#scale, this.#settings.format);
  }

  legend(timeNs: number | undefined, palette: Palette): readonly LegendItem[] {
    return this.#settings.series.map((series) => ({
      label: series.label,
      colour: palette.series[series.colour],
      dash: series.dash,
      value: this.#settings.format(timeNs === undefined ? this.#valueNow(series) : valueAt(series, timeNs)),
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
    if (this.#scale === undefined) return undefined;
    const timeNs = view.fromNs + (xPx * (view.toNs - view.fromNs)) / view.widthPx;
    let nearest: { series: LineSeries; value: number; px: number } | undefined;
    for (const series of this.#settings.series) {
      const value = valueAt(series, timeNs);
      const px = Math.abs(yOf(view, this.#scale, value) - yPx);
      if (px < (nearest?.px ?? 12)) nearest = { series, value, px };
    }
    if (nearest === undefined) return undefined;
    return { title: nearest.series.label, lines: [this.#settings.format(nearest.value)] };
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

function valueAt(series: LineSeries, timeNs: number): number {
  const ring = series.ring();
  if (ring.rows === 0) return Number.NaN;
  const row = rowAt(ring, timeNs);
  return row < 0 ? Number.NaN : series.valueOf(row);
}

export const yOf = (view: TrackView, scale: ValueScale, value: number): number =>
  view.heightPx - bottomPaddingPx - shareOf(scale, value) * (view.heightPx - topPaddingPx - bottomPaddingPx);

/** Ticks no closer than people can read them. */
const gridOf = (view: TrackView, scale: ValueScale): number[] =>
  gridValues(scale, Math.floor((view.heightPx - topPaddingPx) / 22));

export function drawGrid(pen: Pen, view: TrackView, scale: ValueScale): void {
  for (const value of gridOf(view, scale)) {
    const y = Math.round(yOf(view, scale, value)) + 0.5;
    pen.line([0, view.widthPx], [y, y], 2, { colour: view.palette.grid, widthPx: 1 });
  }
}

export const axisLabels = (view: TrackView, scale: ValueScale, format: (value: number) => string): AxisLabel[] =>
  gridOf(view, scale).map((value) => ({ yPx: yOf(view, scale, value), text: format(value) }));

function drawSeries(pen: Pen, view: TrackView, scale: ValueScale, series: LineSeries, points: LinePoints): void {
  const { count, xs } = points;
  const colour = view.palette.series[series.colour];
  const heights = (values: Float64Array): Float64Array => {
    const ys = new Float64Array(count);
    for (let i = 0; i < count; i++) ys[i] = yOf(view, scale, values[i] ?? Number.NaN);
    return ys;
  };
  const ys = heights(points.means);
  if (series.isFilled === true) {
    const floor = new Float64Array(count).fill(view.heightPx - bottomPaddingPx);
    pen.band(xs, ys, floor, count, colour, 0.12);
  }
  let isSpread = false;
  for (let i = 0; i < count && !isSpread; i++) isSpread = points.highs[i] !== points.lows[i];
  if (isSpread) pen.band(xs, heights(points.highs), heights(points.lows), count, colour, 0.22);
  const stroke = { colour, widthPx: view.pixelRatio >= 2 ? 1.5 : 1 };
  pen.line(xs, ys, count, series.dash === undefined ? stroke : { ...stroke, dash: series.dash });
  // At close zoom the frames themselves are seen: between them nothing was measured.
  if (count > 1 && count < view.widthPx / 24) {
    for (let i = 0; i < count; i++) {
      if (!Number.isNaN(ys[i] ?? Number.NaN)) pen.rect((xs[i] ?? 0) - 2, (ys[i] ?? 0) - 2, 4, 4, colour);
    }
  }
}
