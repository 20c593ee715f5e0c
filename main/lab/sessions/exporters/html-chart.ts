/** Line charts as inline SVG, drawn once: no script, no font, nothing to fetch. The figures are in a table below each. */
import type { Values } from './html-figures.ts';
import { escaped, table } from './html-text.ts';

export interface Series {
  readonly name: string;
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

export interface TimeAxis {
  readonly spanSeconds: number;
  readonly spans: number;
  readonly marks: readonly { readonly seconds: number; readonly label: string }[];
  /** What people wrote, by its number in their list. */
  readonly notes: readonly (Stretch & { readonly number: number })[];
  /** What the session does not hold. */
  readonly missing: readonly Stretch[];
}

interface Stretch {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

const size = { width: 920, height: 240, left: 64, right: 12, top: 22, bottom: 30 } as const;
const plot = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
/** Apart in hue, in lightness and in dashes, so that no series is told by its colour alone. */
const dashes = ['none', '8 4', '2 3', '10 3 2 3', '5 5', '1 4', '12 4'];

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 4, notation: 'compact' });
const whole = new Intl.NumberFormat('en');
/** Of what is counted: to the unit. */
export const countText = (value: number): string => whole.format(value);
export const numberText = (value: number): string =>
  Math.abs(value) < 10_000
    ? new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(value)
    : short.format(value);

/** Round steps below and above, at most six. */
export function linearTicks(highest: number): number[] {
  const rough = highest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, i) => i * step);
}

function logTicks(lowest: number, highest: number): number[] {
  const from = Math.floor(Math.log10(lowest));
  const to = Math.max(from + 1, Math.ceil(Math.log10(highest)));
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

interface Scale {
  readonly ticks: readonly number[];
  /** 0 at the foot, 1 at the top. */
  readonly at: (value: number) => number;
}

function scaleOf(values: readonly number[], isLog: boolean): Scale {
  const highest = values.reduce((top, value) => Math.max(top, value), 0);
  const positive = values.filter((value) => value > 0);
  if (isLog && positive.length > 0) {
    const lowest = positive.reduce((least, value) => Math.min(least, value), Infinity);
    const ticks = logTicks(lowest, highest);
    const [from, to] = [Math.log10(ticks[0] ?? 1), Math.log10(ticks.at(-1) ?? 10)];
    return { ticks, at: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)) };
  }
  const ticks = linearTicks(highest > 0 ? highest : 1);
  return { ticks, at: (value) => value / (ticks.at(-1) ?? 1) };
}

const px = (value: number): string => value.toFixed(1);

/** Once a page: what `url(#missing)` refers to. */
export const hatch =
  '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="missing" width="6" height="6" ' +
  'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs></svg>';

export function chartHtml(chart: Chart, axis: TimeAxis): string {
  const values = chart.series.flatMap((series) => series.values.filter((value) => value !== null));
  if (values.length === 0) return '';
  const scale = scaleOf(values, chart.isLog === true);
  const seconds = axis.spans * axis.spanSeconds;
  const x = (atSeconds: number): number => size.left + (atSeconds / seconds) * plot.width;
  const y = (value: number): number => size.top + (1 - scale.at(value)) * plot.height;
  const grid = scale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${size.left}" x2="${size.left + plot.width}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text x="${size.left - 6}" y="${px(y(tick) + 4)}" text-anchor="end">${numberText(tick)}</text>`,
  );
  const times = linearTicks(seconds)
    .filter((tick) => tick <= seconds)
    .map(
      (tick) => `<text x="${px(x(tick))}" y="${size.height - 10}" text-anchor="middle">${numberText(tick)} s</text>`,
    );
  const marks = axis.marks.map(
    ({ seconds: at, label }) =>
      `<line class="mark" x1="${px(x(at))}" x2="${px(x(at))}" y1="${size.top}" y2="${size.top + plot.height}"/>` +
      `<text class="mark" x="${px(x(at) + 4)}" y="${size.top - 6}">${escaped(label)}</text>`,
  );
  const band = ({ fromSeconds, toSeconds }: Stretch, kind: string): string =>
    `<rect class="${kind}" x="${px(x(fromSeconds))}" y="${size.top}" ` +
    `width="${px(Math.max(1.5, x(toSeconds) - x(fromSeconds)))}" height="${plot.height}"/>`;
  const missing = axis.missing.map((stretch) => band(stretch, 'missing'));
  const notes = axis.notes.map(
    (note) =>
      band(note, note.fromSeconds === note.toSeconds ? 'note moment' : 'note') +
      `<text class="note" x="${px(x(note.fromSeconds) + 4)}" y="${size.top + 13}">${note.number}</text>`,
  );
  const lines = chart.series.map(({ values: own }, i) => {
    const path = linePath(own, (span) => x((span + 0.5) * axis.spanSeconds), y);
    return `<path class="line s${i % dashes.length}" stroke-dasharray="${dashes[i % dashes.length]}" d="${path}"/>`;
  });
  const legend = chart.series.map(
    ({ name }, i) =>
      `<span><svg width="30" height="10" aria-hidden="true"><path class="line s${i % dashes.length}" ` +
      `stroke-dasharray="${dashes[i % dashes.length]}" d="M0 5H30"/></svg> ${escaped(name)}</span>`,
  );
  const label = `${chart.title}, ${chart.unit}, over ${numberText(seconds)} seconds`;
  return `<figure><figcaption><h3>${escaped(chart.title)} <small>${escaped(chart.unit)}</small></h3>${
    chart.text === undefined ? '' : `<p>${escaped(chart.text)}</p>`
  }<div class="legend">${legend.join('')}</div></figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(label)}">
${[...missing, ...grid, ...times, ...notes, ...marks, ...lines].join('\n')}
</svg>
<details><summary>The figures of this chart</summary>${figuresTable(chart, axis)}</details></figure>`;
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

const figuresTable = ({ series, unit }: Chart, { spans, spanSeconds }: TimeAxis): string =>
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

export const chartStyle = `
figure { margin: 2rem 0; }
figure > svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
svg .grid { stroke: var(--line); }
svg .mark { stroke: var(--mark); stroke-dasharray: 3 3; }
svg rect.note { fill: var(--note); fill-opacity: .18; }
svg rect.moment { fill-opacity: .8; }
svg text.note { fill: var(--note); font-weight: bold; }
svg rect.missing { fill: url(#missing); }
svg .hatch { stroke: var(--warn); stroke-width: 2; }
svg text.mark { stroke: none; fill: var(--mark); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
${['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#56b4e9', '#7a7a7a'].map((colour, i) => `.s${i} { stroke: ${colour}; }`).join('\n')}
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
`;
