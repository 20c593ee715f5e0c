/** --histogram: how the latencies of a run are spread. */
import type { Histogram } from 'hdr-histogram-js';
import { bucketsOf } from '../../shared/telemetry/histogram-buckets.ts';
import { encodeHistogram } from '../lab/latency.ts';
import { tableOf, type TextTable } from './table.ts';

/** Replies whose latency is above `fromUs` and at most `toUs`. */
export interface LatencyBin {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
}

/** 1, 2, 5, 10, ... µs: latencies reach over several powers of ten. */
const steps = [1, 2, 5] as const;

function edgesTo(maxUs: number): number[] {
  const edges = [0];
  for (let power = 1; (edges.at(-1) ?? 0) < maxUs; power *= 10) {
    for (const step of steps) if ((edges.at(-1) ?? 0) < maxUs) edges.push(step * power);
  }
  return edges;
}

/** From the first bin with a reply to the last. */
export function latencyBins(histogram: Histogram): LatencyBin[] {
  if (histogram.totalCount === 0) return [];
  const edges = edgesTo(histogram.maxValue / 1000);
  const bins = edges.slice(1).map((toUs, i) => ({ fromUs: edges[i] ?? 0, toUs, count: 0 }));
  for (const { fromNs, count } of bucketsOf(encodeHistogram(histogram))) {
    const bin = bins.find(({ toUs }) => fromNs <= toUs * 1000);
    if (bin) bin.count += count;
  }
  const first = bins.findIndex(({ count }) => count > 0);
  return bins.slice(first, bins.findLastIndex(({ count }) => count > 0) + 1);
}

const microseconds = (us: number): string => (us < 1000 ? `${us} µs` : us < 1e6 ? `${us / 1000} ms` : `${us / 1e6} s`);
const barWidth = 30;

export function histogramTable(name: string, bins: readonly LatencyBin[]): TextTable {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const table = tableOf([`latency of ${name}, at most`, '', 'replies', '%', '% so far'], 2);
  let sum = 0;
  for (const { toUs, count } of bins) {
    sum += count;
    const bar = '█'.repeat(Math.round((count / most) * barWidth));
    const percent = (part: number): string => ((part / total) * 100).toFixed(2);
    table.push([microseconds(toUs), count > 0 && bar === '' ? '▏' : bar, String(count), percent(count), percent(sum)]);
  }
  return table;
}
