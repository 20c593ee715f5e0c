/** What reports of comparisons and sweeps have in common: their head, each run, what the figures mean, how to cite them. */
import type { Citation } from '../../../shared/citation.ts';
import { metrics, type MetricName } from '../../../shared/expectations/metrics.ts';
import { noiseFigures, noiseText } from '../../../shared/machine-noise.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import { countText, numberText } from './html-chart.ts';
import { escaped, section, table } from './html-text.ts';

export interface ReportedFigure {
  readonly name: string;
  readonly unit: string;
  /** From the metric's own unit. */
  readonly factor: number;
  readonly isLog?: boolean;
}

/** As reports name them; a metric that has no line here is not drawn. */
export const reportedFigures = {
  throughput: { name: 'Requests per second', unit: 'requests/s', factor: 1 },
  p50: { name: 'Median latency', unit: 'µs', factor: 1, isLog: true },
  p99: { name: 'p99 latency', unit: 'µs', factor: 1, isLog: true },
  p999: { name: 'p99.9 latency', unit: 'µs', factor: 1, isLog: true },
  rawP50: { name: 'Median latency, raw', unit: 'µs', factor: 1, isLog: true },
  rawP99: { name: 'p99 latency, raw', unit: 'µs', factor: 1, isLog: true },
  rawP999: { name: 'p99.9 latency, raw', unit: 'µs', factor: 1, isLog: true },
  cpuPerRequest: { name: 'CPU time per request', unit: 'µs', factor: 1 },
  cpuShare: { name: 'CPU of the server', unit: 'cores', factor: 1 },
  syscallsPerRequest: { name: 'System calls per request', unit: 'calls', factor: 1 },
  switchesPerRequest: { name: 'Context switches per request', unit: 'switches', factor: 1 },
  memoryPerConnection: { name: 'Memory per connection', unit: 'KiB', factor: 1 / 1024 },
  rss: { name: 'Memory of the server', unit: 'MiB', factor: 1 / 1_048_576 },
  errors: { name: 'Errors', unit: 'errors', factor: 1 },
} as const satisfies Partial<Record<MetricName, ReportedFigure>>;
export type ReportedName = keyof typeof reportedFigures;

export const figureOf = (name: ReportedName): ReportedFigure => reportedFigures[name];
export const scaledBy =
  ({ factor }: ReportedFigure) =>
  (value: number): number =>
    value * factor;

/** The figure of each run that has it. */
export const valuesOf = (runs: readonly RunResult[], name: ReportedName): number[] =>
  runs.map(metrics[name].of).filter((value): value is number => value !== null && Number.isFinite(value));

const figureFormat = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
/** Three digits, or all before the point: more no run could repeat. */
export const figureText = (value: number): string =>
  Math.abs(value) >= 1000 ? countText(Math.round(value)) : figureFormat.format(value);

/** What a column is called: with its unit, where its name does not say it. */
export const titled = ({ name, unit }: ReportedFigure): string =>
  ['µs', 'ms', 'KiB', 'MiB', 'cores'].includes(unit) ? `${name}, ${unit}` : name;

/** "median (low to high)", in the unit that reports have. */
export function intervalText(
  name: ReportedName,
  found: { readonly median: number; readonly low: number; readonly high: number } | null | undefined,
): string {
  if (!found) return '–';
  const { factor } = figureOf(name);
  const [median, low, high] = [found.median, found.low, found.high].map((value) => figureText(value * factor));
  return low === high ? (median ?? '') : `${median ?? ''} (${low ?? ''} to ${high ?? ''})`;
}

export const paragraphs = (lines: readonly string[]): string =>
  lines.map((line) => `<p>${escaped(line)}</p>`).join('\n');
export const notices = (lines: readonly string[]): string =>
  lines.map((line) => `<p class="notice">${escaped(line)}</p>`).join('\n');

/** Who asked what of the servers: of all runs, each once. */
export function loadSentence(runs: readonly RunResult[]): string {
  const each = (of: (run: RunResult) => string | number): string => [...new Set(runs.map(of))].join(' or ');
  const profiles = each(({ profiles: own }) => Object.keys(own).join(' and ') || 'none');
  const lengths = runs.map(({ durationSeconds }) => Math.round(durationSeconds * 10) / 10);
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)].map(numberText);
  const seconds = least === most ? `${least ?? ''} s` : `${least ?? ''} to ${most ?? ''} s`;
  return `Each run: ${each(({ connections }) => connections)} connections of clients (${profiles}) asked a server of ${each(({ protocol }) => protocol)} (${each(({ handler }) => handler)}), measured for ${seconds} once all were connected and warm.`;
}

export interface ListedRun {
  /** What it is: entry, value and round. */
  readonly cells: readonly string[];
  readonly run: RunResult;
}

const msText = (us: number, count: number): string => (count > 0 ? figureText(us / 1000) : '–');
const totalOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Which runs were made twice: one notice for all, as on a busy machine they are many. */
export const repeatedNotice = (runs: readonly string[]): string[] =>
  runs.length === 0
    ? []
    : [`Made once more, as others disturbed them, of which the quieter counts: ${runs.join(', ')}.`];

/** Every run with what others took from it. */
export function runsTable(heads: readonly string[], runs: readonly ListedRun[]): string {
  const rows = runs.map(({ cells, run }) => {
    const { corrected } = run.latency;
    const { answered, asked } = run.clientsAtEnd ?? { answered: 0, asked: 0 };
    return [
      ...cells,
      ...[
        figureText(run.requestsPerSecond),
        msText(corrected.p50, corrected.count),
        msText(corrected.p99, corrected.count),
      ],
      ...[figureText(run.cpuMicrosPerRequest), String(totalOf(run.errors)), asked > 0 ? `${answered}/${asked}` : '–'],
      ...noiseFigures.map((each) => noiseText(run.noise, each) ?? '–'),
    ];
  });
  const own = ['requests/s', 'p50, ms', 'p99, ms', 'CPU, µs a request', 'errors', 'clients served'];
  return table([...heads, ...own, ...noiseFigures.map(({ head }) => head)], rows, { isDense: true });
}

/** Names of the figures, their units, and how each was obtained. */
export function dictionary(names: readonly ReportedName[]): string {
  const rows = [
    ...names.map((name) => [figureOf(name).name, figureOf(name).unit, metrics[name].summary]),
    ...noiseFigures.map(({ head, unit, meaning, source }) => [head, unit, `${meaning} (${source})`]),
  ];
  return table(['Figure', 'unit', 'what it is'], rows);
}

export const citeSection = ({ sentence, bibtex }: Citation): string =>
  section(
    'How to cite this',
    `<p>${escaped(sentence)}</p><pre>${escaped(bibtex)}</pre><p>Add who measured as the author.</p>`,
  );

export const howMeasured = section(
  'How this was measured',
  paragraphs([
    'Server and clients were real processes on one machine, and talked over loopback: there were no network card and no wire, and part of the server’s work on each packet ran on the core of the clients. Requests, errors and latencies are the clients’ account, all else the server’s and the kernel’s, of the time from when all clients were connected and warm to the end of the run. Latencies count from the moment at which a request was meant to be sent; those of several runs are merged as histograms, and never averaged.',
  ]),
);
