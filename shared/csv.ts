/** Rows as RFC 4180 has them; `null` is an empty field. */
export const csvText = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows
    .map((row) => row.map((cell) => (cell === null ? '' : quoted(String(cell)))).join(','))
    .map((line) => `${line}\r\n`)
    .join('');

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
