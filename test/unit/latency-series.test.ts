import { describe, expect, it } from 'vitest';
import { LatencySeries } from '../../renderer/stores/series.ts';
import { addEncoded, emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { latencyBytes } from './session-frames.ts';

const rows = 300;
/** Other values in each row, some rows empty. */
const valuesOf = (row: number): number[] =>
  row % 7 === 3 ? [] : Array.from({ length: 1 + (row % 5) }, (_, i) => 1000 * (row + 1) * (i + 1) + 17 * row);

const series = new LatencySeries();
for (let row = 0; row < rows; row++) {
  series.take({ timeNs: row + 1, kind: 'corrected', encoded: latencyBytes(valuesOf(row)) });
}

describe('latencies of a stretch', () => {
  it.each([
    [0, rows - 1],
    [0, 63],
    [1, 64],
    [63, 128],
    [64, 127],
    [50, 250],
    [130, 131],
    // Again, with blocks that are merged by now.
    [0, rows - 1],
    [10, 290],
  ])('are those of its rows, merged exactly: %i to %i', (first, last) => {
    const expected = emptyHistogram();
    for (let row = first; row <= last; row++) addEncoded(expected, latencyBytes(valuesOf(row)));
    const merged = series.between(first + 1, last + 1);
    expect(merged?.totalCount).toBe(expected.totalCount);
    for (const percentile of [0, 10, 50, 90, 99, 99.9, 100]) {
      expect(merged?.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile));
    }
    expect(merged?.maxValue).toBe(expected.maxValue);
  });
});
