import { describe, expect, it } from 'vitest';
import { ByteLog } from '../../renderer/stores/byte-log.ts';
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
    // Most of what was read before, moved on and back.
    [14, 294],
    [9, 280],
  ])('are those of its rows, merged exactly: %i to %i', (first, last) => {
    const expected = emptyHistogram();
    for (let row = first; row <= last; row++) addEncoded(expected, latencyBytes(valuesOf(row)));
    const merged = series.between(first + 1, last + 1);
    expect(merged?.totalCount).toBe(expected.totalCount);
    for (const percentile of [1, 10, 50, 90, 99, 99.9, 100]) {
      expect(merged?.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile));
    }
    expect(merged?.maxValue).toBe(expected.maxValue);
  });
});

describe('bytes of many short entries', () => {
  it('are kept one by one, and the oldest go first', () => {
    const log = new ByteLog();
    const entryOf = (i: number): Uint8Array => new Uint8Array(i % 300).fill(i % 251);
    for (let i = 0; i < 2000; i++) log.append(entryOf(i));
    log.append(new Uint8Array(100_000).fill(9));
    expect([0, 1, 511, 512, 1999].map((i) => log.at(i))).toEqual([0, 1, 511, 512, 1999].map(entryOf));
    expect(log.at(2000)).toHaveLength(100_000);
    const whole = log.byteLength;
    log.dropUntil(1500);
    expect([log.at(1499), log.at(1500), log.at(2001)]).toEqual([undefined, entryOf(1500), undefined]);
    expect(log.byteLength).toBeLessThan(whole);
  });
});
