/**
 * Figures as text, one set of rules for all of the app: three significant digits, whole numbers without decimals, SI
 * prefixes from ten thousand on, a dash where there is no figure. A unit stands behind a space, a percent sign does not.
 */
export const missing = '–';

type Figure = number | undefined;

const isThere = (value: Figure): value is number => value !== undefined && Number.isFinite(value);

function threeDigits(value: number): string {
  const size = Math.abs(value);
  // A sum of fractions that is whole but for rounding is whole.
  if (Math.abs(value - Math.round(value)) <= size * 1e-9) return value.toFixed(0);
  if (size < 0.01) return value.toPrecision(1);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

type Step = readonly [factor: number, name: string];

/** In the largest unit of which there is one, after rounding; in the last one where there is less. */
function inUnit(value: number, steps: readonly Step[], join = ' '): string {
  const size = Math.abs(value);
  const [factor, name] = steps.find(([each]) => size >= each * 0.9995) ?? steps.at(-1) ?? [1, ''];
  return `${threeDigits(value / factor)}${join}${name}`;
}

const prefixes: readonly Step[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];
const lengthsOfTime: readonly Step[] = [
  [3600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];
const sizes: readonly Step[] = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];

/** "0.02", "7.05", "1234", "41.2k". */
export function short(value: Figure): string {
  if (!isThere(value)) return missing;
  if (Math.abs(value) >= 9995) return inUnit(value, prefixes, '');
  return Math.abs(value) >= 1000 ? value.toFixed(0) : threeDigits(value);
}

/**
 * Time that threads spent, as a share of the time that passed: "62%" of one thread's, and from there on how many threads
 * were in it at a time, at mean: "49 threads".
 */
export function threadTime(share: Figure): string {
  if (!isThere(share)) return missing;
  if (share < 1.05) return percent(Math.min(1, share));
  return `${share < 9.95 ? share.toFixed(1).replace('.0', '') : share.toFixed(0)} threads`;
}

/** Of things that are counted, also where what is shown is a mean: "63", not "63.4". */
export const count = (value: Figure): string =>
  isThere(value) && Math.abs(value) < 1000 ? value.toFixed(0) : short(value);

/** "45.6k/s". */
export const perSecond = (value: Figure): string => (isThere(value) ? `${short(value)}/s` : missing);

/** Of a share: 0.256 is "25.6%"; what is there and too little to be written so is "<0.01%". */
export function percent(share: Figure): string {
  if (!isThere(share)) return missing;
  return share > 0 && share < 0.000_05 ? '<0.01%' : `${threeDigits(share * 100)}%`;
}

/** "512 B", "1.50 KiB", "19.1 MiB". */
export const bytes = (value: Figure): string => (isThere(value) ? inUnit(value, sizes) : missing);

/** A length of time, of nanoseconds: "850 ns", "12.3 µs", "1.50 s", "2 min". */
export function duration(ns: Figure): string {
  if (!isThere(ns)) return missing;
  return ns === 0 ? '0 s' : inUnit(ns, lengthsOfTime);
}

/** "12.0" and "s" of 12,000 ms: for a time in ms or µs of which there are a thousand or more; undefined for any other. */
export function largerUnit(value: Figure, unit: string): readonly [text: string, unit: string] | undefined {
  const ns = { ms: 1e6, µs: 1e3 }[unit];
  if (ns === undefined || !isThere(value) || Math.abs(value) < 999.5) return undefined;
  const [text = '', larger = ''] = duration(value * ns).split(' ');
  return [text, larger];
}

/** A moment of a run, from its start, as the axis of time has it: "12.4 s", "13:27.5". `digits`: of the seconds. */
export function moment(timeNs: number, startNs: number, digits = 1): string {
  const parts = 10 ** digits;
  const sinceStart = Math.round(((timeNs - startNs) / 1e9) * parts);
  if (sinceStart < 60 * parts) return `${(sinceStart / parts).toFixed(digits)} s`;
  const seconds = ((sinceStart % (60 * parts)) / parts).toFixed(digits);
  return `${Math.floor(sinceStart / (60 * parts))}:${seconds.padStart(digits + 3, '0')}`;
}

/** Elapsed time as on a stop watch: "0:07", "12:40", "1:02:03". */
export function stopwatch(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
