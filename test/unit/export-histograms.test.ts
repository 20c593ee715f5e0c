/** Walking an encoded histogram, held against the library that unpacks it. */
import { JsHistogram } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { bucketsOf, countIn, percentileOf } from '../../main/lab/sessions/exporters/histogram-buckets.ts';
import { decodeHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { latencyBytes } from './session-frames.ts';

/** Spread over nine powers of ten, the same at every run. */
const values = Array.from({ length: 3000 }, (_, i) => Math.floor(10 ** ((i % 900) / 100)) + i);

describe('the buckets of an encoded histogram', () => {
  it.each([
    ['nothing', []],
    ['one value', [1]],
    ['small values, exact', [1, 2, 2, 1023, 1024, 2047, 2048, 2049]],
    ['an hour', [3.6e12 - 1]],
    ['many', values],
    ['many of one', Array.from({ length: 100_000 }, () => 77_777)],
  ])('are those of the library: %s', (_, recorded) => {
    const encoded = latencyBytes(recorded);
    const histogram = decodeHistogram(encoded);
    if (!(histogram instanceof JsHistogram)) throw new Error('The library has another kind of histogram.');
    const expected = [];
    const iterator = histogram.recordedValuesIterator;
    iterator.reset();
    while (recorded.length > 0 && iterator.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo: count } = iterator.next();
      expected.push({
        ...{ fromNs: histogram.lowestEquivalentValue(valueIteratedTo), count },
        toNs: histogram.highestEquivalentValue(valueIteratedTo),
      });
    }
    const buckets = bucketsOf(encoded);
    expect(buckets).toEqual(expected);
    expect(countIn(buckets)).toBe(recorded.length);
    for (const percentile of recorded.length > 0 ? [0.1, 50, 90, 99, 99.9, 100] : []) {
      expect(percentileOf(buckets, percentile)).toBe(histogram.getValueAtPercentile(percentile));
    }
  });

  it('are refused where the bytes break off', () => {
    const encoded = latencyBytes([300, 70_000]);
    expect(() => bucketsOf(encoded.subarray(0, 39))).toThrow(/shorter than its header/);
    expect(() => bucketsOf(Uint8Array.of(...encoded.subarray(0, 40), 0x80))).toThrow(/breaks off/);
  });
});
