/** Pictures of the lab report as inline SVG: bars of what was measured, and a drawing with what it was drawn for. */
import { modelColour } from '../../../shared/model-colours.ts';
import { figureWords } from '../../../shared/lesson/figure-words.ts';
import { escaped } from '../report/html-text.ts';

interface Bar {
  readonly label: string;
  readonly model: string;
  readonly value: number;
}
const rowPx = 24;
const labelPx = 250;
const widthPx = 760;

const px = (value: number): string => value.toFixed(1);

/** From 0, so that lengths may be compared. */
export function barsSvg(title: string, unit: string, bars: readonly Bar[]): string {
  if (bars.length === 0) return '';
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = widthPx - labelPx - 120;
  const rows = bars.map(({ label, model, value }, index) => {
    const y = index * rowPx;
    const length = Math.max(1, (value / most) * room);
    return (
      `<text x="${labelPx - 8}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>` +
      `<rect x="${labelPx}" y="${y + 4}" width="${px(length)}" height="${rowPx - 8}" fill="${modelColour(model, 'light') ?? '#687587'}"/>` +
      `<text x="${px(labelPx + length + 6)}" y="${y + 16}">${escaped(figureWords(value, unit))}</text>`
    );
  });
  return `<figure><figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${widthPx} ${bars.length * rowPx}" role="img" aria-label="${escaped(title)}">${rows.join('')}</svg></figure>`;
}

interface Curves {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly { readonly label: string; readonly measured: number | undefined }[];
  readonly predicted: readonly number[];
}

const plot = { left: 90, right: 20, top: 12, bottom: 30, height: 240 } as const;

/** Over a logarithmic axis where the values span decades. Nothing is drawn where nothing was measured. */
export function curvesSvg({ title, unit, points, predicted }: Curves): string {
  const values = [...points.flatMap(({ measured }) => measured ?? []), ...predicted].filter((value) => value > 0);
  if (values.length === 0 || points.length < 2) return '';
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isLog = most / least >= 20;
  const at = (value: number): number =>
    isLog
      ? (Math.log10(Math.max(value, least)) - Math.log10(least)) / (Math.log10(most) - Math.log10(least))
      : value / most;
  const x = (index: number): number => plot.left + (index / (points.length - 1)) * (widthPx - plot.left - plot.right);
  const y = (value: number): number => plot.height - plot.bottom - at(value) * (plot.height - plot.top - plot.bottom);
  const line = (all: readonly (number | undefined)[]): string =>
    all.flatMap((value, index) => (value === undefined ? [] : [`${px(x(index))},${px(y(value))}`])).join(' ');
  const ticks = [...new Set([least, most])].map(
    (value) =>
      `<text x="${plot.left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${escaped(figureWords(value, unit))}</text>`,
  );
  // Those at the ends begin and end with the axis, where a middle would be cut off.
  const anchorOf = (index: number): string => (index === 0 ? 'start' : index === points.length - 1 ? 'end' : 'middle');
  const labels = points.map(
    ({ label }, index) =>
      `<text x="${px(x(index))}" y="${plot.height - 8}" text-anchor="${anchorOf(index)}">${escaped(label)}</text>`,
  );
  return (
    `<figure><figcaption>${escaped(title)} Dashed: drawn before; line: measured.</figcaption>` +
    `<svg viewBox="0 0 ${widthPx} ${plot.height}" role="img" aria-label="${escaped(title)}">${ticks.join('')}${labels.join('')}` +
    `<polyline class="predicted" points="${line(predicted)}"/><polyline class="measured" points="${line(points.map(({ measured }) => measured))}"/></svg></figure>`
  );
}
