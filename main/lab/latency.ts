/** Latency histograms of the load engine, merged exactly: percentiles are never averaged. */
import { inflateSync } from 'node:zlib';
import type { Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../../shared/run-result.ts';
import type { Latency } from '../../shared/telemetry/codec.ts';
import { addEncoded, base64Of, emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { LabError, sentenceOf } from './errors.ts';

const microsOf = (ns: number): number => Math.round(ns) / 1000;

export function summarise(histogram: Histogram): LatencySummary {
  const count = histogram.totalCount;
  const at = (percentile: number): number => (count === 0 ? 0 : microsOf(histogram.getValueAtPercentile(percentile)));
  return {
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: count === 0 ? 0 : microsOf(histogram.maxValue),
    mean: count === 0 ? 0 : microsOf(histogram.mean),
    count,
  };
}

/** Sums of both kinds over a run. */
export class LatencyTotals {
  readonly corrected = emptyHistogram();
  readonly uncorrected = emptyHistogram();

  add(frame: Latency): void {
    try {
      addEncoded(this[frame.kind], frame.encoded);
    } catch (error) {
      throw new LabError('failed', sentenceOf(error));
    }
  }

  /** Forgets what came so far: the measured interval begins. */
  restart(): void {
    this.corrected.reset();
    this.uncorrected.reset();
  }
}

/** The package writes the compressed form alone: cookie and length, and then the plain bytes, deflated. */
const compressedHeaderBytes = 8;

/** As frames carry it: HdrHistogram V2, uncompressed. */
export const encodeHistogram = (histogram: Histogram): Uint8Array =>
  inflateSync(Buffer.from(base64Of(histogram), 'base64').subarray(compressedHeaderBytes));
