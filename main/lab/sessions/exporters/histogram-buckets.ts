/** The counts of an HdrHistogram, value by value as exact as it keeps them. */
import { JsHistogram, type Histogram } from 'hdr-histogram-js';

export interface Bucket {
  /** Values within fromNs and toNs, both inclusive, are the same to the histogram. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly count: number;
}

/** Buckets that have counts, in rising order. */
export function* recordedBuckets(histogram: Histogram): Generator<Bucket, void, undefined> {
  if (!(histogram instanceof JsHistogram)) throw new Error('Only histograms in JavaScript can be walked.');
  const iterator = histogram.recordedValuesIterator;
  iterator.reset();
  while (iterator.hasNext()) {
    const { valueIteratedTo, countAtValueIteratedTo } = iterator.next();
    yield {
      fromNs: histogram.lowestEquivalentValue(valueIteratedTo),
      toNs: histogram.highestEquivalentValue(valueIteratedTo),
      count: countAtValueIteratedTo,
    };
  }
}
