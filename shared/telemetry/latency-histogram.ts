/** Latency histograms as they travel: HdrHistogram V2, uncompressed, values in ns. */
import type { Histogram } from 'hdr-histogram-js';
// The whole package makes formatters of numbers for its logs as it is loaded, which takes as long as all the rest of it.
import { build } from 'hdr-histogram-js/dist/HistogramBuilder.js';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js/dist/encoding.js';
import { bucketsOf, type Bucket } from './histogram-buckets.ts';

/** As the load engine records them: an hour at most, in ns, to three significant digits. */
const highestNs = 3.6e12;
const significantDigits = 3;

export const emptyHistogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestNs,
    numberOfSignificantValueDigits: significantDigits,
    // Counts of one bucket pass 2^32 in no run, but 64 keeps the sum over many exact.
    bitBucketSize: 64,
    useWebAssembly: false,
  });

/** As logs of histograms have it. */
export const base64Of = (histogram: Histogram): string => encodeIntoCompressedBase64(histogram);

export function addBuckets(histogram: Histogram, buckets: readonly Bucket[]): void {
  // The highest value of a bucket, so that the maximum and the percentiles are those of the histogram itself.
  for (const { toNs, count } of buckets) histogram.recordValueWithCount(toNs, count);
}

/** Adds what an encoded histogram holds, exactly, without unpacking the counters it does not use. Throws FrameError. */
export const addEncoded = (histogram: Histogram, encoded: Uint8Array): void =>
  addBuckets(histogram, bucketsOf(encoded));
