/** Rows as RFC 4180 has them; `null` is an empty field. */
export function csvText(rows: readonly (readonly (string | number | boolean | null)[])[]): string {
  let text = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const cell = row[i] ?? '';
      if (i > 0) text += ',';
      // Only texts can have what must be quoted.
      text += typeof cell === 'string' ? quoted(cell) : cell;
    }
    text += '\r\n';
  }
  return text;
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
