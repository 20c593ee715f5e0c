/**
 * Times, sizes and counts as people write them: "500ms", "1m30s", "64KiB", "10k". A bare number is in the unit of whoever
 * asks. Sizes follow GNU's tools: K and KiB are 1024 bytes, kB is 1000.
 */

export type Quantity = 'seconds' | 'milliseconds' | 'microseconds' | 'bytes' | 'count' | 'rate' | 'percent' | 'number';

const nanoseconds: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, sec: 1e9, m: 60e9, min: 60e9, h: 3600e9, d: 86_400e9 },
};
const bareTimes = { seconds: 1e9, milliseconds: 1e6, microseconds: 1e3 } as const;

const bytes: Readonly<Record<string, number>> = {
  ...{ B: 1, k: 1024, K: 1024, KiB: 1024, kB: 1e3, KB: 1e3 },
  ...{ M: 1_048_576, MiB: 1_048_576, MB: 1e6, G: 1_073_741_824, GiB: 1_073_741_824, GB: 1e9 },
};
const counts: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, G: 1e9 };
const perSecond: Readonly<Record<string, number>> = { '': 1, '/s': 1, '/min': 1 / 60 };

const decimal = String.raw`[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const amount = new RegExp(`^(${decimal})\\s*(.*)$`, 'i');
const timePart = new RegExp(`(${decimal})\\s*([a-zµμ]+)\\s*`, 'giy');

const numberOf = (text: string): number => Number(text.replaceAll('_', ''));

/** Powers of ten make 1.1k 1100.0000000000002; nobody wrote that. */
const rounded = (value: number): number => Number(value.toPrecision(12));

function timeOf(text: string, unit: keyof typeof bareTimes): number | undefined {
  let sum = 0;
  let at = 0;
  for (const match of text.matchAll(timePart)) {
    const ns = nanoseconds[match[2] ?? ''];
    if (ns === undefined) return undefined;
    sum += numberOf(match[1] ?? '') * ns;
    at = match.index + match[0].length;
  }
  return at > 0 && at === text.length ? rounded(sum / bareTimes[unit]) : undefined;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits = '', unit = ''] = amount.exec(text) ?? [];
  const factor = unit === '' ? 1 : units[unit];
  return digits === '' || factor === undefined ? undefined : rounded(numberOf(digits) * factor);
}

function rateOf(text: string): number | undefined {
  const slash = text.indexOf('/');
  const [many, unit] = slash < 0 ? [text, ''] : [text.slice(0, slash).trim(), text.slice(slash)];
  const factor = perSecond[unit];
  const count = scaled(many, counts);
  return factor === undefined || count === undefined ? undefined : rounded(count * factor);
}

/** In the quantity's own unit, or undefined where the text is no such thing. */
export function parseQuantity(text: string, quantity: Quantity): number | undefined {
  const trimmed = text.trim();
  const bare = scaled(trimmed, {});
  if (bare !== undefined) return bare;
  switch (quantity) {
    case 'seconds':
    case 'milliseconds':
    case 'microseconds':
      return timeOf(trimmed, quantity);
    case 'bytes':
      return scaled(trimmed, bytes);
    case 'count':
      return scaled(trimmed, counts);
    case 'rate':
      return rateOf(trimmed);
    case 'percent':
      return scaled(trimmed, { '%': 1 });
    case 'number':
      return undefined;
  }
}

/** What such a value looks like, after "takes". */
export const quantityForms: Readonly<Record<Quantity, string>> = {
  seconds: 'a time in seconds or with a unit, such as 500ms, 2s or 1m30s',
  milliseconds: 'a time in milliseconds or with a unit, such as 250us, 5ms or 2s',
  microseconds: 'a time in microseconds or with a unit, such as 50us or 2ms',
  bytes: 'a size in bytes or with a unit, such as 512, 64KiB or 1MB',
  count: 'a number, such as 100, 10k or 1M',
  rate: 'requests a second, such as 500, 10k or 600/min',
  percent: 'a percentage, such as 99 or 99.5%',
  number: 'a number',
};

/** How the help and the manual name such a value. */
export const quantityNames: Readonly<Record<Quantity, string>> = {
  ...{ seconds: 'time', milliseconds: 'time', microseconds: 'time' },
  ...{ bytes: 'size', count: 'number', rate: 'rate', percent: 'percentage', number: 'number' },
};
