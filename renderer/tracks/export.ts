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

/** A picture for paper: so wide that its letters, of 10 and more, are 8 pt where it is printed 160 mm wide. */
const printPx = 560;
/** Of letters of 11, about. */
const charPx = 6;
const captionLinePx = 15;

/** Over the track's own picture, within its height. */
type DrawOver = (pen: Pen, view: TrackView) => void;

export interface PictureParts {
  readonly drawOver?: DrawOver | undefined;
  /** What was measured, where and when. With it the picture is one for paper, with titles at its axes, however wide it is shown. */
  readonly caption?: string | undefined;
}

interface Sheet {
  readonly view: TrackView;
  readonly leftPx: number;
  readonly heightPx: number;
  readonly lines: readonly string[];
}

/** Words into lines that are no longer than the picture is wide. */
function wrapped(text: string, widthPx: number): string[] {
  const most = Math.floor((widthPx - 12) / charPx);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What the axis is of, as far as there is room beside it; its ticks have the units of their values. */
function axisTitle({ title, unit }: Track, heightPx: number): string {
  const [first = ''] = unit.split(',');
  const fitting = [`${title}, ${first}`, first].find((text) => text.length * charPx <= heightPx);
  return fitting ?? '';
}

function sheetOf(whole: TrackView, caption: string | undefined): Sheet {
  if (caption === undefined) {
    const view = { ...whole, widthPx: whole.widthPx - gutterPx };
    return { view, leftPx: gutterPx, heightPx: headPx + whole.heightPx + axisPx, lines: [] };
  }
  const leftPx = gutterPx + 14;
  const lines = caption === '' ? [] : wrapped(caption, printPx);
  const view = { ...whole, widthPx: printPx - leftPx };
  const belowPx = axisPx + 16 + lines.length * captionLinePx + 6;
  return { view, leftPx, heightPx: headPx + whole.heightPx + belowPx, lines };
}

function drawPicture(
  track: Track,
  { view, leftPx, heightPx, lines }: Sheet,
  originNs: number,
  pen: PicturePen,
  parts: PictureParts,
): void {
  const { palette, widthPx } = view;
  const wholePx = leftPx + widthPx;
  const plotFootPx = headPx + view.heightPx;
  pen.rect(0, 0, wholePx, heightPx, palette.background);
  pen.within(leftPx, headPx, () => {
    track.draw(pen, view);
    parts.drawOver?.(pen, view);
  });
  pen.rect(0, 0, wholePx, headPx, palette.background);
  pen.rect(0, 0, leftPx, heightPx, palette.background);
  for (const { yPx, text } of track.axis?.(view) ?? []) {
    const y = headPx + Math.max(8, yPx + 3.5);
    pen.text(leftPx - 6, y, text, { colour: palette.muted, sizePx: 10, align: 'right' });
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
    pen.rect(leftPx + tick.px, plotFootPx, 1, 5, palette.axis);
    const align = tick.px < 20 ? 'left' : tick.px > widthPx - 30 ? 'right' : 'center';
    pen.text(leftPx + tick.px, plotFootPx + axisPx - 5, tick.label, { colour: palette.muted, sizePx: 11, align });
  }
  if (parts.caption === undefined) return;
  const words = { colour: palette.text, sizePx: 11 } as const;
  pen.text(leftPx + widthPx / 2, plotFootPx + axisPx + 10, 'time since the start', { ...words, align: 'center' });
  pen.text(13, headPx + view.heightPx / 2, axisTitle(track, view.heightPx), {
    ...{ ...words, align: 'center', isUpright: true },
  });
  lines.forEach((line, i) => {
    const y = plotFootPx + axisPx + 16 + (i + 1) * captionLinePx - 3;
    pen.text(6, y, line, { colour: palette.muted, sizePx: 11 });
  });
}

export function trackAsSvg(track: Track, whole: TrackView, originNs: number, parts: PictureParts = {}): string {
  const pen = new SvgPen();
  const sheet = sheetOf(whole, parts.caption);
  drawPicture(track, sheet, originNs, pen, parts);
  return pen.document(sheet.leftPx + sheet.view.widthPx, sheet.heightPx, track.title, whole.widthPx);
}

/** Throws where there is no memory for it. */
export function trackAsCanvas(
  track: Track,
  whole: TrackView,
  originNs: number,
  parts: PictureParts = {},
): HTMLCanvasElement {
  const sheet = sheetOf(whole, parts.caption);
  const ratio = (pngRatio * whole.widthPx) / (sheet.leftPx + sheet.view.widthPx);
  const canvas = newCanvas();
  canvas.width = Math.round(whole.widthPx * pngRatio);
  canvas.height = Math.round((sheet.heightPx * ratio) / pngRatio) * pngRatio;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('There is no memory left for a picture of this size.');
  context.scale(ratio, ratio);
  const pen = new CanvasPen(context);
  drawPicture(track, { ...sheet, view: { ...sheet.view, pixelRatio: ratio } }, originNs, pen, parts);
  return canvas;
}

/** Throws where the browser has no memory for it. */
export async function trackAsPng(
  track: Track,
  view: TrackView,
  originNs: number,
  parts: PictureParts = {},
): Promise<Blob> {
  const canvas = trackAsCanvas(track, view, originNs, parts);
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
