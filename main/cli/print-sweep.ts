/** A sweep for people and for spreadsheets. */
import type { SweepPoint, SweepResult, SweptFigure } from '../../shared/sweep-result.ts';
import { digits } from './print-compare.ts';
import { machineLine } from './print.ts';
import { tableOf, type Page } from './table.ts';

const columns: readonly (readonly [SweptFigure, string, number])[] = [
  ['throughput', 'req/s', 1],
  ['p99', 'p99 µs', 1],
  ['cpuPerRequest', 'CPU µs/req', 1],
  ['cpuShare', 'cores', 1],
  ['switchesPerRequest', 'switches/req', 1],
  ['rss', 'memory MiB', 1 / 1_048_576],
  ['errors', 'errors', 1],
];

/** `~` not told apart from the value before, `=` nor from another model at this value. */
function cells({ figures, status, doubts }: SweepPoint): string[] {
  if (!figures) return [status, ...columns.slice(1).map(() => '–')];
  return columns.map(([figure, , factor]) => {
    const found = figures[figure];
    if (!found) return 'n/a';
    const { median, low, high } = found;
    const value = digits(median * factor);
    const range = low === high ? '' : ` (${digits(low * factor)}–${digits(high * factor)})`;
    const doubt = doubts[figure];
    const marks = `${doubt?.before ? '~' : ''}${(doubt?.others.length ?? 0) > 0 ? '=' : ''}`;
    return `${value}${range}${marks === '' ? '' : ` ${marks}`}`;
  });
}

function about({ axis, unit, repeats, seed, points, repeated }: SweepResult): string[] {
  if (repeats === 1) {
    return [`${axis}: ${unit}; one run each, so that nothing tells a difference from chance: repeat it (--repeats 3).`];
  }
  const coverage = Math.min(1, ...points.flatMap(({ figures }) => figures?.throughput?.coverage ?? []));
  const isDoubtful = points.some(({ doubts }) => Object.keys(doubts).length > 0);
  return [
    `${axis}: ${unit}; medians of ${repeats} runs in random order over all points (seed ${seed}), in brackets where the true median is, confidence ${(coverage * 100).toFixed(0)} %.`,
    ...(isDoubtful
      ? ['~ cannot be told apart from the value before, = from another model at this value: the intervals overlap.']
      : []),
    ...(repeated.length > 0
      ? [
          `Made once more, as others disturbed them, of which the quieter counts: ${repeated.map(({ label, value, repeat }) => `${label} at ${value ?? ''} (repeat ${repeat})`).join(', ')}.`,
        ]
      : []),
  ];
}

export function sweepText(result: SweepResult): Page {
  const { axis, points, machine } = result;
  const table = tableOf([axis, 'model', ...columns.map(([, head]) => head)]);
  for (const point of points) table.push([String(point.value), point.label, ...cells(point)]);
  const told = points.filter(({ status }) => status === 'refused' || status === 'failed');
  return [
    table,
    ...about(result),
    ...(machine ? [machineLine(machine)] : []),
    ...told.map(({ value, label, status, reason }) => `${status}: ${label} at ${value}: ${reason ?? ''}`),
    '',
  ];
}
