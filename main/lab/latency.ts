/** Latency histograms of the load engine, merged exactly: percentiles are never averaged. */
import { build, JsHistogram, type Histogram } from 'hdr-histogram-js';
// Declares JsHistogram.decode, which the package's index does not.
import type {} from 'hdr-histogram-js/dist/JsHistogram.encoding.js';
import type { LatencySummary } from '../../shared/run-result.ts';
import type { Latency } from '../../shared/telemetry/codec.ts';
import { LabError, sentenceOf } from './errors.ts';

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

const headerBytes = 40;

/** HdrHistogram V2, uncompressed. Throws LabError where it is not one. */
export function decodeHistogram(encoded: Uint8Array): Histogram {
  const refuse = (why: string): never => {
    throw new LabError('failed', `A latency histogram cannot be read: ${why}.`);
  };
  if (encoded.length < headerBytes) refuse(`it has ${encoded.length} bytes`);
  const payloadBytes = new DataView(encoded.buffer, encoded.byteOffset).getUint32(4);
  if (payloadBytes !== encoded.length - headerBytes) {
    refuse(`it announces ${payloadBytes} bytes and has ${encoded.length - headerBytes}`);
  }
  try {
    return JsHistogram.decode(encoded, 64);
  } catch (error) {
    return refuse(sentenceOf(error));
  }
}

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
    this[frame.kind].add(decodeHistogram(frame.encoded));
  }

  /** Forgets what came so far: the measured interval begins. */
  restart(): void {
    this.corrected.reset();
    this.uncorrected.reset();
  }
}
