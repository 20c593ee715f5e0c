/** What tracks draw with, so that the same code fills a canvas and writes an SVG. Lengths are CSS pixels. */
import { newCanvas, newPath } from './new-canvas.ts';

export interface Stroke {
  readonly colour: string;
  readonly widthPx: number;
  readonly dash?: readonly number[];
}

export interface TextStyle {
  readonly colour: string;
  readonly sizePx: number;
  readonly align?: 'left' | 'center' | 'right';
  readonly isMono?: boolean;
  /** Read from below: turned by a quarter around its place. */
  readonly isUpright?: boolean;
  /** Drawn behind the letters, so that they can be read over lines. */
  readonly halo?: string;
}

/** Patterns of areas: what tells them apart without their colour. */
export const hatches = ['plain', 'dots', 'rising', 'falling', 'cross', 'bars'] as const;
export type Hatch = (typeof hatches)[number];

export interface Pen {
  rect(x: number, y: number, width: number, height: number, fill: string, opacity?: number): void;
  /** A line through the first `count` points; it is broken where a value is NaN. */
  line(xs: ArrayLike<number>, ys: ArrayLike<number>, count: number, stroke: Stroke): void;
  /** What lies between two lines over the same points. */
  band(
    xs: ArrayLike<number>,
    tops: ArrayLike<number>,
    bottoms: ArrayLike<number>,
    count: number,
    fill: string,
    opacity: number,
    hatch?: Hatch,
  ): void;
  /** Its baseline is at `y`. */
  text(x: number, y: number, text: string, style: TextStyle): void;
  /** Part of a canvas, its pixels drawn as they are. */
  image(source: CanvasPart, x: number, y: number, width: number, height: number): void;
}

/** A pen for whole pictures, whose parts lie beside and below each other. */
export interface PicturePen extends Pen {
  /** What `draw` draws with this pen comes some pixels further to the right, and further down. */
  within(xPx: number, yPx: number, draw: () => void): void;
}

export interface CanvasPart {
  readonly canvas: HTMLCanvasElement;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const uiFont = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";
export const monoFont =
  "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', 'Noto Sans Mono', 'DejaVu Sans Mono', monospace";

/** Lines of a tile of a hatch, as an SVG path; they go on in the next tile. */
export const hatchPx = 6;
export const hatchOpacity = 0.5;
export const hatchPaths: Readonly<Record<Hatch, string>> = {
  plain: '',
  dots: 'M1 1.5H2.5M4 4.5H5.5',
  rising: 'M-1 1L1 -1M0 6L6 0M5 7L7 5',
  falling: 'M-1 5L1 7M0 0L6 6M5 -1L7 1',
  cross: 'M0 0L6 6M6 0L0 6',
  bars: 'M0 3H6',
};
const hatchInk = '#000';
const tiles = new Map<Hatch, HTMLCanvasElement>();

function hatchTile(hatch: Hatch): HTMLCanvasElement {
  const known = tiles.get(hatch);
  if (known !== undefined) return known;
  const tile = newCanvas();
  tile.width = tile.height = hatchPx;
  const context = tile.getContext('2d');
  if (context !== null) {
    context.strokeStyle = hatchInk;
    context.lineWidth = 1;
    context.stroke(newPath(hatchPaths[hatch]));
  }
  tiles.set(hatch, tile);
  return tile;
}

export class CanvasPen implements PicturePen {
  readonly #context: CanvasRenderingContext2D;

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context;
  }

  within(xPx: number, yPx: number, draw: () => void): void {
    this.#context.save();
    this.#context.translate(xPx, yPx);
    draw();
    this.#context.restore();
  }

  rect(x: number, y: number, width: number, height: number, fill: string, opacity = 1): void {
    this.#context.globalAlpha = opacity;
    this.#context.fillStyle = fill;
    this.#context.fillRect(x, y, width, height);
    this.#context.globalAlpha = 1;
  }

  line(xs: ArrayLike<number>, ys: ArrayLike<number>, count: number, stroke: Stroke): void {
    const context = this.#context;
    context.strokeStyle = stroke.colour;
    context.lineWidth = stroke.widthPx;
    // Round joins and fine widths cost a multiple of hairlines where no GPU helps.
    context.lineJoin = 'bevel';
    context.setLineDash([...(stroke.dash ?? [])]);
    context.beginPath();
    let isOpen = false;
    for (let i = 0; i < count; i++) {
      const y = ys[i] ?? Number.NaN;
      if (Number.isNaN(y)) isOpen = false;
      else if (isOpen) context.lineTo(xs[i] ?? 0, y);
      else {
        context.moveTo(xs[i] ?? 0, y);
        isOpen = true;
      }
    }
    context.stroke();
    context.setLineDash([]);
  }

  band(
    xs: ArrayLike<number>,
    tops: ArrayLike<number>,
    bottoms: ArrayLike<number>,
    count: number,
    fill: string,
    opacity: number,
    hatch: Hatch = 'plain',
  ): void {
    const context = this.#context;
    context.globalAlpha = opacity;
    context.fillStyle = fill;
    context.beginPath();
    forEachRun(tops, count, (first, end) => {
      context.moveTo(xs[first] ?? 0, tops[first] ?? 0);
      for (let i = first + 1; i < end; i++) context.lineTo(xs[i] ?? 0, tops[i] ?? 0);
      for (let i = end - 1; i >= first; i--) context.lineTo(xs[i] ?? 0, bottoms[i] ?? 0);
      context.closePath();
    });
    context.fill();
    const pattern = hatch === 'plain' ? null : context.createPattern(hatchTile(hatch), 'repeat');
    if (pattern !== null) {
      context.globalAlpha = hatchOpacity;
      context.fillStyle = pattern;
      context.fill();
    }
    context.globalAlpha = 1;
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const context = this.#context;
    if (style.isUpright === true) {
      context.save();
      context.translate(x, y);
      context.rotate(-Math.PI / 2);
      this.text(0, 0, text, { ...style, isUpright: false });
      context.restore();
      return;
    }
    context.font = `${style.sizePx}px ${style.isMono === true ? monoFont : uiFont}`;
    context.textAlign = style.align ?? 'left';
    if (style.halo !== undefined) {
      context.strokeStyle = style.halo;
      context.lineWidth = 3;
      context.lineJoin = 'round';
      context.strokeText(text, x, y);
    }
    context.fillStyle = style.colour;
    context.fillText(text, x, y);
  }

  image(source: CanvasPart, x: number, y: number, width: number, height: number): void {
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    context.drawImage(source.canvas, source.x, source.y, source.width, source.height, x, y, width, height);
  }
}

/** Calls `visit` for each stretch of points without a NaN. */
export function forEachRun(ys: ArrayLike<number>, count: number, visit: (first: number, end: number) => void): void {
  let first = -1;
  for (let i = 0; i <= count; i++) {
    const isPoint = i < count && !Number.isNaN(ys[i] ?? Number.NaN);
    if (isPoint && first < 0) first = i;
    if (!isPoint && first >= 0) {
      visit(first, i);
      first = -1;
    }
  }
}
