/** A sequence diagram as an SVG document of its own. */
import type { Sequence } from './entries.ts';
import {
  monoFont,
  sequencePalettes,
  sequencePicture,
  uiFont,
  type SequencePalette,
  type SequenceView,
} from './picture.ts';
import type { Shape } from './shapes.ts';

// Characters that XML 1.0 has no way to write become the sign for a missing character.
const escape = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
const n = (value: number): string => String(Math.round(value * 100) / 100);

function shapeText(shape: Shape, { roles }: SequencePalette): string {
  const { stroke = 'none', fill = 'none' } = roles[shape.role];
  switch (shape.kind) {
    case 'rect': {
      const { x, y, width, height, radius, isOpen } = shape;
      const area = `x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${n(radius)}"`;
      if (isOpen !== true) return `<rect ${area} fill="${fill}" stroke="${stroke}"/>`;
      const [right, bottom] = [x + width, y + height];
      const outline = `M${n(x)} ${n(bottom)}V${n(y)}H${n(right)}V${n(bottom)}`;
      return `<rect ${area} fill="${fill}"/><path d="${outline}" fill="none" stroke="${stroke}" stroke-dasharray="3 3"/>`;
    }
    case 'path': {
      const dash = shape.dash === undefined ? '' : ` stroke-dasharray="${shape.dash}"`;
      const area = shape.isFilled === true ? fill : 'none';
      return `<path d="${shape.d}" fill="${area}" stroke="${stroke}" stroke-width="${n(shape.widthPx)}"${dash}/>`;
    }
    case 'text': {
      const font = shape.isMono ? monoFont : uiFont;
      const weight = shape.isBold === true ? ' font-weight="600"' : '';
      const full = shape.full === undefined ? '' : `<title>${escape(shape.full)}</title>`;
      return `<text x="${n(shape.x)}" y="${n(shape.y)}" fill="${fill}" font-size="${shape.sizePx}" font-family="${font}" text-anchor="${shape.anchor}"${weight} xml:space="preserve">${full}${escape(shape.text)}</text>`;
    }
  }
}

export function sequenceSvg(sequence: Sequence, view: SequenceView): string {
  const palette = sequencePalettes[view.theme];
  const { width, height, parts } = sequencePicture(sequence, view);
  const drawn = parts.map(
    ({ top, shapes }) =>
      `<g transform="translate(0 ${n(top)})">${shapes.map((shape) => shapeText(shape, palette)).join('')}</g>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}">` +
    `<title>${escape(view.title)}</title><rect width="100%" height="100%" fill="${palette.background}"/>` +
    `${drawn.join('')}</svg>\n`
  );
}
