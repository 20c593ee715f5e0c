/** Two recorded sessions over each other as one HTML page. */
import { machineText } from '../../../shared/citation.ts';
import type { SessionDetails } from '../../../shared/contract/sessions.ts';
import { compareSessions, type Comparison, type Difference } from '../../../shared/session/compare.ts';
import { citationOfSession } from '../../../shared/session/citation.ts';
import { measuredStretches } from '../../../shared/session/measured.ts';
import { modelsOf, requestsOf, type Overview } from '../../../shared/session/overview.ts';
import { noiseOf, comparedFileOf } from '../compare/session-files.ts';
import { stampOf } from '../sessions/folder.ts';
import type { ReportFile } from './experiment-report.ts';
import { numberText } from './html-chart.ts';
import { escaped, section, table } from './html-text.ts';
import { dateText, page } from './page.ts';
import { chartStyleOfPlots } from './plots.ts';
import { citeSection, figureText, howMeasured, notices, paragraphs } from './series-parts.ts';
import { xyPlotHtml } from './xy-plot.ts';

export interface TwoSessions extends Comparison {
  readonly sessions: readonly [SessionDetails, SessionDetails];
  /** What can be said of noise, and what cannot. */
  readonly noise: readonly string[];
}

const cell = (value: number | undefined): string => (value === undefined ? '–' : figureText(value));
const figureRow = ({ label, unit, a, b, ratio }: Difference): string[] => [
  ...[unit === '' ? label : `${label}, ${unit}`, cell(a), cell(b)],
  ratio === undefined ? '–' : figureText(ratio),
];

interface Line {
  readonly title: string;
  readonly unit: string;
  readonly isLogY?: boolean;
  /** By the second; null where nothing was counted. */
  readonly of: (overview: Overview) => readonly (number | null)[];
}

const known = (values: readonly number[], factor: number): (number | null)[] =>
  values.map((value) => (value > 0 ? value * factor : null));
const lines: readonly Line[] = [
  { title: 'Throughput', unit: 'replies/s', of: requestsOf },
  { title: 'Median latency', unit: 'ms', isLogY: true, of: ({ columns }) => known(columns.p50Ns, 1e-6) },
  { title: 'p99 latency', unit: 'ms', isLogY: true, of: ({ columns }) => known(columns.p99Ns, 1e-6) },
  { title: 'CPU of the server', unit: 'cores', of: ({ columns }) => columns.serverCpuNs.map((ns) => ns / 1e9) },
  { title: 'Memory of the server', unit: 'MiB', of: ({ columns }) => known(columns.rssBytes, 1 / 1_048_576) },
];

/** Both from the beginning of what was measured; a second of the summaries is a point at its middle. */
function overTime({ sessions }: TwoSessions, { title, unit, isLogY = false, of }: Line): string {
  const series = sessions.map(({ overview, card }, i) => {
    const beginNs = measuredStretches(overview)[0]?.fromNs ?? overview.startedNs;
    const shift = (overview.startedNs - beginNs) / 1e9;
    const points = of(overview).map((y, second) => ({ x: second + 0.5 + shift, y }));
    return { name: `${'AB'[i] ?? ''} ${card.name}`, model: modelsOf(overview)[0] ?? '', points: [], lines: [points] };
  });
  const xs = series.flatMap(({ lines: all }) => all.flatMap((line) => line.map(({ x }) => x)));
  if (xs.length === 0) return '';
  const [from, to] = [Math.floor(Math.min(...xs, 0)), Math.ceil(Math.max(...xs, 1))];
  const step = [1, 2, 5, 10, 30, 60, 300, 600, 3600].find((each) => (to - from) / each <= 10) ?? to - from;
  const first = Math.floor(from / step) * step;
  const ticks = Array.from({ length: Math.ceil((to - first) / step) + 1 }, (_, i) => first + i * step);
  return xyPlotHtml({
    ...{ title, unit, isLogY, series, xTitle: 'time since the measured interval began, s' },
    xTicks: ticks.map((at) => ({ at, text: numberText(at) })),
  });
}

export function sessionsReportHtml(two: TwoSessions): string {
  const { sessions, differences, caveats, noise } = two;
  const title = sessions.map(({ card }) => card.name).join(' and ');
  const rows = sessions.map(({ card, manifest }, i) => [
    ...[`${'AB'[i] ?? ''} ${card.name}`, card.models.join(', '), dateText(card.startedWallMs)],
    ...[machineText(manifest.machine), `fdscope ${manifest.machine.versions.fdscope}`, card.id],
  ]);
  return page(
    title,
    [
      `<header><h1>${escaped(title)}</h1>${paragraphs(['Two recorded runs over each other: B against A.'])}</header>`,
      table(['Session', 'served by', 'recorded', 'machine', 'version', 'id'], rows, { isDense: true }),
      notices(caveats),
      section('Figures', table(['', 'A', 'B', 'B / A'], differences.map(figureRow)) + paragraphs(noise)),
      section(
        'Over time',
        paragraphs(['By the second, from the summaries of both.']) +
          lines.map((line) => overTime(two, line)).join('\n'),
      ),
      howMeasured,
      ...sessions.map((each) => citeSection(citationOfSession(each))),
    ].join('\n'),
    { rules: chartStyleOfPlots },
  );
}

/** What a window gets: the same page that the command line writes. */
export function sessionsReport(a: SessionDetails, b: SessionDetails, now = new Date()): ReportFile {
  const noise = noiseOf(comparedFileOf(a.card.file, a), comparedFileOf(b.card.file, b));
  const text = sessionsReportHtml({ ...compareSessions(a, b), noise, sessions: [a, b] });
  return { fileName: `fdscope-sessions-${stampOf(now)}.html`, text };
}
