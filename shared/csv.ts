/**
 * Rows as RFC 4180 has them; `null` is an empty field. Readers that guess a file's dialect from its first rows (DuckDB)
 * refuse one whose only quotes stand far behind: long tables have `all` their texts quoted, from the first row on.
 */
export function csvText(
  rows: readonly (readonly (string | number | boolean | null)[])[],
  quotedTexts: 'needed' | 'all' = 'needed',
): string {
  const quoted = quotedTexts === 'all' ? inQuotes : quotedIfNeeded;
  let text = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const cell = row[i] ?? '';
      if (i > 0) text += ',';
      // Only texts can have what must be quoted.
      text += typeof cell === 'string' ? quoted(cell) : String(cell);
    }
    text += '\r\n';
  }
  return text;
}

/** What is not there is an empty field, and no empty text. */
const inQuotes = (cell: string): string =>
  cell === '' ? '' : `"${cell.includes('"') ? cell.replaceAll('"', '""') : cell}"`;
const quotedIfNeeded = (cell: string): string => (/[",\r\n]/.test(cell) ? inQuotes(cell) : cell);
