/** What happens within the measured interval, added up from frames as they come; see shared/session/measured.ts. */
import type { Histogram } from 'hdr-histogram-js';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Mark } from '../../../shared/engine-messages.ts';
import { mergedNoise, type MachineNoise } from '../../../shared/machine-noise.ts';
import {
  measuredCounts,
  measuredPeaks,
  type MeasuredCount,
  type MeasuredPart,
  type MeasuredPeak,
  type ProfileSums,
} from '../../../shared/session/measured.ts';
import type { Bucket } from '../../../shared/telemetry/histogram-buckets.ts';
import { addBuckets, base64Of, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';

interface Growth {
  readonly fromNs: number;
  readonly toNs: number;
  readonly amounts: Readonly<Partial<Record<MeasuredCount, number>>>;
}

interface LatencyPair {
  readonly corrected: Histogram;
  readonly uncorrected: Histogram;
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
const newPair = (): LatencyPair => ({ corrected: emptyHistogram(), uncorrected: emptyHistogram() });
const encoded = ({ corrected, uncorrected }: LatencyPair): { corrected: string; uncorrected: string } => ({
  corrected: base64Of(corrected),
  uncorrected: base64Of(uncorrected),
});
const hasAny = ({ corrected, uncorrected }: LatencyPair): boolean => corrected.totalCount + uncorrected.totalCount > 0;

export class MeasuredBuilder {
  /** The interval that goes on, or the last one; none before the first mark. */
  #fromNs = Infinity;
  #toNs = -Infinity;
  /** Latencies come behind the mark that ends their interval, and before the next load engine. */
  #hasLatencies = false;
  #atSteady: Mark | undefined;
  /** The last of each source: a mark that comes behind it may say that a part of it was measured, or was not. */
  readonly #last = new Map<FrameSource, Growth>();
  #counts = zeros(measuredCounts);
  #peaks = zeros(measuredPeaks);
  readonly #latency = newPair();
  readonly #latencies = new Map<string, LatencyPair>();
  #profiles = new Map<string, ProfileSums>();
  #noise: MachineNoise[] = [];
  #isTouched = false;

  /** A builder that begins within an interval: what its mark said at the beginning is not known here. */
  resume(fromNs: number): void {
    this.#fromNs = fromNs;
    this.#toNs = Infinity;
    this.#hasLatencies = true;
  }

  /** Another load engine: its latencies are of nothing that was measured yet. */
  clientsBegin(): void {
    this.#hasLatencies = false;
  }

  mark(mark: Mark): void {
    if (mark.name === 'steady') {
      this.#move(mark.timeNs, Infinity);
      this.#hasLatencies = true;
      this.#atSteady = mark;
    }
    if (mark.name !== 'loadDone' || this.#toNs !== Infinity) return;
    this.#move(this.#fromNs, mark.timeNs);
    this.#profilesUntil(mark);
  }

  grow(source: FrameSource, growth: Growth): void {
    this.#last.set(source, growth);
    this.#add(growth, 1);
  }

  peak(name: MeasuredPeak, timeNs: number, value: number): void {
    if (timeNs < this.#fromNs || timeNs > this.#toNs) return;
    this.#peaks[name] = Math.max(this.#peaks[name], value);
    this.#isTouched = true;
  }

  latency(kind: keyof LatencyPair, profile: string | undefined, buckets: readonly Bucket[]): void {
    if (!this.#hasLatencies) return;
    this.#isTouched = true;
    addBuckets(this.#latency[kind], buckets);
    if (profile === undefined) return;
    let own = this.#latencies.get(profile);
    if (!own) this.#latencies.set(profile, (own = newPair()));
    addBuckets(own[kind], buckets);
  }

  /** Of the `noise.seconds` before `timeNs`, of which the greater part is measured or is not. */
  noise(timeNs: number, noise: MachineNoise): void {
    const fromNs = timeNs - noise.seconds * 1e9;
    const within = Math.min(timeNs, this.#toNs) - Math.max(fromNs, this.#fromNs);
    if (within * 2 < timeNs - fromNs) return;
    this.#noise.push(noise);
    this.#isTouched = true;
  }

  /** Since the last time; undefined where nothing was measured. */
  take(): MeasuredPart | undefined {
    if (!this.#isTouched) return undefined;
    const told = [...this.#latencies].filter(([, pair]) => hasAny(pair));
    const latencies = new Map(told.map(([name, pair]) => [name, encoded(pair)]));
    const names = new Set([...this.#profiles.keys(), ...latencies.keys()]);
    const noise = mergedNoise(this.#noise);
    const part: MeasuredPart = {
      ...{ counts: this.#counts, peaks: this.#peaks },
      ...(hasAny(this.#latency) ? { histograms: encoded(this.#latency) } : {}),
      profiles: Object.fromEntries(
        [...names].map((name) => {
          const [counts, histograms] = [this.#profiles.get(name), latencies.get(name)];
          return [name, { ...(counts ? { counts } : {}), ...(histograms ? { histograms } : {}) }];
        }),
      ),
      noise: noise ? [noise] : [],
    };
    this.#isTouched = false;
    this.#counts = zeros(measuredCounts);
    this.#peaks = zeros(measuredPeaks);
    for (const pair of [this.#latency, ...this.#latencies.values()]) {
      pair.corrected.reset();
      pair.uncorrected.reset();
    }
    this.#profiles = new Map();
    this.#noise = [];
    return part;
  }

  #move(fromNs: number, toNs: number): void {
    for (const growth of this.#last.values()) this.#add(growth, -1);
    this.#fromNs = fromNs;
    this.#toNs = toNs;
    for (const growth of this.#last.values()) this.#add(growth, 1);
  }

  #add({ fromNs, toNs, amounts }: Growth, times: 1 | -1): void {
    const within = Math.min(toNs, this.#toNs) - Math.max(fromNs, this.#fromNs);
    if (within <= 0) return;
    this.#isTouched = true;
    const share = within / (toNs - fromNs);
    for (const [name, amount] of Object.entries(amounts) as [MeasuredCount, number][]) {
      this.#counts[name] += times * share * amount;
    }
  }

  #profilesUntil({ profiles = {} }: Mark): void {
    if (!this.#atSteady) return;
    this.#isTouched = true;
    for (const [name, to] of Object.entries(profiles)) {
      const from = this.#atSteady.profiles?.[name];
      const sums = this.#profiles.get(name);
      const grown = (key: 'replies' | 'sent' | 'errors' | 'bytesIn' | 'bytesOut'): number =>
        to[key] - (from?.[key] ?? 0) + (sums?.[key] ?? 0);
      this.#profiles.set(name, {
        ...{ replies: grown('replies'), sent: grown('sent'), errors: grown('errors') },
        ...{ bytesIn: grown('bytesIn'), bytesOut: grown('bytesOut') },
        asked: (to.clients?.asked ?? 0) + (sums?.asked ?? 0),
        answered: (to.clients?.answered ?? 0) + (sums?.answered ?? 0),
      });
    }
  }
}
