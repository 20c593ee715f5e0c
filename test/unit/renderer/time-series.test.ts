import { describe, expect, it } from 'vitest';
import { secondTicks, timeRows, timeSeries } from '../../../renderer/screens/compare/time-series.ts';
import type { ComparedEntry, Timeline } from '../../../shared/compare-result.ts';

const timeline = (...requestsPerSecond: (number | null)[]): Timeline => ({
  requestsPerSecond,
  seconds: requestsPerSecond.map((_, i) => (i + 1) / 2),
  p99Us: requestsPerSecond.map(() => null),
  cpuCores: requestsPerSecond.map(() => 0.5),
});
const entry = (label: string, ...timelines: (Timeline | null)[]): ComparedEntry => ({
  ...{ label, timelines, model: 'epoll-lt', runs: [], latency: null },
  figures: {} as ComparedEntry['figures'],
});

describe('entries over time', () => {
  it('are medians of their runs, step by step, with the runs behind', () => {
    const [line] = timeSeries(
      [entry('a', timeline(1, 9, 4), timeline(3, 2, 4), null, timeline(2, 5, 4))],
      'requestsPerSecond',
    );
    expect(line?.points.map(({ x, y }) => [x, y])).toEqual([
      [0.5, 2],
      [1, 5],
      [1.5, 4],
    ]);
    expect(line?.behind?.map((run) => run.map(({ y }) => y))).toEqual([
      [1, 9, 4],
      [3, 2, 4],
      [2, 5, 4],
    ]);
  });

  it('break where no run has a figure, and go on with those that have', () => {
    const entries = [entry('a', timeline(1, null, 4), timeline(3, null))];
    expect(timeSeries(entries, 'requestsPerSecond')[0]?.points.map(({ y }) => y)).toEqual([2, NaN, 4]);
    expect(timeRows(entries, 'requestsPerSecond').map(({ values }) => values[0])).toEqual([2, null, 4]);
  });

  it('keep the place of an entry that was never run, so that colours stay', () => {
    const lines = timeSeries([entry('gone', null), entry('b', timeline(7))], 'cpuCores');
    expect(lines.map(({ label, points }) => [label, points.length])).toEqual([
      ['gone', 0],
      ['b', 1],
    ]);
    expect(lines[1]?.behind).toEqual([]);
    expect(secondTicks([entry('gone', null)])).toEqual([{ x: 0, text: '0 s' }]);
  });
});
