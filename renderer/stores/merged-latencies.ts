/** Latencies of some intervals, merged exactly, with the readings of HdrHistogram. Intervals come and go one by one. */
import type { Bucket } from '../../shared/telemetry/histogram-buckets.ts';

export class MergedLatencies {
  totalCount = 0;
  /** How often, by the highest value of the bucket, in ns. */
  readonly #counts = new Map<number, number>();
  /** The same values in rising order; undefined where they have changed since. */
  #rising: Float64Array | undefined;

  /** `times`: 1 to add them, -1 to take what was added away. */
  add(buckets: readonly Pick<Bucket, 'toNs' | 'count'>[], times: 1 | -1 = 1): void {
    for (const { toNs, count } of buckets) this.addValue(toNs, count * times);
  }

  addValue(toNs: number, count: number): void {
    const now = (this.#counts.get(toNs) ?? 0) + count;
    if (now === 0) this.#counts.delete(toNs);
    else this.#counts.set(toNs, now);
    this.totalCount += count;
    this.#rising = undefined;
  }

  /** The highest value of the bucket that holds it, in ns; 0 where there is none. */
  getValueAtPercentile(percentile: number): number {
    const rising = this.#inOrder();
    // Rounded up, but for what the division has added.
    const share = (percentile / 100) * this.totalCount;
    const wanted = Math.max(1, Math.ceil(share * (1 - Number.EPSILON)));
    let seen = 0;
    for (const toNs of rising) {
      seen += this.#counts.get(toNs) ?? 0;
      if (seen >= wanted) return toNs;
    }
    return rising.at(-1) ?? 0;
  }

  get maxValue(): number {
    return this.#inOrder().at(-1) ?? 0;
  }

  #inOrder(): Float64Array {
    return (this.#rising ??= Float64Array.from(this.#counts.keys()).sort());
  }
}
