/** The latencies of a load while it goes on, as an HdrHistogram log: a line a second and clock, of all clients together. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Histogram } from 'hdr-histogram-js';
import type { Latency } from '../../shared/telemetry/codec.ts';
import { addEncoded, emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import type { LatencyKind } from '../../shared/telemetry/wire.ts';
import { LabError, sentenceOf } from './errors.ts';
import { hlogHead, hlogLineNow } from './hlog-lines.ts';
import { encodeHistogram } from './latency.ts';

const intervalNs = 1e9;
const kinds: readonly LatencyKind[] = ['corrected', 'uncorrected'];

export class LatencyLog {
  readonly #path: string;
  readonly #about: string;
  readonly #file: number;
  readonly #histograms = new Map<LatencyKind, Histogram>(kinds.map((kind) => [kind, emptyHistogram()]));
  #startNs: number | undefined;
  #fromNs = 0;
  #lastNs = 0;

  /** Empties the file that is there. Throws LabError. */
  constructor(path: string, about: string) {
    this.#path = path;
    this.#about = about;
    this.#file = this.#orRefuse(() => openSync(path, 'w'));
  }

  /** The measured interval begins. Throws LabError. */
  begin(atNs: number): void {
    this.#startNs = this.#fromNs = this.#lastNs = atNs;
    this.#write(hlogHead(this.#about, Date.now()));
  }

  /** What was recorded since the frame before. Throws LabError. */
  add(frame: Latency): void {
    if (this.#startNs === undefined) return;
    if (frame.timeNs - this.#fromNs >= intervalNs) this.#flush(frame.timeNs);
    this.#lastNs = Math.max(this.#lastNs, frame.timeNs);
    const histogram = this.#histograms.get(frame.kind);
    if (histogram) addEncoded(histogram, frame.encoded);
  }

  close(): void {
    try {
      this.#flush(this.#lastNs);
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(nowNs: number): void {
    for (const [kind, histogram] of this.#histograms) {
      if (histogram.totalCount === 0) continue;
      const interval = { kind, fromNs: this.#fromNs - (this.#startNs ?? 0), lengthNs: nowNs - this.#fromNs };
      this.#write(hlogLineNow({ ...interval, maxNs: histogram.maxValue, encoded: encodeHistogram(histogram) }));
      histogram.reset();
    }
    this.#fromNs = nowNs;
  }

  #write(text: string): void {
    this.#orRefuse(() => writeSync(this.#file, text));
  }

  #orRefuse<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new LabError('bad-input', `The latency log ${this.#path} cannot be written: ${sentenceOf(error)}.`);
    }
  }
}
