/** Walking an encoded histogram, held against the library that unpacks it. */
import { JsHistogram } from 'hdr-histogram-js';
// Declares JsHistogram.decode, which the package's index does not.
import type {} from 'hdr-histogram-js/dist/JsHistogram.encoding.js';
import { describe, expect, it } from 'vitest';
import { bucketsOf, countIn, percentileOf } from '../../shared/telemetry/histogram-buckets.ts';
import { addEncoded, emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
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
    // A copy, as the decoder reverses bytes in place.
    const histogram = JsHistogram.decode(encoded.slice(), 64);
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

  it('are refused where the bytes are no histogram, or break off', () => {
    const encoded = latencyBytes([300, 70_000]);
    expect(() => bucketsOf(encoded.subarray(0, 39))).toThrow(/it has 39 bytes/);
    expect(() => bucketsOf(encoded.subarray(0, -1))).toThrow(/announces/);
    const endless = Uint8Array.of(...encoded.subarray(0, 40), 0x80);
    new DataView(endless.buffer).setUint32(4, 1);
    expect(() => bucketsOf(endless)).toThrow(/breaks off/);
    expect(() => bucketsOf(new Uint8Array(40))).toThrow(/encoding V2/);
  });

  it('add up to what the library adds', () => {
    const [one, other] = [latencyBytes(values), latencyBytes([5, 70_000, 3.6e12 - 1])];
    const expected = emptyHistogram();
    for (const encoded of [one, other]) expected.add(JsHistogram.decode(encoded.slice(), 64));
    const sum = emptyHistogram();
    for (const encoded of [one, other]) addEncoded(sum, encoded);
    for (const percentile of [0.1, 50, 90, 99, 99.9, 100]) {
      expect(sum.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile));
    }
    expect([sum.totalCount, sum.maxValue, sum.mean]).toEqual([expected.totalCount, expected.maxValue, expected.mean]);
  });
});
