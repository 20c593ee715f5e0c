/** Figures in sentences: three digits say as much as a measurement does. */

const grouped = (value: number): string => {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: Math.abs(rounded) < 1 ? 4 : 2 });
};

/** The next larger unit, and how many of this one it is. */
const larger: Readonly<Record<string, readonly [string, number]>> = {
  ns: ['µs', 1000],
  µs: ['ms', 1000],
  ms: ['s', 1000],
  bytes: ['KiB', 1024],
  KiB: ['MiB', 1024],
  MiB: ['GiB', 1024],
};

/** `26`, `1.8 ms`, `48,120 a second`. */
export function figureWords(value: number, unit = ''): string {
  const next = larger[unit];
  if (next && Math.abs(value) >= next[1]) return figureWords(value / next[1], next[0]);
  if (unit === '/s') return `${grouped(value)} a second`;
  if (unit === 'requests/s') return `${grouped(value)} requests a second`;
  return unit === '' ? grouped(value) : `${grouped(value)} ${unit}`;
}
