/** Two sessions side by side, for people and for spreadsheets. */
import { csvText, type CsvFormulas } from '../../shared/csv.ts';
import type { ComparedFiles } from '../lab/compare/session-files.ts';
import { digits } from './print-compare.ts';
import { tableOf, type Page } from './table.ts';

const cell = (value: number | undefined): string => (value === undefined ? 'not available' : digits(value));

export function comparedFilesText({ files, differences, caveats, noise }: ComparedFiles): Page {
  const table = tableOf(['', 'A', 'B', 'B / A']);
  for (const { label, unit, a, b, ratio } of differences) {
    table.push([unit === '' ? label : `${label}, ${unit}`, cell(a), cell(b), ratio === undefined ? '' : digits(ratio)]);
  }
  const names = files.map(({ file, name, models }, i) => `${'AB'[i] ?? ''}  ${file}: ${name} (${models.join(', ')})`);
  return [...names, table, ...caveats, '', ...noise, ''];
}

export const comparedFilesCsv = ({ differences }: ComparedFiles, formulas?: CsvFormulas): string =>
  csvText(
    [
      ['measure', 'unit', 'a', 'b', 'difference', 'ratio'],
      ...differences.map(({ measure, unit, a, b, difference, ratio }) => [
        measure,
        unit,
        a ?? null,
        b ?? null,
        difference ?? null,
        ratio ?? null,
      ]),
    ],
    { formulas },
  );
