/** A sweep for people and for spreadsheets. */
import { metrics } from '../../shared/expectations/metrics.ts';
import { sweptFigures, type SweepPoint, type SweepResult, type SweptFigure } from '../../shared/sweep-result.ts';
import { csvText } from '../../shared/csv.ts';
import { digits } from './print-compare.ts';
import { machineLine, tableOf } from './print.ts';

const columns: readonly (readonly [SweptFigure, string, number])[] = [
  ['throughput', 'req/s', 1],
  ['p99', 'p99 µs', 1],
  ['cpuPerRequest', 'CPU µs/req', 1],
  ['cpuShare', 'cores', 1],
  ['switchesPerRequest', 'switches/req', 1],
  ['rss', 'memory MiB', 1 / 1_048_576],
  ['errors', 'errors', 1],
];

function cells({ figures, status }: SweepPoint): string[] {
  if (!figures) return [status, ...columns.slice(1).map(() => '–')];
  return columns.map(([figure, , factor]) => {
    const found = figures[figure];
    return found ? digits(found.median * factor) : 'n/a';
  });
}

export function sweepText({ axis, unit, points, machine, repeats }: SweepResult): string {
  const table = tableOf([axis, 'model', ...columns.map(([, head]) => head)]);
  for (const point of points) table.push([String(point.value), point.label, ...cells(point)]);
  const told = points.filter(({ status }) => status === 'refused' || status === 'failed');
  return [
    table.toString(),
    `${axis}: ${unit}${repeats > 1 ? `; medians of ${repeats} runs` : ''}`,
    ...(machine ? [machineLine(machine)] : []),
    ...told.map(({ value, label, status, reason }) => `${status}: ${label} at ${value}: ${reason ?? ''}`),
    '',
  ].join('\n');
}

export function sweepCsv({ axis, points }: SweepResult): string {
  const units = sweptFigures.map((figure) => {
    const { unit } = metrics[figure];
    return unit === '' ? figure : `${figure} (${unit})`;
  });
  const rows = points.map(({ value, label, model, status, reason, figures }) => [
    ...[value, label, model, status, reason ?? null],
    ...sweptFigures.map((figure) => figures?.[figure]?.median ?? null),
  ]);
  return csvText([[axis, 'label', 'model', 'status', 'reason', ...units], ...rows]);
}
