/** A track as SVG text. */
import {
  forEachRun,
  monoFont,
  uiFont,
  type CanvasPart,
  type PicturePen,
  type Stroke,
  type TextStyle,
  hatchOpacity,
  hatchPaths,
  hatchPx,
  type Hatch,
} from './pen.ts';
import { newCanvas } from './new-canvas.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const n = (value: number): string => String(Math.round(value * 100) / 100);

export class SvgPen implements PicturePen {
  readonly #parts: string[] = [];
  readonly #hatches = new Set<Hatch>();

  within(xPx: number, yPx: number, draw: () => void): void {
    this.#parts.push(`<g transform="translate(${n(xPx)} ${n(yPx)})">`);
    draw();
    this.#parts.push('</g>');
  }

  rect(x: number, y: number, width: number, height: number, fill: string, opacity = 1): void {
    const shade = opacity === 1 ? '' : ` fill-opacity="${opacity}"`;
    this.#parts.push(
      `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"${shade}/>`,
    );
  }

  line(xs: ArrayLike<number>, ys: ArrayLike<number>, count: number, stroke: Stroke): void {
    const path: string[] = [];
    forEachRun(ys, count, (first, end) => {
      for (let i = first; i < end; i++) path.push(`${i === first ? 'M' : 'L'}${n(xs[i] ?? 0)} ${n(ys[i] ?? 0)}`);
    });
    if (path.length === 0) return;
    const dash = stroke.dash === undefined ? '' : ` stroke-dasharray="${stroke.dash.join(' ')}"`;
    this.#parts.push(
      `<path d="${path.join('')}" fill="none" stroke="${stroke.colour}" stroke-width="${stroke.widthPx}"${dash}/>`,
    );
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
    const path: string[] = [];
    forEachRun(tops, count, (first, end) => {
      for (let i = first; i < end; i++) path.push(`${i === first ? 'M' : 'L'}${n(xs[i] ?? 0)} ${n(tops[i] ?? 0)}`);
      for (let i = end - 1; i >= first; i--) path.push(`L${n(xs[i] ?? 0)} ${n(bottoms[i] ?? 0)}`);
      path.push('Z');
    });
    if (path.length === 0) return;
    const d = path.join('');
    this.#parts.push(`<path d="${d}" fill="${fill}" fill-opacity="${opacity}"/>`);
    if (hatch === 'plain') return;
    this.#hatches.add(hatch);
    this.#parts.push(`<path d="${d}" fill="url(#hatch-${hatch})" fill-opacity="${hatchOpacity}"/>`);
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const anchor = { left: 'start', center: 'middle', right: 'end' }[style.align ?? 'left'];
    const halo =
      style.halo === undefined
        ? ''
        : ` stroke="${style.halo}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"`;
    const turned = style.isUpright === true ? ` transform="rotate(-90 ${n(x)} ${n(y)})"` : '';
    const font = escape(style.isMono === true ? monoFont : uiFont);
    this.#parts.push(
      `<text x="${n(x)}" y="${n(y)}" fill="${style.colour}" font-size="${style.sizePx}" font-family="${font}" text-anchor="${anchor}"${halo}${turned}>${escape(text)}</text>`,
    );
  }

  /** Pixels stay pixels: a raster of ten thousand rows as rectangles would open nowhere. */
  image(source: CanvasPart, x: number, y: number, width: number, height: number): void {
    const part = newCanvas();
    part.width = Math.max(1, source.width);
    part.height = Math.max(1, source.height);
    part
      .getContext('2d')
      ?.drawImage(source.canvas, source.x, source.y, source.width, source.height, 0, 0, source.width, source.height);
    this.#parts.push(
      `<image x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" style="image-rendering:pixelated" preserveAspectRatio="none" href="${part.toDataURL('image/png')}"/>`,
    );
  }

  /** `shownWidthPx`: how wide it is shown, where that is not as it was drawn. */
  document(widthPx: number, heightPx: number, title: string, shownWidthPx = widthPx): string {
    const shownHeightPx = Math.round((heightPx * shownWidthPx) / widthPx);
    const tiles = [...this.#hatches].map(
      (hatch) =>
        `<pattern id="hatch-${hatch}" width="${hatchPx}" height="${hatchPx}" patternUnits="userSpaceOnUse"><path d="${hatchPaths[hatch]}" stroke="#000"/></pattern>`,
    );
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${shownWidthPx}" height="${shownHeightPx}" viewBox="0 0 ${widthPx} ${heightPx}"><title>${escape(title)}</title><defs>${tiles.join('')}</defs>${this.#parts.join('')}</svg>\n`;
  }
}
