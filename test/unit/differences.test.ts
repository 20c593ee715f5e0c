import { describe, expect, it } from 'vitest';
import { comparedFigures, type ComparedFigure, type Difference } from '../../shared/compare-result.ts';
import { differencesOf } from '../../shared/statistics/differences.ts';
import { rangeText } from '../../shared/statistics/number-text.ts';
import { normalQuantile, repeatsToFind } from '../../shared/statistics/power.ts';
import { seededRandom } from '../../shared/statistics/random.ts';
import type { Served } from '../../shared/statistics/served.ts';
import { holm, pairsFor, shiftOf, signedRankP } from '../../shared/statistics/signed-rank.ts';

type Values = readonly (number | null)[];

/** One figure, all others missing. */
function between(
  entry: Values,
  base: Values,
  figure: ComparedFigure = 'cpuPerRequest',
  served?: [Served, Served],
): Difference {
  const series = (label: string, values: Values, own?: Served): Parameters<typeof differencesOf>[1] => ({
    ...{ label, served: own, connections: 50 },
    valuesOf: (each) => (each === figure ? values : values.map(() => null)),
  });
  const [found] = differencesOf(
    [figure],
    series('poll', entry, served?.[0]),
    series('epoll-lt', base, served?.[1]),
    0.95,
  );
  if (!found) throw new Error('no difference');
  return found;
}

describe('the signed-rank test', () => {
  it('is as its exact tables say', () => {
    // Wilcoxon's own table: of 10 pairs, a lesser sum of 8 is 0.0488 (both sides); of 6, none but 0 is below 0.05.
    const sumOfEight = [-8, 1, 2, 3, 4, 5, 6, 7, 9, 10];
    expect(signedRankP(sumOfEight)).toBeCloseTo(50 / 1024, 12);
    expect(signedRankP([1, 2, 3, 4, 5, 6])).toBeCloseTo(2 / 64, 12);
    expect(signedRankP([-1, 2, 3, 4, 5, 6])).toBeCloseTo(4 / 64, 12);
    expect(signedRankP([0, 0])).toBe(1);
    expect(pairsFor(0.05)).toBe(6);
    expect(pairsFor(0.05 / 12)).toBe(9);
  });

  it('shares ranks among equal sizes', () => {
    // All of one size: a sign test. Three of ten on one side: 2 * P(Bin(10, 1/2) <= 3).
    const signs = [1, 1, 1, 1, 1, 1, 1, -1, -1, -1];
    expect(signedRankP(signs)).toBeCloseTo((2 * (1 + 10 + 45 + 120)) / 1024, 12);
  });

  it('refuses what is so in as many cases as it says, and its interval holds the truth', () => {
    const random = seededRandom(20_261_130);
    let refused = 0;
    let held = 0;
    const trials = 4000;
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 10 }, () => Math.tan(Math.PI * (random() - 0.5)));
      if (signedRankP(values) <= 0.05) refused++;
      const shift = shiftOf(values, 0.05);
      if (shift && shift.low <= 0 && shift.high >= 0) held++;
    }
    // 50/1024 is the largest that is not above 0.05; four standard errors of it.
    expect(Math.abs(refused / trials - 50 / 1024)).toBeLessThan(0.014);
    expect(held).toBe(trials - refused);
  });

  it('goes with an interval that is the widest there is where pairs are few', () => {
    expect(shiftOf([1, 2, 3], 0.05)).toEqual({ median: 2, low: 1, high: 3, coverage: 0.75, count: 3 });
    expect(shiftOf([], 0.05)).toBeUndefined();
  });
});

describe('several tests together', () => {
  it('are held against the levels of Holm', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005], 0.05)).toEqual([
      { level: 0.05 / 3, isRefused: true },
      { level: 0.025, isRefused: false },
      { level: 0.025, isRefused: false },
      { level: 0.0125, isRefused: true },
    ]);
  });
});

describe('a difference', () => {
  const tenfold = (values: readonly number[]): number[] => [...values, ...values.map((value) => value * 1.01)];

  it('is seen through the drift of a machine, as runs are paired', () => {
    const base = [10, 14, 20, 28, 40, 56, 80];
    const found = between(
      base.map((value, i) => (1.1 + i / 1000) * value),
      base,
    );
    expect(found.verdict).toBe('more');
    expect(found.ratio?.median).toBeCloseTo(1.103, 3);
    expect(found.sentence).toBe('CPU time per request: poll has 1.1 times (1.1 to 1.11) that of epoll-lt.');
  });

  it('that is too small to matter is told as none', () => {
    const base = tenfold([100, 101, 99, 100.5, 99.5]);
    const found = between(
      base.map((value, i) => value * (1.01 + i / 10_000)),
      base,
    );
    expect(found.p).toBeLessThan(0.01);
    expect(found.verdict).toBe('alike');
    expect(found.sentence).toBe(
      'CPU time per request: the same within 5 %; poll has 1.01 times (1.01 to 1.01) that of epoll-lt.',
    );
  });

  it('of one page of memory is none', () => {
    const base = Array.from({ length: 10 }, (_, i) => 8192 + 82 * (i % 3));
    const more = base.map((value) => value + 82);
    expect(between(more, base, 'memoryPerConnection').verdict).toBe('alike');
    const much = base.map((value) => value + 4096);
    expect(between(much, base, 'memoryPerConnection').verdict).toBe('more');
  });

  it('that chance may have made is not resolved, and says how far and how many more repeats', () => {
    const found = between([9, 12, 10, 11, 9, 12, 30, 2, 11, 10], [10, 11, 11, 10, 10, 11, 9, 10, 12, 10]);
    expect(found.verdict).toBe('not-resolved');
    expect(found.repeatsToTell).toBeGreaterThan(10);
    expect(found.sentence).toMatch(
      /^CPU time per request: not resolved; poll could have [\d.]+ to [\d.]+ times that of epoll-lt, and (some \d+ more repeats would tell|hundreds of repeats would be needed to tell)\.$/,
    );
  });

  it('of too few runs is not told as one', () => {
    const found = between([20, 21, 22], [10, 10, 10]);
    expect(found.verdict).toBe('too-few-runs');
    expect(found.sentence).toMatch(
      / had .* times .*, but 3 runs of each are too few to tell that from chance; make at least 6\.$/,
    );
  });

  it('from nothing is told as a difference, not as a ratio', () => {
    const found = between([5, 5, 5, 5, 5, 6], [0, 0, 0, 0, 0, 0]);
    expect(found).toMatchObject({ verdict: 'more', ratio: null, difference: { median: 5, low: 5, high: 6 } });
    expect(found.sentence).toBe('CPU time per request: poll has 5 (5 to 6) µs more than epoll-lt.');
  });

  it('needs rounds in which both ran', () => {
    expect(between([1, null], [null, 1])).toMatchObject({ verdict: 'not-available', difference: null, ratio: null });
    expect(between([0, 0], [0, 0]).verdict).toBe('equal');
  });

  it('of latencies is not told where different parts of the clients were served', () => {
    const fast = [300, 310, 305, 320, 300, 310, 300, 300, 310, 300];
    const slow = fast.map((value) => value * 100);
    const served: [Served, Served] = [
      { asked: 5000, answered: 160 },
      { asked: 5000, answered: 5000 },
    ];
    const found = between(fast, slow, 'p50', served);
    expect(found).toMatchObject({ verdict: 'not-comparable', ratio: null });
    expect(found.sentence).toBe(
      'Median latency: not compared. poll answered 160 of 5000 clients, epoll-lt answered 5000 of 5000 clients: latencies are those of the clients that were served.',
    );
    // Throughput is of the whole.
    expect(between(fast, slow, 'throughput', served).verdict).toBe('less');
    expect(between(fast, slow, 'p50', [served[1], served[1]]).verdict).toBe('less');
  });

  it('of raw latencies is told once where no request waited to be sent', () => {
    const values = [300, 310, 305, 320, 300, 310, 300, 301, 310, 302];
    const series = (label: string, times: number): Parameters<typeof differencesOf>[1] => ({
      ...{ label, served: undefined, connections: 1 },
      valuesOf: (figure) => (figure === 'p99' || figure === 'rawP99' ? values.map((value) => value * times) : []),
    });
    const [p99, raw] = differencesOf(['p99', 'rawP99'], series('poll', 2), series('epoll-lt', 1), 0.95);
    // One test, not two: it is held against the whole level.
    expect(p99?.level).toBeCloseTo(0.05, 12);
    expect(raw).toMatchObject({ verdict: 'more', figure: 'rawP99' });
    expect(raw?.sentence).toBe('p99 latency, raw: as p99 latency, since no request waited to be sent.');
  });
});

describe('the digits of a range', () => {
  it.each([
    [0, 0.014, '0.000 to 0.014'],
    [0.000_42, 0.014, '0.00042 to 0.014'],
    [0.703, 14.3, '0.703 to 14.3'],
    [1.08, 1.12, '1.08 to 1.12'],
    [1200, 12_345, '1,200 to 12,300'],
    [0, 0, '0 to 0'],
  ])('%f and %f', (low, high, text) => {
    expect(rangeText(low, high)).toBe(text);
  });
});

describe('the repeats that find a difference', () => {
  it('are as the formula of the paired test has it', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.96, 2);
    expect(normalQuantile(0.8)).toBeCloseTo(0.8416, 2);
    // 10 % at a spread of 10 %: (1.96 + 0.84)² / 0.955 and some for a small sample.
    expect(repeatsToFind(0.1, 0.1, 0.05)).toBe(11);
    expect(repeatsToFind(0.1, 0, 0.05)).toBe(6);
    expect(repeatsToFind(0.1, 10, 0.05)).toBe(400);
  });

  it('do find it in four of five cases', () => {
    const random = seededRandom(7);
    const normal = (): number => normalQuantile(Math.min(0.999_999, Math.max(0.000_001, random())));
    const level = 0.05 / comparedFigures.length;
    for (const spread of [0.08, 0.2]) {
      const repeats = repeatsToFind(Math.log(1.1), spread, level);
      let found = 0;
      const trials = 400;
      for (let trial = 0; trial < trials; trial++) {
        const shifts = Array.from({ length: repeats }, () => Math.log(1.1) + spread * normal());
        if (signedRankP(shifts) <= level) found++;
      }
      expect(found / trials).toBeGreaterThan(0.7);
    }
  });
});
