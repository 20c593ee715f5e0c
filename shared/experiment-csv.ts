/** Comparisons and sweeps for spreadsheets: one row a figure, one row a point. */
import { comparedFigures, type CompareResult } from './compare-result.ts';
import { csvText, type CsvFormulas } from './csv.ts';
import { metrics } from './expectations/metrics.ts';
import { sweptFigures, type SweepResult } from './sweep-result.ts';

export function compareCsv({ entries, differences }: CompareResult, formulas?: CsvFormulas): string {
  const head = ['entry', 'model', 'figure', 'unit', 'median', 'low', 'high', 'coverage', 'runs'];
  const against = ['against', 'ratio', 'ratio low', 'ratio high', 'verdict'];
  const rows = entries.flatMap(({ label, model, figures }) =>
    comparedFigures.map((figure) => {
      const { median, low, high, coverage, count } = figures[figure] ?? {};
      const found = differences.find((each) => each.label === label && each.figure === figure);
      const { median: ratio, low: ratioLow, high: ratioHigh } = found?.ratio ?? {};
      return [
        ...[label, model, figure, metrics[figure].unit, median, low, high, coverage, count],
        ...[found?.against, ratio, ratioLow, ratioHigh, found?.verdict],
      ].map((value) => value ?? null);
    }),
  );
  return csvText([[...head, ...against], ...rows], { formulas });
}

export function sweepCsv({ axis, points }: SweepResult, formulas?: CsvFormulas): string {
  const units = sweptFigures.map((figure) => {
    const { unit } = metrics[figure];
    return unit === '' ? figure : `${figure} (${unit})`;
  });
  const rows = points.map(({ value, label, model, status, reason, figures }) => [
    ...[value, label, model, status, reason ?? null],
    ...sweptFigures.map((figure) => figures?.[figure]?.median ?? null),
  ]);
  return csvText([[axis, 'label', 'model', 'status', 'reason', ...units], ...rows], { formulas });
}
