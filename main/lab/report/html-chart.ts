/** Line charts as inline SVG, drawn once: no script, no font, nothing to fetch. The figures are in a table below each. */
import { serverIds } from '../../../shared/catalogue.ts';
import { modelColours } from '../../../shared/model-colours.ts';
import { seriesColours, seriesHex } from '../../../shared/series-colours.ts';
import { escaped, table } from './html-text.ts';

/** Of one figure over time; null where it is not known. */
export type Values = (number | null)[];

export interface Series {
  readonly name: string;
  /** Of what has its own colour and dash wherever it is drawn; otherwise they are by the place in the chart. */
  readonly look?: { readonly name: string; readonly dash: string } | undefined;
  readonly values: Values;
}

export interface Chart {
  readonly title: string;
  /** Behind each value, such as "ms". */
  readonly unit: string;
  readonly series: readonly Series[];
  /** Values over several powers of ten. */
  readonly isLog?: boolean;
  readonly text?: string;
}

/** A state's part of a stack. */
export interface Area {
  readonly name: string;
  /** Of its class `area-…`. */
  readonly key: string;
  readonly values: readonly number[];
}

export interface AreaChart {
  readonly title: string;
  readonly unit: string;
  readonly text: string;
  /** From the foot. */
  readonly areas: readonly Area[];
}

export interface TimeAxis {
  readonly spanSeconds: number;
  readonly spans: number;
  /** Who served from when on. */
  readonly marks: readonly { readonly seconds: number; readonly label: string }[];
  /** What people wrote, by its number in their list. */
  readonly notes: readonly (Stretch & { readonly number: number })[];
  /** What the session does not hold. */
  readonly missing: readonly Stretch[];
  /** Of which the figures are; empty where nothing says so. */
  readonly measured: readonly Stretch[];
  /** Of the axis of time, without its unit. */
  readonly title?: string;
}

export interface Stretch {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** So wide that letters of 13 are 8 pt where a page gives a picture 160 mm. */
export const figureWidth = 720;
const size = { width: figureWidth, height: 240, left: 80, right: 12, top: 22, bottom: 44 } as const;
const plot = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
/** Apart in hue, in lightness and in dashes, so that no series is told by its colour alone. */
export const dashes = ['none', '8 4', '2 3', '10 3 2 3', '5 5', '1 4', '12 4'];

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 4, notation: 'compact' });
const whole = new Intl.NumberFormat('en');
/** Of what is counted: to the unit. */
export const countText = (value: number): string => whole.format(value);
export const numberText = (value: number): string =>
  Math.abs(value) < 10_000
    ? new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(value)
    : short.format(value);

/** Round steps below and above, at most six; of MiB powers of two. */
export function linearTicks(highest: number, unit = ''): number[] {
  const rough = highest / 5;
  const power = unit === 'MiB' ? 2 ** Math.floor(Math.log2(rough)) : 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, i) => i * step);
}

export function logTicks(lowest: number, highest: number): number[] {
  const from = Math.floor(Math.log10(lowest));
  const to = Math.max(from + 1, Math.ceil(Math.log10(highest)));
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

export interface Scale {
  readonly ticks: readonly number[];
  /** 0 at the foot, 1 at the top. */
  readonly at: (value: number) => number;
}

export function scaleOf(values: readonly number[], isLog: boolean, unit: string): Scale {
  const highest = values.reduce((top, value) => Math.max(top, value), 0);
  const positive = values.filter((value) => value > 0);
  if (isLog && positive.length > 0) {
    const lowest = positive.reduce((least, value) => Math.min(least, value), Infinity);
    const ticks = logTicks(lowest, highest);
    const [from, to] = [Math.log10(ticks[0] ?? 1), Math.log10(ticks.at(-1) ?? 10)];
    return { ticks, at: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)) };
  }
  const ticks = linearTicks(highest > 0 ? highest : 1, unit);
  return { ticks, at: (value) => value / (ticks.at(-1) ?? 1) };
}

/** A model has the colour that it has in the app. */
export const modelClass = (name: string): string =>
  (serverIds as readonly string[]).includes(name) ? `model-${name}` : '';

/** Of letters of 13, about. */
export const letterPx = 7.2;
export const px = (value: number): string => value.toFixed(1);

/** Once a page: what `url(#missing)` refers to. */
export const hatch =
  '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="missing" width="6" height="6" ' +
  'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs></svg>';

/** What lies behind and around the lines of every chart. */
function frameOf(
  ticks: readonly number[],
  y: (value: number) => number,
  axis: TimeAxis,
  unit: string,
): { readonly behind: string[]; readonly over: string[]; readonly x: (seconds: number) => number } {
  const seconds = axis.spans * axis.spanSeconds;
  const foot = size.top + plot.height;
  const x = (atSeconds: number): number => size.left + (atSeconds / seconds) * plot.width;
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${size.left}" x2="${size.left + plot.width}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text x="${size.left - 6}" y="${px(y(tick) + 4)}" text-anchor="end">${numberText(tick)}</text>`,
  );
  const times = linearTicks(seconds)
    .filter((tick) => tick <= seconds)
    .map(
      (tick) =>
        `<line class="tick" x1="${px(x(tick))}" x2="${px(x(tick))}" y1="${foot}" y2="${foot + 9}"/>` +
        `<text x="${px(x(tick))}" y="${foot + 22}" text-anchor="middle">${numberText(tick)}</text>`,
    );
  const titles = [
    `<text class="title" x="${size.left + plot.width / 2}" y="${size.height - 4}" text-anchor="middle">${escaped(axis.title ?? 'time since the recording began')}, s</text>`,
    `<text class="title" transform="translate(13 ${size.top + plot.height / 2}) rotate(-90)" text-anchor="middle">${escaped(unit)}</text>`,
  ];
  const measured = axis.measured.map(
    ({ fromSeconds, toSeconds }) =>
      `<rect class="measured" x="${px(x(fromSeconds))}" y="${size.top}" width="${px(Math.max(0, x(toSeconds) - x(fromSeconds)))}" height="${plot.height}"/>` +
      `<line class="measured" x1="${px(x(fromSeconds))}" x2="${px(x(toSeconds))}" y1="${size.top}" y2="${size.top}"/>`,
  );
  let free = 0;
  const marks = axis.marks.map(({ seconds: at, label }, i) => {
    const own = modelClass(label);
    const until = axis.marks[i + 1]?.seconds ?? seconds;
    // A name that would lie over the one before is left out; its colour and line are there.
    const isFree = x(at) >= free;
    if (isFree) free = x(at) + 10 + label.length * letterPx;
    return (
      `<rect class="served ${own}" x="${px(x(at))}" y="${size.top + plot.height}" width="${px(Math.max(0, x(until) - x(at)))}" height="5"/>` +
      `<line class="mark ${own}" x1="${px(x(at))}" x2="${px(x(at))}" y1="${size.top}" y2="${size.top + plot.height}"/>` +
      (isFree ? `<text class="mark ${own}" x="${px(x(at) + 4)}" y="${size.top - 6}">${escaped(label)}</text>` : '')
    );
  });
  const band = ({ fromSeconds, toSeconds }: Stretch, kind: string): string =>
    `<rect class="${kind}" x="${px(x(fromSeconds))}" y="${size.top}" ` +
    `width="${px(Math.max(1.5, x(toSeconds) - x(fromSeconds)))}" height="${plot.height}"/>`;
  const missing = axis.missing.map((stretch) => band(stretch, 'missing'));
  const notes = axis.notes.map(
    (note) =>
      band(note, note.fromSeconds === note.toSeconds ? 'note moment' : 'note') +
      `<text class="note" x="${px(x(note.fromSeconds) + 4)}" y="${size.top + 13}">${note.number}</text>`,
  );
  return { behind: [...measured, ...missing, ...grid, ...times, ...titles], over: [...notes, ...marks], x };
}

const figureHtml = (
  { title, unit, text }: { readonly title: string; readonly unit: string; readonly text?: string | undefined },
  axis: TimeAxis,
  legend: readonly string[],
  drawing: readonly string[],
  figures: string,
): string => {
  const label = `${title}, ${unit}, over ${numberText(axis.spans * axis.spanSeconds)} seconds`;
  return `<figure><figcaption><h3>${escaped(title)} <small>${escaped(unit)}</small></h3>${
    text === undefined ? '' : `<p>${escaped(text)}</p>`
  }<div class="legend">${legend.join('')}</div></figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(label)}">
${drawing.join('\n')}
</svg>
<details><summary>The figures of this chart</summary>${figures}</details></figure>`;
};

export function chartHtml(chart: Chart, axis: TimeAxis): string {
  const values = chart.series.flatMap((series) => series.values.filter((value) => value !== null));
  if (values.length === 0) return '';
  const scale = scaleOf(values, chart.isLog === true, chart.unit);
  const y = (value: number): number => size.top + (1 - scale.at(value)) * plot.height;
  const { behind, over, x } = frameOf(scale.ticks, y, axis, chart.unit);
  const stroke = ({ look }: Series, i: number): string =>
    `class="line ${look?.name ?? `s${i % dashes.length}`}" stroke-dasharray="${look?.dash ?? dashes[i % dashes.length] ?? 'none'}"`;
  const lines = chart.series.map((series, i) => {
    const path = linePath(series.values, (span) => x((span + 0.5) * axis.spanSeconds), y);
    return `<path ${stroke(series, i)} d="${path}"/>`;
  });
  const legend = chart.series.map(
    (series, i) =>
      `<span><svg width="30" height="10" aria-hidden="true"><path ${stroke(series, i)} d="M0 5H30"/></svg> ${escaped(series.name)}</span>`,
  );
  return figureHtml(chart, axis, legend, [...behind, ...over, ...lines], figuresTable(chart, axis));
}

/** Areas on top of each other, as steps: every pixel within them has the colour of one of them. */
export function areasHtml(chart: AreaChart, axis: TimeAxis): string {
  const { areas } = chart;
  if (areas.length === 0) return '';
  const sums = Array.from({ length: axis.spans }, (_, span) =>
    areas.reduce((sum, { values }) => sum + (values[span] ?? 0), 0),
  );
  const scale = scaleOf(sums, false, chart.unit);
  const y = (value: number): number => size.top + (1 - scale.at(value)) * plot.height;
  const { behind, over, x } = frameOf(scale.ticks, y, axis, chart.unit);
  const floors = new Float64Array(axis.spans);
  const paths = areas.map(({ key, values }) => {
    let path = '';
    for (let span = 0; span < axis.spans; span++) {
      const floor = floors[span] ?? 0;
      const top = floor + (values[span] ?? 0);
      floors[span] = top;
      if (top === floor) continue;
      path += `M${px(x(span * axis.spanSeconds))} ${y(floor).toFixed(2)}H${px(x((span + 1) * axis.spanSeconds))}V${y(top).toFixed(2)}H${px(x(span * axis.spanSeconds))}Z`;
    }
    return `<path class="area area-${escaped(key)}" d="${path}"/>`;
  });
  const legend = areas.map(
    ({ name, key }) =>
      `<span><svg width="14" height="10" aria-hidden="true"><rect class="area-${escaped(key)}" width="14" height="10"/></svg> ${escaped(name)}</span>`,
  );
  const figures = { unit: 'sockets', series: areas.map(({ name, values }) => ({ name, values: [...values] })) };
  return figureHtml(chart, axis, legend, [...behind, ...paths, ...over], figuresTable(figures, axis));
}

/** A gap in the values is a gap in the line; a value alone between gaps is a dot. */
function linePath(values: Values, x: (span: number) => number, y: (value: number) => number): string {
  let path = '';
  let isDrawing = false;
  for (const [span, value] of values.entries()) {
    if (value === null) {
      isDrawing = false;
      continue;
    }
    path += `${isDrawing ? 'L' : 'M'}${px(x(span))} ${px(y(value))}`;
    if (!isDrawing) path += 'h0.1';
    isDrawing = true;
  }
  return path;
}

const figuresTable = ({ series, unit }: Pick<Chart, 'series' | 'unit'>, { spans, spanSeconds }: TimeAxis): string =>
  table(
    ['from, s', ...series.map(({ name }) => `${name}, ${unit}`)],
    Array.from({ length: spans }, (_, span) => [
      numberText(span * spanSeconds),
      ...series.map(({ values }) => {
        const value = values[span] ?? null;
        return value === null ? '–' : numberText(value);
      }),
    ]),
  );

const places = ['sky', 'vermilion', 'green', 'purple', 'yellow', 'blue', 'grey'] as const;

/** The colours of lines and models, for light and for dark. */
export const chartColours = (theme: 'light' | 'dark'): string =>
  [
    ...seriesColours.map((name) => `--series-${name}: ${seriesHex[theme][name]};`),
    ...serverIds.map((id) => `--model-${id}: ${modelColours[theme][id]};`),
  ].join(' ');

export const chartStyle = `
figure { margin: 2rem 0; }
figure > svg { width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: var(--quiet); }
svg :is(.grid, .tick) { stroke: var(--line); }
svg text.title { fill: var(--ink); }
svg rect.measured { fill: var(--note); fill-opacity: .06; }
svg line.measured { stroke: var(--note); stroke-width: 2; }
svg .mark { stroke: var(--own, var(--mark)); stroke-dasharray: 3 3; }
svg .served { fill: var(--own, var(--mark)); }
svg .area { shape-rendering: crispEdges; }
svg rect.note { fill: var(--note); fill-opacity: .18; }
svg rect.moment { fill-opacity: .8; }
svg text.note { fill: var(--note); font-weight: bold; }
svg rect.missing { fill: url(#missing); }
svg .hatch { stroke: var(--warn); stroke-width: 2; }
svg text.mark { stroke: none; fill: var(--own, var(--mark)); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
${places.map((colour, i) => `.s${i} { stroke: var(--series-${colour}); }`).join('\n')}
${seriesColours.map((colour) => `.c-${colour} { stroke: var(--series-${colour}); }`).join('\n')}
${serverIds.map((id) => `.model-${id} { --own: var(--model-${id}); }`).join('\n')}
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
`;
