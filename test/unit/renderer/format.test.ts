import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  duration,
  moment,
  percent,
  perSecond,
  short,
  threadTime,
  stopwatch,
} from '../../../renderer/stores/format.ts';
import { figureParts, figureText } from '../../../renderer/stores/figures.ts';

describe('figures as text', () => {
  it('have three significant digits, and a prefix from ten thousand on', () => {
    expect([0.0042, 0.021, 7.049, 23.61, 256.4, 1234.4].map(short)).toEqual([
      '0.004',
      '0.02',
      '7.05',
      '23.6',
      '256',
      '1234',
    ]);
    expect([9994, 9995, 45_600, 999_999, 2.345e9, 7e12].map(short)).toEqual([
      '9994',
      '10.0k',
      '45.6k',
      '1.00M',
      '2.35G',
      '7T',
    ]);
    expect(short(-45_600)).toBe('-45.6k');
  });

  it('are written without decimals where they are whole, as sums of fractions may be but for rounding', () => {
    expect([0, 7, 20_000, 0.1 + 0.2 + 0.7].map(short)).toEqual(['0', '7', '20k', '1']);
    expect(percent(0.07)).toBe('7%');
    expect(count(63.4)).toBe('63');
  });

  it('carry their unit, the largest of which there is one after rounding', () => {
    expect([0, 850, 12_300, 999_700, 1.5e9, 90e9, 5400e9].map(duration)).toEqual([
      '0 s',
      '850 ns',
      '12.3 µs',
      '1.00 ms',
      '1.50 s',
      '1.50 min',
      '1.50 h',
    ]);
    expect([0, 512, 1536, 20_006_830].map(bytes)).toEqual(['0 B', '512 B', '1.50 KiB', '19.1 MiB']);
    expect(perSecond(45_600)).toBe('45.6k/s');
    expect(percent(0.256)).toBe('25.6%');
    expect([0, 9e-9, 0.0001].map(percent)).toEqual(['0%', '<0.01%', '0.01%']);
  });

  it('are a dash where there is none', () => {
    for (const text of [short, count, duration, bytes, percent, perSecond]) {
      expect(text(undefined)).toBe('–');
      expect(text(Number.NaN)).toBe('–');
    }
  });

  it('tell moments and elapsed time', () => {
    expect(moment(17.44e9, 5e9)).toBe('12.4 s');
    expect(moment(17_440_012_300, 5e9, 6)).toBe('12.440012 s');
    expect(moment(65_020_000_700, 0, 6)).toBe('1:05.020001');
    expect([59.96e9, 65.02e9, 807.5e9].map((ns) => moment(ns, 0))).toEqual(['1:00.0', '1:05.0', '13:27.5']);
    expect([7.9, 760, 3723].map(stopwatch)).toEqual(['0:07', '12:40', '1:02:03']);
  });
});

it('time of many threads is a number of threads, and that of one a share', () => {
  expect([0, 0.02, 0.62, 1, 1.02, 2.44, 9.99, 49.21].map(threadTime)).toEqual([
    ...['0%', '2%', '62%', '100%', '100%', '2.4 threads', '10 threads', '49 threads'],
  ]);
  expect(threadTime(undefined)).toBe('–');
});

describe('a figure in a unit that its size asks for', () => {
  const ms = { unit: 'ms' };
  it('has its own unit below a thousand of them, and a larger one from there on', () => {
    expect([0.21, 35.2, 999.4].map((value) => figureParts(ms, value))).toEqual([
      ['0.21', 'ms'],
      ['35.2', 'ms'],
      ['999', 'ms'],
    ]);
    expect([999.6, 12_000, 90_000].map((value) => figureParts(ms, value))).toEqual([
      ['1.00', 's'],
      ['12', 's'],
      ['1.50', 'min'],
    ]);
    expect(figureParts({ unit: 'µs' }, 45_400)).toEqual(['45.4', 'ms']);
  });

  it('tells the larger unit where a column’s head has the usual one', () => {
    expect(figureText(ms, 35.2)).toBe('35.2');
    expect(figureText(ms, 12_340)).toBe('12.3 s');
    expect(figureText(ms, undefined)).toBe('–');
    // What is no time has prefixes.
    expect(figureText({ unit: '/s' }, 45_600)).toBe('45.6k');
    expect(figureParts({ unit: '' }, 12_345)).toEqual(['12.3k', '']);
  });
});
