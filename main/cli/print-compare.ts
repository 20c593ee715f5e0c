/** A comparison for people and for spreadsheets. */
import {
  comparedFigures,
  type CompareResult,
  type ComparedEntry,
  type ComparedFigure,
  type Estimate,
} from '../../shared/compare-result.ts';
import { median } from '../../shared/expectations/evaluate.ts';
import { takenShare } from '../../shared/machine-noise.ts';
import { powerSentence } from '../../shared/statistics/power-text.ts';
import { servedOf, servedText } from '../../shared/statistics/served.ts';
import { machineLine } from './print.ts';
import { tableOf, type Page } from './table.ts';

const heads: Readonly<Record<ComparedFigure, string>> = {
  throughput: 'requests/s',
  p50: 'p50 µs',
  p99: 'p99 µs',
  p999: 'p99.9 µs',
  rawP50: 'p50 µs, raw',
  rawP99: 'p99 µs, raw',
  rawP999: 'p99.9 µs, raw',
  cpuPerRequest: 'CPU µs/request',
  syscallsPerRequest: 'calls/request',
  switchesPerRequest: 'switches/request',
  memoryPerConnection: 'bytes/connection',
  errors: 'errors',
};

/** Three significant digits, or all digits before the point. */
export const digits = (value: number): string =>
  Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

const cell = (estimate: Estimate | null): string => {
  if (!estimate) return 'not available';
  const { median, low, high } = estimate;
  return low === high ? digits(median) : `${digits(median)} (${digits(low)}–${digits(high)})`;
};

/** What is told from chance first; then what is not. Figures that say the same in other words are left out. */
function differenceLines({ differences }: CompareResult): string {
  const told = differences.filter(
    ({ verdict, figure }) => verdict !== 'not-available' && verdict !== 'equal' && !figure.startsWith('raw'),
  );
  const isClear = ({ verdict }: { verdict: string }): boolean => verdict === 'more' || verdict === 'less';
  const lines = [...told.filter(isClear), ...told.filter((each) => !isClear(each))].map(
    ({ sentence }) => `${sentence}\n`,
  );
  return lines.join('');
}

/** Entries without a single run. */
export const entriesNotRun = ({ entries }: CompareResult): string[] =>
  entries.filter(({ runs }) => runs.every((run) => run === null)).map(({ label }) => label);

/** A line for each entry and reason. `isReasonTold`: that of an entry without a run stands below the result anyway. */
function notRunLines(result: CompareResult, isReasonTold: boolean): string[] {
  const dead = entriesNotRun(result);
  const rounds = new Map<string, { label: string; sentence: string; rounds: number[] }>();
  for (const { label, round, sentence } of result.notRun) {
    const key = JSON.stringify([label, sentence]);
    const line = rounds.get(key) ?? { label, sentence, rounds: [] };
    line.rounds.push(round);
    rounds.set(key, line);
  }
  return [...rounds.values()].map(({ label, sentence, rounds: missed }) => {
    const isAll = missed.length === result.repeats;
    const which = isAll ? 'in any round' : `in ${missed.length === 1 ? 'round' : 'rounds'} ${missed.join(', ')}`;
    const line = `not run: ${label}, ${which}`;
    return isReasonTold && dead.includes(label) ? `${line}; the reason is below.\n` : `${line}: ${sentence}\n`;
  });
}

/** Who was not served stands first: the figures are those of the others. */
function servedLines({ entries }: CompareResult): string[] {
  return entries.flatMap(({ label, runs }) => {
    const served = servedOf(runs);
    return served && served.answered < served.asked ? [`${servedText(label, served)}, in all runs together.`] : [];
  });
}

/** What others took of the server's time: the median and the most of an entry's runs. */
function othersCell({ runs }: ComparedEntry): string {
  const shares = runs.flatMap((run) => (run?.noise ? [takenShare(run.noise) * 100] : [])).sort((a, b) => a - b);
  if (shares.length === 0) return 'not available';
  return `${digits(median(shares))} (up to ${digits(shares.at(-1) ?? 0)})`;
}

const repeatedLines = ({ repeated }: CompareResult): string[] =>
  repeated.length === 0
    ? []
    : [
        `Made once more, as others disturbed them, of which the quieter counts: ${repeated.map(({ label, repeat }) => `${label} in round ${repeat}`).join(', ')}.`,
      ];

function powerLines({ power, repeats, differences }: CompareResult): string[] {
  const isOpen = differences.some(({ verdict }) => verdict === 'not-resolved' || verdict === 'too-few-runs');
  const sentence = isOpen ? powerSentence(power, repeats, 'were made') : undefined;
  return sentence === undefined ? [] : [sentence];
}

export function compareText(result: CompareResult, { isReasonTold = false } = {}): Page {
  const { entries, repeats, seed, machine } = result;
  const table = tableOf(['', ...entries.map(({ label }) => label)]);
  for (const figure of comparedFigures) {
    table.push([heads[figure], ...entries.map(({ figures }) => cell(figures[figure]))]);
  }
  table.push(['others % of CPU', ...entries.map(othersCell)]);
  const coverage = Math.min(...entries.flatMap(({ figures }) => figures.throughput?.coverage ?? []));
  const share = Number.isFinite(coverage) ? `${(Math.floor(coverage * 1000) / 10).toFixed(1)} %` : 'none';
  const chance = digits((1 - result.confidence) * 100);
  return [
    ...servedLines(result),
    table,
    ...(machine ? [machineLine(machine)] : []),
    `Medians of ${repeats} runs each, in random order (seed ${seed}); in brackets where the true median is, confidence ${share}.`,
    `Differences are paired by round; where nothing differs, all of an entry's figures together claim one in at most ${chance} % of all comparisons (Wilcoxon, Holm).`,
    ...repeatedLines(result),
    ...(result.reasonToRepeat === undefined ? [] : [result.reasonToRepeat]),
    '',
    differenceLines(result),
    ...powerLines(result),
    ...notRunLines(result, isReasonTold),
  ];
}
