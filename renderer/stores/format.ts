/** Figures as text: three significant digits, SI prefixes, the unit always named by who shows it. */
const missing = '–';

const plain = (value: number): string => {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01) return value.toFixed(2);
  return value.toPrecision(1);
};

/** "41.2k", "7.05", "0.02"; a dash where there is no value. */
export function short(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  if (size >= 999_500_000) return `${plain(value / 1e9)}G`;
  if (size >= 999_500) return `${plain(value / 1e6)}M`;
  if (size >= 9_995) return `${plain(value / 1e3)}k`;
  if (size >= 1000) return value.toFixed(0);
  return plain(value);
}

export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return missing;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size.toFixed(0) : plain(size)} ${units[unit] ?? ''}`;
}

/** Of things that are counted: "63", not "63.0". */
export const count = (value: number | undefined): string =>
  value !== undefined && Math.abs(value) < 1000 ? value.toFixed(0) : short(value);

/** A length of time in the unit that suits it. */
export function duration(ns: number | undefined): string {
  if (ns === undefined || !Number.isFinite(ns)) return missing;
  const size = Math.abs(ns);
  if (size < 1e3) return `${ns.toFixed(0)} ns`;
  if (size < 1e6) return `${plain(ns / 1e3)} µs`;
  if (size < 1e9) return `${plain(ns / 1e6)} ms`;
  return `${plain(ns / 1e9)} s`;
}

/** A moment of a run: "12.4 s" from its start. */
export const moment = (timeNs: number, startNs: number): string => `${((timeNs - startNs) / 1e9).toFixed(1)} s`;

export const percent = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? missing : `${plain(share * 100)}%`;

/** Elapsed time as on a stop watch: "0:07", "12:40", "1:02:03". */
export function stopwatch(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
