/** The page that comparisons and sweeps share: their own sections between the head, and every run with what it means. */
import { citationOf, machineText } from '../../../shared/citation.ts';
import type { SeriesMade } from '../../../shared/compare-result.ts';
import type { Machine } from '../../../shared/run-result.ts';
import { escaped, section, table } from './html-text.ts';
import { dateText, page } from './page.ts';
import { chartStyleOfPlots } from './plots.ts';
import {
  citeSection,
  dictionary,
  howMeasured,
  notices,
  paragraphs,
  runsTable,
  type ListedRun,
  type ReportedName,
} from './series-parts.ts';

export interface SeriesReport {
  readonly title: string;
  /** "comparison of two entries"; `order` ends the sentence that begins with it. */
  readonly what: string;
  readonly order: string;
  readonly made: SeriesMade | undefined;
  readonly machine: Machine | null;
  /** Of what is to be known first, each a sentence. */
  readonly notices: readonly string[];
  readonly body: readonly string[];
  /** Every run, under these heads for its cells. */
  readonly runs: { readonly heads: readonly string[]; readonly listed: readonly ListedRun[] };
  readonly figures: readonly ReportedName[];
}

function headHtml({ title, what, order, made, machine }: SeriesReport): string {
  const when = made ? `Measured ${dateText(Date.parse(made.startedAt))} by fdscope ${made.fdscope}` : '';
  const lines = [`A ${what}, ${order}.`, when, machine ? machineText(machine) : ''].filter((line) => line !== '');
  return `<header><h1>${escaped(title)}</h1>${paragraphs(lines)}</header>`;
}

/** Nothing where it is not known when, and by what. */
const citeSeries = ({ title, what, made, machine }: SeriesReport): string =>
  made && machine
    ? citeSection(
        citationOf({
          ...{ title, what, wallMs: Date.parse(made.startedAt), version: made.fdscope, machine: machineText(machine) },
        }),
      )
    : '';

function machineSection(machine: Machine | null): string {
  if (!machine) return '';
  const rows = [
    ['Processor', `${machine.cpuModel}, ${machine.cpus} CPUs`],
    [
      'Server and clients on CPUs',
      machine.serverCpus === '' ? 'wherever the system put them' : `${machine.serverCpus} and ${machine.clientCpus}`,
    ],
    ['Kernel', `Linux ${machine.kernel}`],
  ];
  return section('Machine', table(['', ''], rows));
}

export const seriesPage = (report: SeriesReport): string =>
  page(
    report.title,
    [
      headHtml(report),
      notices(report.notices),
      ...report.body,
      section('Every run', runsTable(report.runs.heads, report.runs.listed)),
      section('What the figures are', dictionary(report.figures)),
      machineSection(report.machine),
      howMeasured,
      citeSeries(report),
    ].join('\n'),
    { rules: chartStyleOfPlots },
  );
