import { describe, expect, it } from 'vitest';
import { isLatency, metricNames, metrics } from '../../shared/expectations/metrics.ts';
import { unlikeSentence } from '../../shared/expectations/served.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { judge, median, type Lookup, type Verdict } from '../../shared/expectations/evaluate.ts';
import { figuresOf, figureText, parseExpectation } from '../../shared/expectations/expression.ts';

const names = { models: ['select', 'epoll-lt', 'io_uring'], variants: ['900 idle', '9,000 idle'] };

const values: Record<string, number> = {
  'throughput(select)': 100,
  'throughput(epoll-lt)': 250,
  'p99(epoll-lt)': 40,
  'cpuPerRequest(select, "900 idle")': 20,
  'cpuPerRequest(epoll-lt, "900 idle")': 9,
};
const lookup: Lookup = (figure) => values[figureText(figure)];
const held = (text: string): boolean | undefined => judge(parseExpectation(text, names), lookup).held;

describe('expectations', () => {
  it.each([
    ['throughput(epoll-lt) > 2 * throughput(select)', true],
    ['throughput(epoll-lt) > 3 * throughput(select)', false],
    ['throughput(epoll-lt) - throughput(select) >= 150', true],
    ['throughput(epoll-lt) / throughput(select) < 2.5', false],
    ['throughput(epoll-lt) / throughput(select) <= 2.5', true],
    ['1 + 2 * 3 >= 7 and (1 + 2) * 3 <= 9', true],
    ['not (p99(epoll-lt) > 50)', true],
    ['!(p99(epoll-lt) > 30)', false],
    ['p99(epoll-lt) > 50 or p99(epoll-lt) < 41', true],
    ['p99(epoll-lt) > 50 && p99(epoll-lt) < 41', false],
    ['min(throughput(select), 50) < 51', true],
    ['max(throughput(select), throughput(epoll-lt)) > 249', true],
    ['abs(throughput(select) - throughput(epoll-lt)) <= 150', true],
    ['- throughput(select) < 0', true],
    ['cpuPerRequest(select, "900 idle") > 2 * cpuPerRequest(epoll-lt, "900 idle")', true],
  ])('%s is %s', (text, expected) => {
    expect(held(text)).toBe(expected);
  });

  it('are undecided where a figure is missing, and say which', () => {
    const verdict = judge(parseExpectation('p99(io_uring) < p99(epoll-lt)', names), lookup);
    expect(verdict).toEqual({
      held: undefined,
      figures: [{ metric: 'p99', model: 'epoll-lt', value: 40 }],
      missing: [{ metric: 'p99', model: 'io_uring' }],
      unlike: [],
    });
  });

  const latencies: Record<string, number> = { select: 10, 'epoll-lt': 40 };
  const judged = (text: string, shares: Record<string, number | undefined>): Verdict =>
    judge(
      parseExpectation(text, names),
      ({ model }) => latencies[model],
      ({ metric, model }) => (isLatency(metric) ? shares[model] : undefined),
    );

  it.each([
    // The one that came out faster served fewer: it may owe that to those who wait.
    ['p99(select) < p99(epoll-lt)', undefined],
    ['p99(epoll-lt) > 2 * p99(select)', undefined],
    ['p99(epoll-lt) / p99(select) > 2', undefined],
    ['p99(select) - p99(epoll-lt) < 0', undefined],
    ['p99(select) > p99(epoll-lt)', undefined],
    ['not (p99(select) > p99(epoll-lt))', undefined],
    ['abs(p99(select) - p99(epoll-lt)) < 50', undefined],
    ['max(p99(select), 1) < min(p99(epoll-lt), 100)', undefined],
    ['p99(select) < p99(epoll-lt) or p99(select) > 5', true],
    ['p99(select) < p99(epoll-lt) and p99(select) > 5', undefined],
    ['p99(select) < p99(epoll-lt) and p99(select) > 50', false],
    // Nothing of two is compared, or no latencies.
    ['p99(select) < 50', true],
    ['throughput(select) < throughput(epoll-lt)', true],
    // It is the slower one even though its clients that wait are not in it.
    ['10 * p99(select) > p99(epoll-lt)', true],
  ])('%s is %s where select served a tenth of its clients', (text, expected) => {
    const { held: verdict, unlike } = judged(text, { select: 0.1, 'epoll-lt': 1 });
    expect(verdict).toBe(expected);
    expect(unlike.length > 0).toBe(expected === undefined);
  });

  it.each([
    ['both served all but a few', { select: 0.995, 'epoll-lt': 1 }],
    ['nobody says', {}],
  ])('latencies are compared where %s', (_, shares) => {
    expect(judged('p99(select) < p99(epoll-lt)', shares).held).toBe(true);
  });

  it('say who served fewer', () => {
    const { unlike } = judged('p99(select) < p99(epoll-lt)', { select: 16 / 500, 'epoll-lt': 1 });
    expect(unlikeSentence(unlike, figureText)).toBe(
      'p99(select) is of 3.2% of the clients, p99(epoll-lt) of 100%: who serves fewer is faster to them, so these are not compared.',
    );
  });

  it('know every latency that there is', () => {
    const told = metricNames.filter((name) => metrics[name].summary.includes('latency'));
    expect(metricNames.filter((name) => isLatency(name))).toEqual(told);
  });

  it('name each figure once, in the order of the text', () => {
    const expression = parseExpectation('p99(select) < 2 * p99(epoll-lt) and p99(select) > 0', names);
    expect(figuresOf(expression).map(figureText)).toEqual(['p99(select)', 'p99(epoll-lt)']);
  });

  it.each([
    [`throughput(epoll-lt) > ${'('.repeat(99_000)}`, 'has at most 1000 characters, and this one has 99023'],
    [`throughput(epoll-lt) > ${'('.repeat(970)}`, 'cannot be read'],
    [`throughput(epoll-lt) > ${'!'.repeat(970)}1`, 'takes a number for something that is true or false'],
    ['throughput(epoll-lt) >', 'cannot be read'],
    ['throughput(epoll-lt', 'cannot be read'],
    ['throughput(epoll-lt)', 'is a number'],
    ['thruput(epoll-lt) > 1', 'did you mean "throughput"'],
    ['throughput(epol-lt) > 1', 'did you mean "epoll-lt"'],
    ['throughput(poll) > 1', 'which the scenario does not run'],
    ['throughput(select, "800 idle") > 1', 'there are "900 idle", "9,000 idle"'],
    ['throughput() > 1', 'write throughput(model)'],
    ['throughput > 1', 'bare name "throughput"'],
    ['(p99(select) > 1) + 2 > 1', 'true or false'],
    ['p99(select) and p99(select) > 1', 'takes a number'],
    ['p99(select) ** 2 > 1', 'the operator **'],
    ['p99(select) == 1', 'the operator =='],
    ['process.exit(1) > 0', 'unknown figure ""'],
    ['constructor(select) > 0', 'unknown figure "constructor"'],
    ['`x` > 1', 'cannot be read'],
    ['p99(select) > 1, p99(select) > 2', 'more than one expression'],
    ['-p99(select) < 1', 'put a blank behind the minus'],
    ['p99(select) > "a"', 'where a number belongs'],
    ['', 'is empty'],
  ])('refuse %j: %s', (text, sentence) => {
    expect(() => parseExpectation(text, names)).toThrow(sentence);
  });

  it('say where a text stops making sense', () => {
    expect(() => parseExpectation('p99(select) > 1 ) 2', names)).toThrow(expect.objectContaining({ column: 17 }));
  });
});

describe('median', () => {
  it('is the middle value, or the mean of the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });
});

describe('a percentile', () => {
  it('is not there where nothing was answered: 0 would be the fastest of all', () => {
    const run = (count: number): RunResult =>
      ({ latency: { corrected: { p99: 5, count }, uncorrected: { p50: 3, count } } }) as unknown as RunResult;
    expect([metrics.p99.of(run(0)), metrics.rawP50.of(run(0))]).toEqual([null, null]);
    expect([metrics.p99.of(run(1)), metrics.rawP50.of(run(1))]).toEqual([5, 3]);
  });
});
