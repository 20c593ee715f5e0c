/** Figures as people read them: three significant digits, the unit beside them. */

/** "0", "7.25", "1.23k", "45.6M"; "–" where there is none. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  for (const [factor, suffix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (size >= factor * 0.9995) return `${threeDigits(value / factor)}${suffix}`;
  }
  return threeDigits(value);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.01) return value.toExponential(1);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  const text = value.toFixed(digits);
  return digits === 0 ? text : text.replace(/\.?0+$/, '');
}

const durationUnits = [
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;

/** "850 ns", "12.3 µs", "1.5 s". */
export function duration(ns: number): string {
  if (!Number.isFinite(ns)) return '–';
  if (ns === 0) return '0 s';
  const [factor, unit] = durationUnits.find(([f]) => Math.abs(ns) >= f * 0.9995) ?? [1, 'ns'];
  return `${threeDigits(ns / factor)} ${unit}`;
}

export const mebibytes = (value: number): string => (Number.isFinite(value) ? `${threeDigits(value)} MiB` : '–');
export const perSecond = (value: number): string => (Number.isFinite(value) ? `${shortNumber(value)}/s` : '–');
export const percent = (share: number): string => (Number.isFinite(share) ? `${threeDigits(share * 100)} %` : '–');
