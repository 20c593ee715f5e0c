/**
 * Figures by model, of the time that was measured: from the clients' `steady` mark to their `loadDone`, as the figures of a
 * run are, or of all where the session has no such marks. A session over several models has no telling figure of the whole.
 */
import type { Histogram } from 'hdr-histogram-js';
import type { MissingStretch } from '../../../../shared/contract/sessions.ts';
import { measuredStretches } from '../../../../shared/session/measured.ts';
import type { Overview } from '../../../../shared/session/overview.ts';
import type { Bucket } from '../../../../shared/telemetry/histogram-buckets.ts';
import { addBuckets, emptyHistogram } from '../../../../shared/telemetry/latency-histogram.ts';

export const costs = [
  'replies',
  'served',
  'cpuNs',
  'syscalls',
  'voluntarySwitches',
  'involuntarySwitches',
  'coroutineSwitches',
] as const;
export type Cost = (typeof costs)[number];

export interface ModelFigures extends Readonly<Record<Cost, number>> {
  readonly model: string;
  readonly seconds: number;
  /** ns, from the moment at which a request was meant to be sent; undefined where none was measured. */
  readonly latencyNs: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
}

interface Window {
  readonly model: string;
  readonly fromNs: number;
  readonly toNs: number;
}

/** In the order of time, and apart from each other. */
function windowsOf(overview: Overview): Window[] {
  const { moments, startedNs, endedNs } = overview;
  const marked = measuredStretches(overview);
  const measured = marked.length > 0 ? marked : [{ fromNs: startedNs, toNs: endedNs }];
  const served = moments.filter(({ kind, source }) => kind === 'model' && source === 'server');
  return served.flatMap(({ name: model, timeNs }, i) => {
    const untilNs = served[i + 1]?.timeNs ?? endedNs;
    return measured.flatMap((each) => {
      const fromNs = Math.max(each.fromNs, timeNs);
      const toNs = Math.min(each.toNs, untilNs);
      return fromNs < toNs ? [{ model, fromNs, toNs }] : [];
    });
  });
}

/** The histogram of an interval comes at its end, which may lie behind that of the window by as much. */
const lateNs = 500e6;

export class ModelFiguresBuilder {
  readonly #windows: readonly Window[];
  readonly #sums = new Map<string, Record<Cost, number>>();
  readonly #latencies = new Map<string, Histogram>();

  constructor(overview: Overview) {
    this.#windows = windowsOf(overview);
  }

  /** What grew between two frames, shared out by time where a window begins or ends between them. */
  grow(cost: Cost, amount: number, fromNs: number, toNs: number): void {
    if (amount === 0) return;
    for (const { model, ...window } of this.#windows) {
      const within = Math.min(toNs, window.toNs) - Math.max(fromNs, window.fromNs);
      if (within <= 0) continue;
      let sums = this.#sums.get(model);
      if (!sums)
        this.#sums.set(model, (sums = Object.fromEntries(costs.map((name) => [name, 0])) as Record<Cost, number>));
      sums[cost] += (amount * within) / (toNs - fromNs);
    }
  }

  latency(timeNs: number, buckets: readonly Bucket[]): void {
    const window = this.#windows.findLast(({ fromNs }) => fromNs < timeNs);
    if (!window || timeNs > window.toNs + lateNs) return;
    const known = this.#latencies.get(window.model) ?? emptyHistogram();
    addBuckets(known, buckets);
    this.#latencies.set(window.model, known);
  }

  /** Models in the order in which each first served; of their time, without what is missing. */
  figures(missing: readonly MissingStretch[]): ModelFigures[] {
    const heldNs = (window: Window): number =>
      missing.reduce(
        (held, { fromNs, toNs }) => held - Math.max(0, Math.min(window.toNs, toNs) - Math.max(window.fromNs, fromNs)),
        window.toNs - window.fromNs,
      );
    return [...new Set(this.#windows.map(({ model }) => model))].flatMap((model) => {
      const sums = this.#sums.get(model);
      if (!sums) return [];
      const own = this.#windows.filter((window) => window.model === model);
      const seconds = own.reduce((sum, window) => sum + heldNs(window) / 1e9, 0);
      if (seconds <= 0) return [];
      const latency = this.#latencies.get(model);
      const latencyNs = latency && {
        ...{ p50: latency.getValueAtPercentile(50), p99: latency.getValueAtPercentile(99), max: latency.maxValue },
      };
      return [{ model, seconds, ...sums, latencyNs }];
    });
  }
}
