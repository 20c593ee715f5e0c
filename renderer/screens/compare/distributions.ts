/** Latency distributions of a comparison, as series of a plot. */
import type { ComparedEntry } from '../../../shared/compare-result.ts';
import { bucketsOf, countIn, type Bucket } from '../../../shared/telemetry/histogram-buckets.ts';
import type { PlotSeries, PlotTick } from '../../components/plot.ts';
import { duration } from '../../stores/format.ts';

/** Nines: 0 at the minimum, 1 at p90, 2 at p99, so that the tail has room. */
export const ninesOf = (percentile: number): number => -Math.log10(1 - percentile / 100);

export const percentileTicks: readonly PlotTick[] = [0, 50, 90, 99, 99.9, 99.99].map((percentile) => ({
  x: ninesOf(percentile),
  text: percentile === 0 ? 'min' : `p${percentile}`,
}));

/** Percentiles that say more than a run has replies are left out: the last tenth of one reply is not measured. */
export function percentileSeries(entries: readonly ComparedEntry[]): readonly PlotSeries[] {
  return entries.flatMap(({ label, model, latency }) => {
    if (latency === null) return [];
    const { percentiles, count } = latency.corrected;
    const known = percentiles.filter(({ percentile }) => percentile < 100 && (1 - percentile / 100) * count >= 1);
    const points = known.map(({ percentile, us }) => ({ x: ninesOf(percentile), y: us, text: `p${percentile}` }));
    return [{ label, model, points }];
  });
}

/** HdrHistogram's compressed V2: a cookie and a length, four bytes each, and then zlib. Throws where it is none. */
export async function readHdr(base64: string): Promise<Bucket[]> {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const zlib = new Blob([bytes.subarray(8)]).stream().pipeThrough(new DecompressionStream('deflate'));
  return bucketsOf(new Uint8Array(await new Response(zlib).arrayBuffer()));
}

const bucketsPerDecade = 12;

/** Share of all replies in each bucket; buckets are of the same width on a log scale. */
export function histogramSeries(label: string, buckets: readonly Bucket[], model?: string): PlotSeries {
  const total = countIn(buckets);
  const counts = new Map<number, number>();
  for (const { toNs, count } of buckets) {
    const cell = Math.floor(Math.log10(Math.max(1, toNs)) * bucketsPerDecade);
    counts.set(cell, (counts.get(cell) ?? 0) + count);
  }
  const cells = [...counts.keys()];
  if (cells.length === 0) return { label, model, points: [], isStep: true };
  const [first, last] = [Math.min(...cells), Math.max(...cells)];
  const points = Array.from({ length: last - first + 3 }, (_, i) => {
    const bucket = first - 1 + i;
    return { x: bucket / bucketsPerDecade, y: ((counts.get(bucket) ?? 0) / total) * 100 };
  });
  return { label, model, points, isStep: true };
}

/** Ticks in decades of time, around all series. */
export function timeTicks(series: readonly PlotSeries[]): readonly PlotTick[] {
  const all = series.flatMap(({ points }) => points.map(({ x }) => x));
  if (all.length === 0) return [];
  const [from, to] = [Math.floor(Math.min(...all)), Math.ceil(Math.max(...all))];
  return Array.from({ length: to - from + 1 }, (_, i) => ({ x: from + i, text: duration(10 ** (from + i)) }));
}
