/** Curves over a value: of a sweep, of percentiles. Each point may have its interval and the runs that it is the middle of. */
import { dashes, figureWidth, letterPx, modelClass, numberText, px, scaleOf } from './html-chart.ts';
import { escaped } from './html-text.ts';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Where the true median is. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Of each run. */
  readonly runs?: readonly number[];
  /** It cannot be told apart from a neighbour: an open circle. */
  readonly isDoubtful?: boolean;
}

export interface PlotSeries {
  readonly name: string;
  readonly model: string;
  readonly points: readonly PlotPoint[];
  /** Further lines of the same look, such as one for each run; broken where nothing is known. */
  readonly lines?: readonly (readonly { readonly x: number; readonly y: number | null }[])[];
}

export interface XyPlot {
  readonly title: string;
  readonly unit: string;
  readonly text?: string;
  /** With its unit. */
  readonly xTitle: string;
  /** Where the axis has words, ascending; its ends are the first and the last. */
  readonly xTicks: readonly { readonly at: number; readonly text: string }[];
  readonly isLogX?: boolean;
  readonly isLogY?: boolean;
  readonly series: readonly PlotSeries[];
}

const size = { width: figureWidth, height: 280, left: 80, right: 18, top: 12, bottom: 46 } as const;
const plot = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };

/** Points keep so far from the ends of the axis. */
const padPx = 14;

function placer(ticks: XyPlot['xTicks'], isLog: boolean): (x: number) => number {
  const [first, last] = [ticks[0]?.at ?? 0, ticks.at(-1)?.at ?? 1];
  const of = (x: number): number => (isLog ? Math.log(Math.max(x, Number.MIN_VALUE)) : x);
  const span = of(last) - of(first);
  return (x) => size.left + padPx + (span === 0 ? 0.5 : (of(x) - of(first)) / span) * (plot.width - 2 * padPx);
}

/** A gap in the values is a gap in the line; a value alone between gaps is a dot. */
function pathOf(
  line: readonly { readonly x: number; readonly y: number | null }[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isDrawing = false;
  for (const point of line) {
    if (point.y !== null)
      path += `${isDrawing ? 'L' : 'M'}${px(x(point.x))} ${px(y(point.y))}${isDrawing ? '' : 'h0.1'}`;
    isDrawing = point.y !== null;
  }
  return path;
}

/** Empty where there is nothing to draw. */
export function xyPlotHtml(chart: XyPlot): string {
  const values = chart.series.flatMap(({ points, lines = [] }) => [
    ...points.flatMap(({ y, low = y, high = y, runs = [] }) => [y, low, high, ...runs]),
    ...lines.flatMap((line) => line.flatMap(({ y }) => y ?? [])),
  ]);
  if (values.length === 0) return '';
  const isLogY = chart.isLogY === true && values.every((value) => value > 0);
  const scale = scaleOf(values, isLogY, chart.unit);
  const y = (value: number): number => size.top + (1 - scale.at(value)) * plot.height;
  const place = placer(chart.xTicks, chart.isLogX === true);
  const foot = size.top + plot.height;
  const grid = scale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${size.left}" x2="${size.left + plot.width}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text x="${size.left - 6}" y="${px(y(tick) + 4)}" text-anchor="end">${numberText(tick)}</text>`,
  );
  let free = -Infinity;
  const times = chart.xTicks.map(({ at, text }) => {
    const widthPx = text.length * letterPx;
    const isFree = place(at) - widthPx / 2 >= free;
    if (isFree) free = place(at) + widthPx / 2 + 6;
    return (
      `<line class="tick" x1="${px(place(at))}" x2="${px(place(at))}" y1="${foot}" y2="${foot + 6}"/>` +
      (isFree ? `<text x="${px(place(at))}" y="${foot + 20}" text-anchor="middle">${escaped(text)}</text>` : '')
    );
  });
  const titles = [
    `<text class="title" x="${size.left + plot.width / 2}" y="${size.height - 5}" text-anchor="middle">${escaped(chart.xTitle)}</text>`,
    `<text class="title" transform="translate(13 ${size.top + plot.height / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.unit)}</text>`,
  ];
  const stroke = ({ model }: PlotSeries, i: number, isThin = false): string =>
    `class="line own ${isThin ? 'thin ' : ''}${modelClass(model)}" stroke-dasharray="${dashes[i % dashes.length] ?? 'none'}"`;
  const drawn = chart.series.map((series, i) => {
    // Bars of several entries at one value stand beside each other.
    const isDodged = series.points.some(({ runs }) => runs !== undefined);
    const besidePx = isDodged ? (i - (chart.series.length - 1) / 2) * 5 : 0;
    const x = (value: number): number => place(value) + besidePx;
    const own = modelClass(series.model);
    const paths = [series.points, ...(series.lines ?? [])].filter((line) => line.length > 0);
    const lines = paths.map((line) => `<path ${stroke(series, i, line !== series.points)} d="${pathOf(line, x, y)}"/>`);
    const marks = series.points.map((point) => {
      const [cx, low, high] = [x(point.x), point.low ?? point.y, point.high ?? point.y];
      const runs = (point.runs ?? []).map(
        (run) => `<circle class="run ${own}" cx="${px(cx)}" cy="${px(y(run))}" r="2"/>`,
      );
      const bar =
        low === high
          ? ''
          : `<path class="interval ${own}" d="M${px(cx - 4)} ${px(y(high))}H${px(cx + 4)}M${px(cx)} ${px(y(high))}V${px(y(low))}M${px(cx - 4)} ${px(y(low))}H${px(cx + 4)}"/>`;
      const middle =
        point.runs === undefined
          ? ''
          : `<circle class="${point.isDoubtful === true ? 'middle open' : 'middle'} ${own}" cx="${px(cx)}" cy="${px(y(point.y))}" r="4"/>`;
      return runs.join('') + bar + middle;
    });
    return lines.join('') + marks.join('');
  });
  const legend = chart.series.map(
    (series, i) =>
      `<span><svg width="30" height="10" aria-hidden="true"><path ${stroke(series, i)} d="M0 5H30"/></svg> ${escaped(series.name)}</span>`,
  );
  const label = `${chart.title}, ${chart.unit}, over ${chart.xTitle}`;
  return (
    `<figure><figcaption><h3>${escaped(chart.title)} <small>${escaped(chart.unit)}</small></h3>` +
    `${chart.text === undefined ? '' : `<p>${escaped(chart.text)}</p>`}<div class="legend">${legend.join('')}</div></figcaption>\n` +
    `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(label)}">\n${[...grid, ...times, ...titles, ...drawn].join('\n')}\n</svg></figure>`
  );
}

export const plotStyle = `
.line.own { stroke: var(--own, var(--ink)); }
.line.thin { stroke-width: 1; }
.run { fill: var(--own, var(--ink)); fill-opacity: .45; }
.interval { fill: none; stroke: var(--own, var(--ink)); stroke-width: 1.5; }
.middle { fill: var(--own, var(--ink)); stroke: var(--own, var(--ink)); stroke-width: 1.5; }
.middle.open { fill: var(--paper); }
`;
