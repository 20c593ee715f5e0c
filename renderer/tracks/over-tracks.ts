/** What lies over the picture of every track: when something happened, and of which stretches nothing is known. */
import { measuredStretches } from '../../shared/session/measured.ts';
import type { TelemetryHistory } from '../stores/history.ts';
import type { Palette } from '../theme/palette.ts';
import { Markers, markerColour } from './markers.ts';
import type { Pen } from './pen.ts';
import { pxOf, type TimeScale } from './time-scale.ts';
import type { TrackView } from './track.ts';

const hatchSpacingPx = 7;
/** Of letters of 11 px, about. */
const charPx = 6.4;

/** Stretches that a session does not hold: hatched, as in the overview of its transport. */
export function drawMissing(
  pen: Pen,
  scale: TimeScale,
  stretches: TelemetryHistory['moments']['missing'],
  heightPx: number,
  palette: Palette,
): void {
  for (const { fromNs, toNs } of stretches) {
    const left = Math.max(0, pxOf(scale, fromNs));
    const width = Math.min(scale.widthPx, pxOf(scale, toNs)) - left;
    if (width <= 0) continue;
    // Whatever a track draws there it does not know.
    pen.rect(left, 0, width, heightPx, palette.background);
    const [xs, ys]: [number[], number[]] = [[], []];
    for (let offset = hatchSpacingPx - heightPx; offset < width; offset += hatchSpacingPx) {
      const [from, to] = [Math.max(0, offset), Math.min(width, offset + heightPx)];
      xs.push(left + from, left + to, Number.NaN);
      ys.push(heightPx + offset - from, heightPx + offset - to, Number.NaN);
    }
    pen.line(xs, ys, xs.length, { colour: palette.series.orange, widthPx: 1 });
  }
}

/** Of which time the figures are: a line along the top, and a tint. */
function drawMeasured(pen: Pen, view: TrackView, history: TelemetryHistory): void {
  const moments = history.moments.marks
    .filter(({ source }) => source === 'clients')
    .map(({ name, timeNs }) => ({ kind: 'mark', name, timeNs }));
  for (const { fromNs, toNs } of measuredStretches({ moments, endedNs: history.newestNs })) {
    const [left, right] = [Math.max(0, pxOf(view, fromNs)), Math.min(view.widthPx, pxOf(view, toNs))];
    if (right <= left) continue;
    const colour = view.palette.series.blue;
    pen.rect(left, 0, right - left, view.heightPx, colour, 0.05);
    pen.rect(left, 0, right - left, 2, colour);
    const words = 'measured';
    if (right - left < words.length * charPx + 12) continue;
    pen.text(right - 4, view.heightPx - 5, words, {
      ...{ colour: view.palette.muted, sizePx: 11, halo: view.palette.background, align: 'right' },
    });
  }
}

/** For pictures, which have no flags above them: who served from when, and what people wrote, in words. */
export function momentsOver(history: TelemetryHistory): (pen: Pen, view: TrackView) => void {
  const markers = new Markers(history);
  return (pen, view) => {
    const { palette, heightPx } = view;
    drawMissing(pen, view, history.moments.missing, heightPx, palette);
    drawMeasured(pen, view, history);
    const free = { model: 0, annotation: 0 };
    for (const { kind, timeNs, toNs, label, text } of markers.all) {
      if (kind !== 'model' && kind !== 'annotation') continue;
      if ((toNs ?? timeNs) < view.fromNs || timeNs > view.toNs) continue;
      const colour = markerColour(kind, palette);
      const x = Math.max(0, Math.round(pxOf(view, timeNs))) + 0.5;
      if (toNs !== undefined) pen.rect(x, 0, Math.min(view.widthPx, pxOf(view, toNs)) - x, heightPx, colour, 0.12);
      pen.line([x, x], [0, heightPx], 2, { colour, widthPx: 1, ...(kind === 'annotation' && { dash: [3, 3] }) });
      const words = kind === 'model' ? label : text.replaceAll(/\s+/g, ' ');
      const wordsPx = 12 + words.length * charPx;
      const isNearEnd = x + wordsPx > view.widthPx;
      const begin = isNearEnd ? x - wordsPx : x;
      // Words that would lie over those before them are left out; the line is there.
      if (begin < free[kind]) continue;
      free[kind] = begin + wordsPx;
      pen.text(isNearEnd ? x - 4 : x + 4, kind === 'model' ? 12 : 26, words, {
        ...{ colour: palette.text, sizePx: 11, halo: palette.background, align: isNearEnd ? 'right' : 'left' },
      });
    }
  };
}
