/** Comparisons and sweeps for spreadsheets: one row a figure, one row a point. */
import { comparedFigures, type CompareResult } from './compare-result.ts';
import { csvText, type CsvFormulas } from './csv.ts';
import { metrics } from './expectations/metrics.ts';
import { noiseFigures } from './machine-noise.ts';
import { medianNoise } from './statistics/noise-of-runs.ts';
import { servedOf, servedShare } from './statistics/served.ts';
import { sweptFigures, type SweepResult } from './sweep-result.ts';

export function compareCsv({ entries, differences }: CompareResult, formulas?: CsvFormulas): string {
  const head = ['entry', 'model', 'figure', 'unit', 'median', 'low', 'high', 'coverage', 'runs'];
  const against = [
    'against',
    'ratio',
    'ratio low',
    'ratio high',
    'verdict',
    'p',
    'level',
    'repeats to tell',
    'clients served',
  ];
  const rows = entries.flatMap(({ label, model, figures, runs }) => [
    ...comparedFigures.map((figure) => {
      const { median, low, high, coverage, count } = figures[figure] ?? {};
      const found = differences.find((each) => each.label === label && each.figure === figure);
      const served = servedOf(runs);
      const share = served && servedShare(served);
      const { median: ratio, low: ratioLow, high: ratioHigh } = found?.ratio ?? {};
      return [
        ...[label, model, figure, metrics[figure].unit, median, low, high, coverage, count],
        ...[found?.against, ratio, ratioLow, ratioHigh, found?.verdict],
        ...[found?.p, found?.level, found?.repeatsToTell, share],
      ].map((value) => value ?? null);
    }),
    // What others took has a median, and nothing that it is compared with.
    ...noiseFigures.map((figure) => {
      const own = [label, model, figure.name, figure.unit, medianNoise({ runs }, figure)];
      return [...own, ...Array<null>(head.length + against.length - own.length).fill(null)];
    }),
  ]);
  return csvText([[...head, ...against], ...rows], { formulas });
}

export function sweepCsv({ axis, points }: SweepResult, formulas?: CsvFormulas): string {
  const named = sweptFigures.flatMap((figure) => {
    const { unit } = metrics[figure];
    const name = unit === '' ? figure : `${figure} (${unit})`;
    return [name, `${figure} low`, `${figure} high`, `${figure} not told apart from`];
  });
  const rows = points.map(({ value, label, model, status, reason, figures, doubts, runs }) => [
    ...[value, label, model, status, reason ?? null],
    ...sweptFigures.flatMap((figure) => {
      const { median, low, high } = figures?.[figure] ?? {};
      const doubt = doubts[figure];
      const like = [...(doubt?.before ? ['the value before'] : []), ...(doubt?.others ?? [])].join('; ');
      return [median ?? null, low ?? null, high ?? null, like === '' ? null : like];
    }),
    ...[runs.length, ...noiseFigures.map((figure) => medianNoise({ runs }, figure))],
  ]);
  const noise = noiseFigures.map(({ name, unit }) => `${name} (${unit})`);
  return csvText([[axis, 'label', 'model', 'status', 'reason', ...named, 'runs', ...noise], ...rows], { formulas });
}
