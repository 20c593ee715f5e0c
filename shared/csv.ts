/**
 * Rows as RFC 4180 has them; `null` is an empty field. Readers that guess a file's dialect from its first rows (DuckDB)
 * refuse one whose only quotes stand far behind: long tables have all their texts quoted, from the first row on.
 *
 * A spreadsheet runs a cell that begins like a formula, quoted or not, and labels, names and reasons may be those of
 * somebody who sent a file. So such a text has an apostrophe before it, which spreadsheets take for "this is text"; other
 * readers see it. `keep` is for them: every text word for word.
 */
export const csvFormulas = ['escape', 'keep'] as const;
export type CsvFormulas = (typeof csvFormulas)[number];

export interface CsvManners {
  readonly quoted?: 'needed' | 'all';
  readonly formulas?: CsvFormulas | undefined;
}

/** Also as wide forms, which spreadsheets of East Asian languages take for the same, and behind what they leave out. */
const likeFormula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;
const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

const harmless = (cell: string): string => (likeFormula.test(cell) && !number.test(cell) ? `'${cell}` : cell);

export function csvText(
  rows: readonly (readonly (string | number | boolean | null)[])[],
  { quoted = 'needed', formulas = 'escape' }: CsvManners = {},
): string {
  const inNeed = quoted === 'all' ? inQuotes : quotedIfNeeded;
  let text = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const cell = row[i] ?? '';
      if (i > 0) text += ',';
      // Only texts can have what must be quoted.
      text += typeof cell === 'string' ? inNeed(formulas === 'keep' ? cell : harmless(cell)) : String(cell);
    }
    text += '\r\n';
  }
  return text;
}

/** What is not there is an empty field, and no empty text. */
const inQuotes = (cell: string): string =>
  cell === '' ? '' : `"${cell.includes('"') ? cell.replaceAll('"', '""') : cell}"`;
const quotedIfNeeded = (cell: string): string => (/[",\r\n]/.test(cell) ? inQuotes(cell) : cell);
