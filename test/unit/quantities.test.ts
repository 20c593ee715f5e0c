/** Times, sizes, counts and rates as people write them. */
import { describe, expect, it } from 'vitest';
import { parseQuantity, quantityForms, type Quantity } from '../../shared/quantities.ts';
import { parseAxis } from '../../main/lab/sweep/axes.ts';
import { parseSwitches } from '../../main/cli/switches.ts';

const good: readonly (readonly [Quantity, string, number])[] = [
  ['seconds', '2', 2],
  ['seconds', '500ms', 0.5],
  ['seconds', '1m30s', 90],
  ['seconds', '1h', 3600],
  ['seconds', '.5', 0.5],
  ['seconds', '1.5 s', 1.5],
  ['milliseconds', '2', 2],
  ['milliseconds', '2s', 2000],
  ['milliseconds', '250us', 0.25],
  ['microseconds', '50', 50],
  ['microseconds', '2ms', 2000],
  ['microseconds', '50µs', 50],
  ['bytes', '512', 512],
  ['bytes', '64KiB', 65_536],
  ['bytes', '64k', 65_536],
  ['bytes', '64kB', 64_000],
  ['bytes', '1MiB', 1_048_576],
  ['bytes', '1MB', 1_000_000],
  ['count', '10k', 10_000],
  ['count', '1.1k', 1100],
  ['count', '1M', 1_000_000],
  ['count', '10_000', 10_000],
  ['count', '1e3', 1000],
  ['count', '-1', -1],
  ['rate', '5k', 5000],
  ['rate', '5k/s', 5000],
  ['rate', '600/min', 10],
  ['percent', '99.5%', 99.5],
  ['number', '0.25', 0.25],
];

const bad: readonly (readonly [Quantity, string])[] = [
  ['seconds', '2kg'],
  ['seconds', '2S'],
  ['seconds', '1s2'],
  ['seconds', ''],
  ['seconds', 'ms'],
  ['seconds', '64KiB'],
  ['milliseconds', '1k'],
  ['bytes', '1s'],
  ['bytes', '64kib'],
  ['count', '1s'],
  ['count', '1 000'],
  ['count', '10KiB'],
  ['count', '0x10'],
  ['count', 'Infinity'],
  ['count', 'NaN'],
  ['rate', '5/h'],
  ['percent', '5%%'],
  ['number', '1k'],
];

describe('a quantity', () => {
  it.each(good)('%s %s is %d', (quantity, text, value) => expect(parseQuantity(text, quantity)).toBe(value));

  it.each(bad)('%s "%s" is none', (quantity, text) => expect(parseQuantity(text, quantity)).toBeUndefined());

  it('every example of its form is one', () => {
    for (const [quantity, form] of Object.entries(quantityForms)) {
      const [, list = ''] = form.split('such as ');
      for (const example of list.split(/, | or /).filter(Boolean)) {
        expect([quantity, example, parseQuantity(example, quantity as Quantity)]).not.toContain(undefined);
      }
    }
  });

  it('stands in a sweep and in a switch too', () => {
    expect(parseAxis('clients=1,10k').values).toEqual([1, 10_000]);
    expect(parseAxis('size=1KiB,512').values).toEqual([512, 1024]);
    expect(parseAxis('rate=1k,600/min').values).toEqual([10, 1000]);
    expect(() => parseAxis('size=1s')).toThrow('A sweep over size takes a size in bytes or with a unit');
    expect(parseSwitches('500ms:poll,1.5s:select')).toEqual([
      { at: 0.5, switch: 'poll' },
      { at: 1.5, switch: 'select' },
    ]);
    expect(() => parseSwitches('5k:poll')).toThrow('"5k" is no time');
  });
});
