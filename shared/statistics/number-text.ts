/** Numbers and ranges in sentences. */

const plain = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { maximumSignificantDigits: digits, minimumSignificantDigits: 1 });

/** Three significant digits: 12,300, 0.703, 0.000123. */
export const numberText = (value: number): string => (value === 0 ? '0' : plain(value, 3));

/** Two bounds; a 0 has as many places as its fellow: "0.000 to 0.014". */
export function rangeText(low: number, high: number): string {
  const most = Math.max(Math.abs(low), Math.abs(high));
  if (most === 0) return '0 to 0';
  const places = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(most))));
  const text = (value: number): string => (value === 0 ? value.toFixed(places) : plain(value, 3));
  return `${text(low)} to ${text(high)}`;
}
