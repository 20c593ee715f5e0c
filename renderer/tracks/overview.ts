/** The whole run in one strip: what was answered over time, which model served when, and what was found. */
import { modelColour } from '../../shared/model-colours.ts';
import type { FigureSource, TelemetryHistory } from '../stores/history.ts';
import type { TimeRange } from '../stores/timebase.ts';
import type { Palette } from '../theme/palette.ts';
import { decimate, LinePoints, type Samples } from './decimate.ts';
import { drawMissing } from './over-tracks.ts';
import type { Pen } from './pen.ts';
import { totalSamples } from './samples.ts';
import { pxOf, type TimeScale } from './time-scale.ts';
import { niceTop } from './value-scale.ts';

const bandPx = 4;
const topPx = 3;

/** What the strip spans: all that is kept; a second at least, so that the first frames do not fill it. */
export function wholeRun(bounds: TimeRange | undefined): TimeRange {
  const fromNs = bounds?.fromNs ?? 0;
  return { fromNs, toNs: Math.max(fromNs + 1e9, bounds?.toNs ?? 0) };
}

export class Overview {
  readonly #history: TelemetryHistory;
  readonly #points = new LinePoints();
  /** Each keeps the rates that it has worked out. */
  readonly #samples: Readonly<Record<'server' | 'clients', Samples>>;

  constructor(history: TelemetryHistory) {
    this.#history = history;
    const requestsOf = (source: FigureSource): Samples =>
      totalSamples(() => history.counters[source], ['counter.requests']);
    this.#samples = { server: requestsOf('server'), clients: requestsOf('clients') };
  }

  draw(pen: Pen, scale: TimeScale, heightPx: number, palette: Palette): void {
    const { moments, isWatchedFromOutside } = this.#history;
    const points = decimate(this.#samples[isWatchedFromOutside ? 'clients' : 'server'], scale, this.#points);
    const { count, xs, means } = points;
    let highest = 0;
    for (let i = 0; i < count; i++) if ((means[i] ?? 0) > highest) highest = means[i] ?? 0;
    const floorPx = heightPx - bandPx;
    const top = niceTop(highest);
    const ys = new Float64Array(count);
    for (let i = 0; i < count; i++) ys[i] = floorPx - ((means[i] ?? Number.NaN) / top) * (floorPx - topPx);
    pen.band(xs, ys, new Float64Array(count).fill(floorPx), count, palette.series.sky, 0.3);
    pen.line(xs, ys, count, { colour: palette.series.sky, widthPx: 1 });
    moments.models.forEach(({ model, timeNs }, i) => {
      const fromPx = Math.max(0, pxOf(scale, timeNs));
      const toPx = Math.min(scale.widthPx, pxOf(scale, moments.models[i + 1]?.timeNs ?? scale.toNs));
      if (toPx <= fromPx) return;
      pen.rect(fromPx, floorPx, toPx - fromPx, bandPx, modelColour(model, palette.name) ?? palette.muted);
    });
    for (const { timeNs } of moments.findings) pen.rect(pxOf(scale, timeNs) - 1, 0, 2, 5, palette.series.orange);
    drawMissing(pen, scale, moments.missing, floorPx, palette);
  }
}
