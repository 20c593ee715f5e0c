/** A sweep with the repeats of its points as one HTML page. */
import { sweptFigures, type SweepPoint, type SweepResult, type SweptFigure } from '../../../shared/sweep-result.ts';
import { numberText } from './html-chart.ts';
import { section, table } from './html-text.ts';
import { seriesPage } from './series-page.ts';
import {
  figureOf,
  intervalText,
  loadSentence,
  paragraphs,
  repeatedNotice,
  scaledBy,
  titled,
  valuesOf,
} from './series-parts.ts';
import { xyPlotHtml } from './xy-plot.ts';

/** Values that differ by more than this factor stand on a logarithmic axis. */
const logFrom = 10;

function curve({ points, labels, values, unit }: SweepResult, figure: SweptFigure): string {
  const { name, unit: own, isLog = false } = figureOf(figure);
  const scaled = scaledBy(figureOf(figure));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const series = labels.flatMap((label) => {
    const mine = points.filter((point) => point.label === label);
    const drawn = mine.flatMap(({ value: x, figures, runs, doubts }) => {
      const found = figures?.[figure];
      if (!found) return [];
      const doubt = doubts[figure];
      return [
        {
          ...{ x, y: scaled(found.median), low: scaled(found.low), high: scaled(found.high) },
          runs: valuesOf(runs, figure).map(scaled),
          isDoubtful: doubt !== undefined && (doubt.before || doubt.others.length > 0),
        },
      ];
    });
    const [first] = mine;
    return first && drawn.length > 0 ? [{ name: label, model: first.model, points: drawn }] : [];
  });
  if (series.every((each) => each.points.every(({ y, high }) => y === 0 && high === 0))) return '';
  return xyPlotHtml({
    ...{ title: name, unit: own, xTitle: unit, series, isLogY: isLog, isLogX: least > 0 && most / least > logFrom },
    xTicks: [...values].sort((a, b) => a - b).map((at) => ({ at, text: numberText(at) })),
  });
}

const tabled: readonly SweptFigure[] = [
  'throughput',
  'p50',
  'p99',
  'cpuPerRequest',
  'switchesPerRequest',
  'rss',
  'errors',
];

/** `~` not told apart from the value before, `=` nor from another entry at this value; as on the command line. */
function pointCells({ value, label, status, figures, doubts, runs }: SweepPoint): string[] {
  return [
    ...[numberText(value), label, String(runs.length)],
    ...tabled.map((figure, i) => {
      if (!figures) return i === 0 ? status : '–';
      const doubt = doubts[figure];
      const marks = `${doubt?.before ? '~' : ''}${(doubt?.others.length ?? 0) > 0 ? '=' : ''}`;
      return `${intervalText(figure, figures[figure])}${marks === '' ? '' : ` ${marks}`}`;
    }),
  ];
}

export function sweepReportHtml(title: string, result: SweepResult): string {
  const { axis, unit, points, repeats, seed, repeated, machine, made } = result;
  const runs = points.flatMap((point) => point.runs);
  const short = points.filter(({ status }) => status !== 'done');
  return seriesPage({
    ...{ title, made, machine, figures: sweptFigures },
    what: `sweep over ${axis}, ${repeats} ${repeats === 1 ? 'run' : 'runs'} of each point`,
    order: `in random order over all points (seed ${seed})`,
    notices: [
      ...(result.isCancelled ? ['It was cancelled: this is what was measured before.'] : []),
      ...(repeats === 1 ? ['One run of each point: nothing tells a difference from chance.'] : []),
      ...short.map(({ label, value, status, reason }) => `${label} at ${value}: ${status}. ${reason ?? ''}`),
      ...repeatedNotice(repeated.map(({ label, value, repeat }) => `${label} at ${value ?? ''} (repeat ${repeat})`)),
    ],
    body: [
      section(
        'Curves',
        paragraphs([
          `Points are medians, bars where the true median is, small dots the runs. An open point cannot be told apart from its neighbour: the intervals overlap.`,
          ...(runs.length > 0 ? [loadSentence(runs)] : []),
        ]) + sweptFigures.map((figure) => curve(result, figure)).join('\n'),
      ),
      section(
        'Every point',
        table([unit, 'entry', 'runs', ...tabled.map((figure) => titled(figureOf(figure)))], points.map(pointCells), {
          isDense: true,
        }) + paragraphs(['~ cannot be told apart from the value before, = from another entry at this value.']),
      ),
    ],
    runs: {
      heads: [unit, 'entry', 'repeat'],
      listed: points.flatMap(({ value, label, runs: own }) =>
        own.map((run, i) => ({ cells: [numberText(value), label, String(i + 1)], run })),
      ),
    },
  });
}
