/** How one run went over time, taken from its frames: throughput, p99 and CPU of each step of the measured interval. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Timeline } from '../../../shared/compare-result.ts';
import { markSchema } from '../../../shared/engine-messages.ts';
import { counterOf, decodeCounters, decodeJson, decodeLatency } from '../../../shared/telemetry/codec.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import { addEncoded, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';

/** How much time the clients' histograms have in them. */
const latencyNs = 1e8;
/** A shorter step would have the latencies of its neighbours. */
const leastStepSeconds = 0.2;
/** More steps than this say no more to the eye. */
const mostSteps = 40;

/** The same for all runs of a length, so that they can be laid over each other step by step. */
export const timelineStepSeconds = (durationSeconds: number): number =>
  Math.max(leastStepSeconds, Math.ceil((durationSeconds / mostSteps) * 10 - 1e-9) / 10);

/** Something that only grows, as it was at some moments. */
class Growth {
  readonly #timesNs: number[] = [];
  readonly #values: number[] = [];
  #base = 0;

  add(timeNs: number, value: number): void {
    this.#timesNs.push(timeNs);
    this.#values.push(this.#base + value);
  }

  /** A new process counts from zero. */
  restart(): void {
    this.#base = this.#values.at(-1) ?? 0;
  }

  /** In between, as if it had grown evenly. Null before the first moment and after the last. */
  at(timeNs: number): number | null {
    const after = this.#timesNs.findIndex((each) => each >= timeNs);
    if (after === -1) return null;
    const [toNs = 0, to = 0] = [this.#timesNs[after], this.#values[after]];
    if (toNs === timeNs) return to;
    if (after === 0) return null;
    const [fromNs = 0, from = 0] = [this.#timesNs[after - 1], this.#values[after - 1]];
    return from + ((to - from) * (timeNs - fromNs)) / (toNs - fromNs);
  }
}

export class RunTimeline {
  readonly #stepNs: number;
  readonly #steps: number;
  readonly #requests = new Growth();
  readonly #cpuNs = new Growth();
  readonly #latency: { readonly timeNs: number; readonly encoded: Uint8Array }[] = [];
  #fromNs: number | undefined;

  constructor(durationSeconds: number) {
    const step = timelineStepSeconds(durationSeconds);
    this.#stepNs = step * 1e9;
    this.#steps = Math.floor(durationSeconds / step + 1e-9);
  }

  frame(source: FrameSource, { kind, payload }: Frame): void {
    if (source !== 'server' && source !== 'clients') return;
    if (kind === frameKinds.counters) {
      const frame = decodeCounters(payload);
      if (source === 'clients') this.#requests.add(frame.timeNs, counterOf(frame, 'requests'));
      else this.#cpuNs.add(frame.timeNs, counterOf(frame, 'cpuUserNs') + counterOf(frame, 'cpuSystemNs'));
    } else if (kind === frameKinds.ready && source === 'server') {
      this.#cpuNs.restart();
    } else if (kind === frameKinds.mark && source === 'clients') {
      const mark = markSchema.safeParse(decodeJson(payload)).data;
      if (mark?.name === 'steady') this.#fromNs = mark.timeNs;
    } else if (kind === frameKinds.latency && source === 'clients' && this.#fromNs !== undefined) {
      const { kind: which, timeNs, encoded } = decodeLatency(payload);
      if (which === 'corrected') this.#latency.push({ timeNs, encoded });
    }
  }

  /** When the run is over. */
  get timeline(): Timeline {
    const fromNs = this.#fromNs ?? 0;
    const steps = this.#fromNs === undefined ? [] : Array.from({ length: this.#steps }, (_, i) => i);
    const grown = (growth: Growth, i: number): number | null => {
      const [before, after] = [growth.at(fromNs + i * this.#stepNs), growth.at(fromNs + (i + 1) * this.#stepNs)];
      return before === null || after === null ? null : after - before;
    };
    const perSecond = (amount: number | null): number | null => amount && amount / (this.#stepNs / 1e9);
    const cpuCores = steps.map((i) => grown(this.#cpuNs, i)).map((ns) => ns && ns / this.#stepNs);
    return {
      seconds: steps.map((i) => ((i + 1) * this.#stepNs) / 1e9),
      requestsPerSecond: steps.map((i) => perSecond(grown(this.#requests, i))),
      p99Us: this.#p99(fromNs),
      cpuCores,
    };
  }

  #p99(fromNs: number): (number | null)[] {
    if (this.#fromNs === undefined) return [];
    const ofStep = Array.from({ length: this.#steps }, () => emptyHistogram());
    for (const { timeNs, encoded } of this.#latency) {
      // A frame has the replies of the time before it, which is of one step for the greater part.
      const histogram = ofStep[Math.floor((timeNs - latencyNs / 2 - fromNs) / this.#stepNs)];
      if (histogram) addEncoded(histogram, encoded);
    }
    return ofStep.map((each) => (each.totalCount > 0 ? each.getValueAtPercentile(99) / 1000 : null));
  }
}
