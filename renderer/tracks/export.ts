/** A track as a picture to keep: with its name, its axis and its legend, as a document of its own. */
import { newCanvas } from './new-canvas.ts';
import { CanvasPen, type Pen, type PicturePen } from './pen.ts';
import { SvgPen } from './svg-pen.ts';
import { timeTicks } from './time-scale.ts';
import type { Track, TrackView } from './track.ts';

const headPx = 40;
const axisPx = 22;
/** For ticks and names, which stand beside the plot as on the screen. */
const gutterPx = 60;
/** Pictures for print and slides are wanted sharper than a screen. */
const pngRatio = 2;

/** Over the track's own picture, within its height. */
type DrawOver = (pen: Pen, view: TrackView) => void;

function drawPicture(track: Track, whole: TrackView, originNs: number, pen: PicturePen, drawOver?: DrawOver): void {
  const { palette, heightPx } = whole;
  const view = { ...whole, widthPx: whole.widthPx - gutterPx };
  const { widthPx } = view;
  const fullPx = headPx + heightPx + axisPx;
  pen.rect(0, 0, whole.widthPx, fullPx, palette.background);
  pen.within(gutterPx, headPx, () => {
    track.draw(pen, view);
    drawOver?.(pen, view);
  });
  pen.rect(0, 0, whole.widthPx, headPx, palette.background);
  pen.rect(0, 0, gutterPx, fullPx, palette.background);
  for (const { yPx, text } of track.axis?.(view) ?? []) {
    const y = headPx + Math.max(8, yPx + 3.5);
    pen.text(gutterPx - 6, y, text, { colour: palette.muted, sizePx: 10, align: 'right' });
  }
  pen.text(6, 15, `${track.title}, ${track.unit}`, { colour: palette.text, sizePx: 13 });
  let x = 6;
  for (const item of track.legend((view.fromNs + view.toNs) / 2, palette)) {
    // In the picture there is nothing of it, and no room for why.
    if (item.absence !== undefined) continue;
    if (item.hatch === undefined) {
      const stroke = { colour: item.colour, widthPx: 2 };
      pen.line([x, x + 16], [28, 28], 2, item.dash === undefined ? stroke : { ...stroke, dash: item.dash });
    } else pen.band([x, x + 16], [24, 24], [33, 33], 2, item.colour, 1, item.hatch);
    pen.text(x + 20, 32, item.label, { colour: palette.text, sizePx: 11 });
    x += 34 + item.label.length * 6.4;
  }
  for (const tick of timeTicks(view, originNs)) {
    pen.rect(gutterPx + tick.px, headPx + heightPx, 1, 5, palette.axis);
    const align = tick.px < 20 ? 'left' : tick.px > widthPx - 30 ? 'right' : 'center';
    pen.text(gutterPx + tick.px, fullPx - 5, tick.label, { colour: palette.muted, sizePx: 11, align });
  }
}

export function trackAsSvg(track: Track, view: TrackView, originNs: number, drawOver?: DrawOver): string {
  const pen = new SvgPen();
  drawPicture(track, view, originNs, pen, drawOver);
  return pen.document(view.widthPx, headPx + view.heightPx + axisPx, track.title);
}

/** Throws where there is no memory for it. */
export function trackAsCanvas(track: Track, view: TrackView, originNs: number, drawOver?: DrawOver): HTMLCanvasElement {
  const canvas = newCanvas();
  canvas.width = Math.round(view.widthPx * pngRatio);
  canvas.height = Math.round((headPx + view.heightPx + axisPx) * pngRatio);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('There is no memory left for a picture of this size.');
  context.scale(pngRatio, pngRatio);
  const pen = new CanvasPen(context);
  drawPicture(track, { ...view, pixelRatio: pngRatio }, originNs, pen, drawOver);
  return canvas;
}

/** Throws where the browser has no memory for it. */
export async function trackAsPng(track: Track, view: TrackView, originNs: number, drawOver?: DrawOver): Promise<Blob> {
  const canvas = trackAsCanvas(track, view, originNs, drawOver);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The browser could not write the picture.'));
      else resolve(blob);
    }, 'image/png');
  });
}

/** Hands a file to the browser, which asks where to put it or does as it was set. */
export function download(name: string, content: Blob | string, type: string): void {
  const blob = typeof content === 'string' ? new Blob([content], { type }) : content;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
