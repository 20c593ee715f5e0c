import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { compare, type RunOne } from '../../main/lab/compare/compare.ts';
import { LabError } from '../../main/lab/errors.ts';
import { LatencyTotals } from '../../main/lab/latency.ts';
import { Pace } from '../../main/lab/pace.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { coverageOf, estimate, samplesFor } from '../../shared/statistics/median-interval.ts';
import { seededRandom, shuffled } from '../../shared/statistics/random.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import { smallRun } from './session-frames.ts';

describe('the interval of a median', () => {
  it('covers as the binomial distribution says', () => {
    // Tables of the sign test: 1 - 2 * P(Bin(n, 1/2) < rank).
    expect(coverageOf(5, 1)).toBeCloseTo(0.9375, 10);
    expect(coverageOf(6, 1)).toBeCloseTo(0.96875, 10);
    expect(coverageOf(10, 2)).toBeCloseTo(0.978515625, 10);
    expect(coverageOf(20, 6)).toBeCloseTo(0.9586105347, 9);
    expect(samplesFor(0.95)).toBe(6);
  });

  it('is the narrowest that reaches the confidence', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i);
    expect(estimate(values)).toMatchObject({ median: 10.5, low: 6, high: 15, count: 20 });
    expect(estimate([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3, coverage: 0.75, count: 3 });
    expect(estimate([7])).toEqual({ median: 7, low: 7, high: 7, coverage: 0, count: 1 });
    expect(estimate([])).toBeUndefined();
  });

  it.each([
    ['uniform', (u: number) => u, 0.5],
    ['exponential', (u: number) => -Math.log(1 - u), Math.LN2],
    ['with a heavy tail (Cauchy)', (u: number) => Math.tan(Math.PI * (u - 0.5)), 0],
  ])('holds the true median of a distribution that is %s as often as it says', (_name, quantile, trueMedian) => {
    const random = seededRandom(20_261_124);
    for (const count of [6, 11, 25]) {
      const trials = 4000;
      let held = 0;
      let coverage = 0;
      for (let trial = 0; trial < trials; trial++) {
        const found = estimate(Array.from({ length: count }, () => quantile(random())));
        if (!found) throw new Error('no estimate');
        coverage = found.coverage;
        if (found.low <= trueMedian && trueMedian <= found.high) held++;
      }
      expect(coverage).toBeGreaterThanOrEqual(0.95);
      // Four standard errors of a share of 4000.
      expect(Math.abs(held / trials - coverage)).toBeLessThan(0.014);
    }
  });
});

describe('random order', () => {
  it('is that of the seed, and every order comes as often as any other', () => {
    expect(shuffled([1, 2, 3, 4, 5], seededRandom(7))).toEqual(shuffled([1, 2, 3, 4, 5], seededRandom(7)));
    const random = seededRandom(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(['a', 'b', 'c'], random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});

describe('a comparison', () => {
  const entry = (label: string): { label: string; settings: ReturnType<typeof runSettingsSchema.parse> } => ({
    label,
    settings: runSettingsSchema.parse({ server: { model: 'epoll-lt' }, clients: [{ profile: 'closed' }] }),
  });
  const result = (requestsPerSecond: number): RunResult =>
    ({
      ...{ requestsPerSecond, connections: 1, maxRssBytes: 2, idleRssBytes: 1, errors: {}, syscallsPerRequest: null },
      latency: { corrected: {}, uncorrected: {} },
    }) as unknown as RunResult;

  it('runs all entries once a round, in the order of the seed, and merges their histograms', async () => {
    const order: number[] = [];
    const entries = [entry('a'), entry('b'), entry('c')];
    const runOne: RunOne = (settings, { onLatency }) => {
      const index = entries.findIndex((each) => each.settings === settings);
      order.push(index);
      const totals = new LatencyTotals();
      totals.corrected.recordValueWithCount(1000 * (index + 1), order.length);
      onLatency?.(totals);
      return Promise.resolve(result(order.length));
    };
    const found = await compare({ entries, repeats: 4, seed: 3 }, runOne);
    const names = order.map((index) => 'abc'.charAt(index));
    expect(found.order.flat()).toEqual(names);
    for (const round of found.order) expect([...round].sort()).toEqual(['a', 'b', 'c']);
    for (const { label, runs, latency, figures } of found.entries) {
      const sequence = names.flatMap((name, i) => (name === label ? [i + 1] : []));
      expect(runs.map((run) => run?.requestsPerSecond)).toEqual(sequence);
      const count = sequence.reduce((sum, each) => sum + each, 0);
      expect(latency?.corrected.count).toBe(count);
      const decoded = decodeFromCompressedBase64(latency?.corrected.hdr ?? '');
      expect(decoded.totalCount).toBe(count);
      expect(figures.syscallsPerRequest).toBeNull();
    }
    expect(found.differences.filter(({ figure }) => figure === 'throughput').map(({ label }) => label)).toEqual([
      'b',
      'c',
    ]);
  });

  it('keeps how each run went over time, on top of who looks on', async () => {
    const seen: string[] = [];
    const runOne: RunOne = (_settings, { watch }) => {
      watch?.begin();
      for (const { source, kind, payload } of smallRun().frames) watch?.frame(source, { kind, payload });
      return Promise.resolve(result(1));
    };
    const watch = { begin: () => seen.push('begin'), frame: (source: string) => seen.push(source) };
    const found = await compare({ entries: [entry('a'), entry('b')], repeats: 2, seed: 1 }, runOne, { watch });
    const [first] = found.entries;
    expect(first?.timelines).toHaveLength(2);
    expect(first?.timelines[0]?.seconds).toHaveLength(15);
    expect(seen.filter((each) => each === 'begin')).toHaveLength(4);
    expect(new Set(seen)).toEqual(new Set(['begin', 'server', 'clients', 'lab']));
  });

  it('tells of each run before its frames come', async () => {
    const seen: string[] = [];
    const runOne: RunOne = (_settings, { watch }) => {
      watch?.begin();
      return Promise.resolve(result(1));
    };
    const found = await compare({ entries: [entry('a'), entry('b')], repeats: 2, seed: 1 }, runOne, {
      watch: { begin: () => seen.push('frames'), frame: () => {} },
      onProgress: ({ done, total }) => seen.push(`${done} of ${total}`),
    });
    expect(found.isCancelled).toBe(false);
    expect(seen).toEqual(['0 of 4', 'frames', '1 of 4', 'frames', '2 of 4', 'frames', '3 of 4', 'frames']);
  });

  it('keeps what is done when it is interrupted', async () => {
    let runs = 0;
    const runOne: RunOne = () =>
      ++runs > 3 ? Promise.reject(new LabError('interrupted', 'stop')) : Promise.resolve(result(1));
    const found = await compare({ entries: [entry('a'), entry('b')], repeats: 6, seed: 1 }, runOne);
    expect(found.isCancelled).toBe(true);
    expect(found.entries.flatMap((each) => each.runs)).toHaveLength(3);
  });

  it('goes on without an entry that cannot run, and asks it once', async () => {
    let asked = 0;
    const entries = [entry('a'), entry('b')];
    const runOne: RunOne = (settings) => {
      if (settings !== entries[1]?.settings) return Promise.resolve(result(1));
      asked++;
      return Promise.reject(new LabError('unavailable', 'not here'));
    };
    const found = await compare({ entries, repeats: 3, seed: 1 }, runOne);
    expect(asked).toBe(1);
    expect(found.notRun).toEqual([{ label: 'b', round: 1, sentence: 'not here' }]);
    expect(found.entries[1]).toMatchObject({
      runs: [null, null, null],
      timelines: [null, null, null],
      latency: null,
      figures: { throughput: null },
    });
  });

  it.each([
    [[entry('a')], 2, 'at least two'],
    [[entry('a'), entry('a')], 2, '"a" is there twice'],
    [[entry('a'), entry('b')], 0, 'Repeats must be'],
  ])('that cannot be is refused', async (entries, repeats, sentence) => {
    await expect(compare({ entries, repeats, seed: 1 }, () => Promise.resolve(result(1)))).rejects.toThrow(sentence);
  });
});

describe('the time left', () => {
  it('is that of the runs to come, at the pace of those before', () => {
    let now = 0;
    const pace = new Pace([3, 3, 6], () => now);
    expect(pace.secondsLeft(0)).toBe(12);
    now = 4.5;
    expect(pace.secondsLeft(1)).toBeCloseTo(9 * 1.5);
    now = 9;
    expect(pace.secondsLeft(2)).toBeCloseTo(6 * 1.5);
    now = 18;
    expect(pace.secondsLeft(3)).toBe(0);
  });
});
