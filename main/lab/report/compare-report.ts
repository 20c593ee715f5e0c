/** A comparison with all its runs as one HTML page. */
import {
  comparedFigures,
  type CompareResult,
  type ComparedEntry,
  type ComparedFigure,
  type Timeline,
} from '../../../shared/compare-result.ts';
import { servedOf, servedText } from '../../../shared/statistics/served.ts';
import { numberText } from './html-chart.ts';
import { section, table } from './html-text.ts';
import { intervalRowsHtml } from './interval-rows.ts';
import { seriesPage } from './series-page.ts';
import {
  figureOf,
  figureText,
  intervalText,
  loadSentence,
  paragraphs,
  repeatedNotice,
  scaledBy,
  titled,
  valuesOf,
  type ListedRun,
} from './series-parts.ts';
import { xyPlotHtml, type PlotPoint } from './xy-plot.ts';

/** Drawn with every run; the raw ones say the same where no schedule was missed. */
const drawn: readonly ComparedFigure[] = [
  ...(['throughput', 'p50', 'p99', 'p999', 'cpuPerRequest', 'syscallsPerRequest'] as const),
  ...(['switchesPerRequest', 'memoryPerConnection', 'errors'] as const),
];

const runsOf = ({ runs }: ComparedEntry) => runs.filter((run) => run !== null);

function mediansTable({ entries }: CompareResult): string {
  const rows = comparedFigures
    .filter((figure) => entries.some(({ figures }) => figures[figure]))
    .map((figure) => {
      return [titled(figureOf(figure)), ...entries.map(({ figures }) => intervalText(figure, figures[figure]))];
    });
  return table(
    ['Median of the runs', ...entries.map(({ label }) => label)],
    [['Runs', ...entries.map((entry) => String(runsOf(entry).length))], ...rows],
  );
}

function figureRows({ entries }: CompareResult): string {
  return drawn
    .map((figure) => {
      const { name, unit } = figureOf(figure);
      const scaled = scaledBy(figureOf(figure));
      const rows = entries.flatMap((entry) => {
        const found = entry.figures[figure];
        if (!found) return [];
        const { label, model } = entry;
        const [median, low, high] = [scaled(found.median), scaled(found.low), scaled(found.high)];
        return [{ label, model, median, low, high, runs: valuesOf(runsOf(entry), figure).map(scaled) }];
      });
      // A figure that is 0 for everybody is in the table.
      if (rows.every(({ runs }) => runs.every((value) => value === 0))) return '';
      return intervalRowsHtml(name, unit, rows);
    })
    .join('\n');
}

const verdictWords = {
  ...{ more: 'more', less: 'less', equal: 'the same', alike: 'alike', 'not-resolved': 'not resolved' },
  ...{ 'too-few-runs': 'too few runs', 'not-comparable': 'not comparable', 'not-available': 'not available' },
} as const satisfies Record<CompareResult['differences'][number]['verdict'], string>;

function differences({ differences: all, confidence }: CompareResult): string {
  const told = all.filter(({ verdict, figure }) => verdict !== 'not-available' && !figure.startsWith('raw'));
  if (told.length === 0) return '';
  const rows = told.map(({ label, against, figure, verdict, ratio, p }) => [
    ...[label, against, figureOf(figure).name, verdictWords[verdict]],
    ratio ? `${figureText(ratio.median)} (${figureText(ratio.low)} to ${figureText(ratio.high)})` : '–',
    p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3),
  ]);
  const clear = told.filter(({ verdict }) => verdict === 'more' || verdict === 'less');
  const chance = numberText((1 - confidence) * 100);
  return (
    paragraphs(clear.map(({ sentence }) => sentence)) +
    table(['Entry', 'against', 'figure', 'is', 'times (interval)', 'p'], rows) +
    paragraphs([
      `Pairs of a round by Wilcoxon's exact signed-rank test, Holm over all figures of a pair: where nothing differs, all of them together claim a difference in at most ${chance} % of all comparisons. “Alike” is a difference too small to matter, “not resolved” one that may be either.`,
      ...told
        .filter(({ verdict }) => verdict === 'not-resolved' || verdict === 'not-comparable')
        .map(({ sentence }) => sentence),
    ])
  );
}

/** Latency at percentiles, of all runs of an entry together; the axis gives the tail as much room as the middle. */
function distribution({ entries }: CompareResult): string {
  const tail = (percentile: number): number => -Math.log10(1 - percentile / 100);
  const ticks = [0, 50, 90, 99, 99.9, 99.99].map((percentile) => ({ at: tail(percentile), text: `${percentile}` }));
  const most = ticks.at(-1)?.at ?? 4;
  return xyPlotHtml({
    ...{ title: 'Latency at percentiles', unit: 'µs', xTitle: 'percentile of the replies, %', xTicks: ticks },
    text: 'All runs of an entry together, from the moment at which each request was meant to be sent.',
    isLogY: true,
    series: entries.flatMap(({ label, model, latency }) =>
      latency === null || latency.corrected.count === 0
        ? []
        : [
            {
              ...{ name: label, model },
              points: latency.corrected.percentiles
                .filter(({ percentile, us }) => us > 0 && tail(percentile) <= most)
                .map(({ percentile, us }): PlotPoint => ({ x: tail(percentile), y: us })),
            },
          ],
    ),
  });
}

/** Each run of each entry over its measured time: whether runs were steady, and alike. */
function overTime(
  { entries }: CompareResult,
  title: string,
  unit: string,
  of: (timeline: Timeline) => readonly (number | null)[],
): string {
  const ends = entries.flatMap(({ timelines }) => timelines.flatMap((each) => each?.seconds.at(-1) ?? []));
  if (ends.length === 0) return '';
  const last = Math.max(...ends);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600].find((each) => last / each <= 8) ?? last;
  const ticks = Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, i) => i * step);
  return xyPlotHtml({
    ...{ title, unit, xTitle: 'time since the measured interval began, s' },
    text: 'A line is a run.',
    xTicks: ticks.map((at) => ({ at, text: numberText(at) })),
    series: entries.map(({ label, model, timelines }) => ({
      ...{ name: label, model },
      lines: timelines.flatMap((timeline) =>
        timeline
          ? [timeline.seconds.map((x, i): { x: number; y: number | null } => ({ x, y: of(timeline)[i] ?? null }))]
          : [],
      ),
      points: [],
    })),
  });
}

const everyRun = ({ entries, order }: CompareResult): ListedRun[] =>
  order.flatMap((names, round) =>
    names.flatMap((name) => {
      const run = entries.find(({ label }) => label === name)?.runs[round];
      return run ? [{ cells: [String(round + 1), name], run }] : [];
    }),
  );

export function compareReportHtml(title: string, result: CompareResult): string {
  const { entries, repeats, repeated, notRun, machine, made, seed } = result;
  const runs = entries.flatMap(runsOf);
  const unserved = entries.flatMap(({ label, runs: own }) => {
    const served = servedOf(own);
    return served && served.answered < served.asked ? [`${servedText(label, served)}, in all runs together.`] : [];
  });
  return seriesPage({
    ...{ title, made, machine, figures: comparedFigures },
    what: `comparison of ${entries.length} entries, ${repeats} runs of each`,
    order: `in random order (seed ${seed})`,
    notices: [
      ...unserved,
      ...(result.reasonToRepeat === undefined ? [] : [result.reasonToRepeat]),
      ...(result.isCancelled ? ['It was cancelled: this is what was measured before.'] : []),
      ...notRun.map(({ label, round, sentence }) => `${label} was not run in round ${round}: ${sentence}`),
      ...repeatedNotice(repeated.map(({ label, repeat }) => `${label} in round ${repeat}`)),
    ],
    body: [
      section('What was found', mediansTable(result) + paragraphs(runs.length > 0 ? [loadSentence(runs)] : [])),
      section('Differences', differences(result)),
      section(
        'Figures with every run',
        paragraphs(['A dot is a run, the thick mark their median, the line where the true median is.']) +
          figureRows(result),
      ),
      section('Latency', distribution(result)),
      section(
        'Over time',
        overTime(result, 'Throughput', 'requests/s', ({ requestsPerSecond }) => requestsPerSecond) +
          overTime(result, 'p99 latency', 'µs', ({ p99Us }) => p99Us) +
          overTime(result, 'CPU of the server', 'cores', ({ cpuCores }) => cpuCores),
      ),
    ],
    runs: { heads: ['Round', 'entry'], listed: everyRun(result) },
  });
}
