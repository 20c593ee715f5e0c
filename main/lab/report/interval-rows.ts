/** A figure of several entries: each run as a dot, their median, and between which values the true one is. */
import { figureWidth, linearTicks, logTicks, modelClass, numberText, px } from './html-chart.ts';
import { escaped } from './html-text.ts';

export interface IntervalRow {
  readonly label: string;
  readonly model: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Of each run. */
  readonly runs: readonly number[];
}

const rowPx = 26;
const labelPx = 180;
const right = 24;
const footPx = 44;
const topPx = 6;
const mostLetters = 24;

/** Ends differ by more: then a linear axis would show one entry and a heap. */
const logFrom = 20;

interface Axis {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/** From 0 where the values reach down to it, as lengths are compared then; else just around them. */
function axisOf(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = figureWidth - labelPx - right;
  const place = (from: number, to: number, of: (value: number) => number): Axis['at'] => {
    const span = of(to) - of(from);
    return (value) => labelPx + (span > 0 ? (of(value) - of(from)) / span : 0.5) * room;
  };
  if (least > 0 && most / least > logFrom) {
    const ticks = logTicks(least, most);
    return { ticks, at: place(ticks[0] ?? 1, ticks.at(-1) ?? 10, Math.log) };
  }
  if (least > 0 && least > most / 2 && most > least) {
    const steps = linearTicks(most - least);
    const step = (steps[1] ?? 1) - (steps[0] ?? 0);
    const from = Math.floor(least / step) * step;
    const count = Math.ceil((most - from) / step - 1e-9);
    const ticks = Array.from({ length: count + 1 }, (_, i) => Number((from + i * step).toPrecision(12)));
    return { ticks, at: place(from, ticks.at(-1) ?? most, (value) => value) };
  }
  const ticks = linearTicks(most > 0 ? most : 1);
  return { ticks, at: place(0, ticks.at(-1) ?? 1, (value) => value) };
}

export function intervalRowsHtml(title: string, unit: string, rows: readonly IntervalRow[]): string {
  if (rows.length === 0) return '';
  const { ticks, at } = axisOf(rows.flatMap(({ low, high, runs }) => [low, high, ...runs]));
  const foot = topPx + rows.length * rowPx;
  const height = foot + footPx;
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${px(at(tick))}" x2="${px(at(tick))}" y1="${topPx}" y2="${foot + 5}"/>` +
      `<text x="${px(at(tick))}" y="${foot + 19}" text-anchor="middle">${numberText(tick)}</text>`,
  );
  const drawn = rows.map(({ label, model, median, low, high, runs }, i) => {
    const y = topPx + (i + 0.5) * rowPx;
    const own = modelClass(model);
    const name = label.length > mostLetters ? `${label.slice(0, mostLetters - 1)}…` : label;
    return (
      `<text class="title" x="${labelPx - 14}" y="${px(y + 4.5)}" text-anchor="end">${escaped(name)}<title>${escaped(label)}</title></text>` +
      runs.map((run) => `<circle class="run ${own}" cx="${px(at(run))}" cy="${px(y)}" r="3"/>`).join('') +
      `<path class="interval ${own}" d="M${px(at(low))} ${px(y - 6)}V${px(y + 6)}M${px(at(low))} ${px(y)}H${px(at(high))}M${px(at(high))} ${px(y - 6)}V${px(y + 6)}"/>` +
      `<path class="interval median ${own}" d="M${px(at(median))} ${px(y - 8)}V${px(y + 8)}"/>`
    );
  });
  const axisTitle = `<text class="title" x="${labelPx + (figureWidth - labelPx - right) / 2}" y="${height - 6}" text-anchor="middle">${escaped(unit)}</text>`;
  return (
    `<figure><figcaption><h3>${escaped(title)} <small>${escaped(unit)}</small></h3></figcaption>\n` +
    `<svg viewBox="0 0 ${figureWidth} ${height}" role="img" aria-label="${escaped(`${title}, ${unit}`)}">\n${[...grid, ...drawn, axisTitle].join('\n')}\n</svg></figure>`
  );
}

export const intervalStyle = '.interval.median { stroke-width: 4; }';
