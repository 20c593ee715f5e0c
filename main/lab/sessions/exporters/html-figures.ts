/** Figures over time for the report: a few hundred spans, however long the session is. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { MissingStretch } from '../../../../shared/contract/sessions.ts';
import { counterOf, gaugeOf, type Counters } from '../../../../shared/telemetry/codec.ts';
import { errorCounter } from '../../../../shared/run-result.ts';
import type { Overview } from '../../../../shared/session/overview.ts';
import { percentileOf, type Bucket } from '../../../../shared/telemetry/histogram-buckets.ts';
import {
  errorKinds,
  syscallNames,
  type CounterName,
  type ErrorKind,
  type GaugeName,
} from '../../../../shared/telemetry/wire.ts';
import type { FrameReader } from './decoded-frames.ts';
import type { Values } from '../../report/html-chart.ts';
import { ShareFiguresBuilder, type ShareFigures } from './html-shares.ts';
import { ModelFiguresBuilder, type Cost, type ModelFigures } from './html-models.ts';

/** As many as a chart has room for, and none so short that a late frame leaves one empty: latencies come ten times a second. */
const mostSpans = 400;
const shortestNs = 200e6;

const counterColumns = {
  server: ['requests', 'voluntarySwitches', 'involuntarySwitches', 'coroutineSwitches', 'cpuUserNs', 'cpuSystemNs'],
  clients: ['requests', 'cpuUserNs', 'cpuSystemNs'],
} as const satisfies Partial<Record<FrameSource, readonly CounterName[]>>;
const costsOf = {
  server: {
    ...{ served: ['requests'], cpuNs: ['cpuUserNs', 'cpuSystemNs'], coroutineSwitches: ['coroutineSwitches'] },
    ...{ voluntarySwitches: ['voluntarySwitches'], involuntarySwitches: ['involuntarySwitches'] },
  },
  clients: { replies: ['requests'] },
} as const satisfies Partial<Record<FrameSource, Partial<Record<Cost, readonly CounterName[]>>>>;
const types = ['ready', 'counters', 'latency', 'opened', 'fdShares', 'fdStates'] as const;
const gauges = ['rssBytes', 'threads', 'openFds', 'openConnections'] as const satisfies readonly GaugeName[];
const percentiles = { p50: 50, p99: 99, 'p99.9': 99.9, max: 100 } as const;

export interface Figures {
  readonly spanSeconds: number;
  readonly spans: number;
  /**
   * Growth within each span, by `source counter` and `syscall name`. What grew between two frames is shared out by time;
   * null where frames are missing.
   */
  readonly growth: ReadonlyMap<string, Values>;
  /** Of the server, at the end of each span. */
  readonly gauges: ReadonlyMap<string, Values>;
  /** ns, from the moment at which a request was meant to be sent. */
  readonly latency: ReadonlyMap<string, Values>;
  /** As each process counted them. */
  readonly errors: ReadonlyMap<FrameSource, ReadonlyMap<ErrorKind, number>>;
  readonly models: readonly ModelFigures[];
  /** Undefined where the session has no time in states. */
  readonly shares: ShareFigures | undefined;
  /** Of the session, ns of CLOCK_MONOTONIC. */
  readonly missing: readonly MissingStretch[];
}

/** Of an engine that begins: a frame that has nothing yet reads as 0 in all. */
const zeroAt = (timeNs: number): Counters => {
  const none = new Float64Array();
  const counts = { gauges: none, counters: none, syscalls: none, stepHits: none, stepNs: none };
  return { timeNs, sequence: 0, snapshotId: 0, ...counts };
};

class FigureBuilder {
  readonly #startedNs: number;
  readonly #spanNs: number;
  readonly #spans: number;
  readonly #growth = new Map<string, Values>();
  readonly #gauges = new Map<string, Values>();
  readonly #latency = new Map<string, Values>();
  readonly #errors = new Map<FrameSource, Map<ErrorKind, number>>();
  readonly #models: ModelFiguresBuilder;
  readonly shares: ShareFiguresBuilder;
  /** As far as the session has been read. */
  missing: readonly MissingStretch[] = [];
  readonly #last = new Map<FrameSource, Counters>();
  /** Latencies of the span that is being filled, by the lowest value of each bucket. */
  #buckets = new Map<number, Bucket>();
  #bucketSpan = 0;

  constructor(startedNs: number, endedNs: number, overview: Overview) {
    const durationNs = Math.max(shortestNs, endedNs - startedNs);
    this.#startedNs = startedNs;
    this.#spanNs = Math.max(shortestNs, durationNs / mostSpans);
    this.#spans = Math.ceil(durationNs / this.#spanNs);
    this.#models = new ModelFiguresBuilder(overview);
    this.shares = new ShareFiguresBuilder(startedNs, this.#spanNs, this.#spans, overview);
  }

  /** An engine that begins counts from zero; of one that ran before, the first frame only says where it stands. */
  begin(source: FrameSource, atNs: number): void {
    this.#last.set(source, zeroAt(atNs));
  }

  standing(source: FrameSource, frame: Counters): void {
    this.#last.set(source, frame);
  }

  counters(source: FrameSource, frame: Counters): void {
    const before = this.#last.get(source);
    this.#last.set(source, frame);
    if (source !== 'server' && source !== 'clients') return;
    if (source === 'server') {
      const span = this.#spanOf(frame.timeNs);
      for (const name of gauges) this.#values(this.#gauges, name)[span] = gaugeOf(frame, name);
    }
    if (!before) return;
    const fromNs = before.timeNs;
    const toNs = frame.timeNs;
    const grown = (name: CounterName): number => counterOf(frame, name) - counterOf(before, name);
    // Of a damaged stretch nobody knows when within it this grew, or what else did until a server ended.
    const isKnown = !this.missing.some((stretch) => stretch.fromNs < toNs && stretch.toNs > fromNs);
    const chart = (key: string, amount: number): void => {
      if (isKnown && amount !== 0) this.#share(key, amount, fromNs, toNs);
    };
    for (const name of counterColumns[source]) chart(`${source} ${name}`, grown(name));
    for (const [cost, names] of Object.entries(costsOf[source]) as [Cost, readonly CounterName[]][]) {
      const amount = names.reduce((sum, name) => sum + grown(name), 0);
      if (isKnown) this.#models.grow(cost, amount, fromNs, toNs);
    }
    const errors = this.#errors.get(source) ?? new Map<ErrorKind, number>();
    this.#errors.set(source, errors);
    for (const kind of errorKinds) errors.set(kind, (errors.get(kind) ?? 0) + grown(errorCounter(kind)));
    if (source === 'clients') return;
    for (const [i, name] of syscallNames.entries()) {
      const calls = (frame.syscalls[i] ?? 0) - (before.syscalls[i] ?? 0);
      chart(`syscall ${name}`, calls);
      if (isKnown) this.#models.grow('syscalls', calls, fromNs, toNs);
    }
  }

  latency(timeNs: number, buckets: readonly Bucket[]): void {
    this.#models.latency(timeNs, buckets);
    const span = this.#spanOf(timeNs);
    if (span !== this.#bucketSpan) this.endSpan();
    this.#bucketSpan = span;
    for (const bucket of buckets) {
      const count = (this.#buckets.get(bucket.fromNs)?.count ?? 0) + bucket.count;
      this.#buckets.set(bucket.fromNs, { ...bucket, count });
    }
  }

  endSpan(): void {
    if (this.#buckets.size === 0) return;
    const merged = [...this.#buckets.values()].sort((a, b) => a.fromNs - b.fromNs);
    for (const [name, percentile] of Object.entries(percentiles)) {
      this.#values(this.#latency, name)[this.#bucketSpan] = percentileOf(merged, percentile);
    }
    this.#buckets = new Map();
  }

  figures(): Figures {
    this.endSpan();
    const { missing } = this;
    const at = (timeNs: number): number => (timeNs - this.#startedNs) / this.#spanNs;
    for (const { fromNs, toNs } of missing) {
      for (const values of this.#growth.values()) {
        for (let span = Math.ceil(at(fromNs)); span < Math.floor(at(toNs)); span++) values[span] = null;
      }
    }
    return {
      ...{ spanSeconds: this.#spanNs / 1e9, spans: this.#spans, missing, models: this.#models.figures(missing) },
      ...{ growth: this.#growth, gauges: this.#gauges, latency: this.#latency, errors: this.#errors },
      shares: this.shares.figures(),
    };
  }

  #share(key: string, amount: number, fromNs: number, toNs: number): void {
    const values = this.#values(this.#growth, key, 0);
    const first = this.#spanOf(fromNs);
    const last = this.#spanOf(toNs);
    const span = (index: number): number => this.#startedNs + index * this.#spanNs;
    for (let i = first; i <= last; i++) {
      const within = Math.min(toNs, i === last ? toNs : span(i + 1)) - Math.max(fromNs, i === first ? fromNs : span(i));
      values[i] = (values[i] ?? 0) + (first === last ? amount : (amount * within) / (toNs - fromNs));
    }
  }

  #spanOf(timeNs: number): number {
    return Math.min(this.#spans - 1, Math.max(0, Math.floor((timeNs - this.#startedNs) / this.#spanNs)));
  }

  #values(map: Map<string, Values>, key: string, initial: number | null = null): Values {
    const known = map.get(key);
    if (known) return known;
    const values = new Array<number | null>(this.#spans).fill(initial);
    map.set(key, values);
    return values;
  }
}

export async function readFigures(reader: FrameReader, overview: Overview): Promise<Figures> {
  const { session } = reader;
  const builder = new FigureBuilder(session.startedNs, session.endedNs, overview);
  let damagedChunks = -1;
  for await (const batch of reader.batches(types)) {
    if (session.damagedChunks !== damagedChunks) builder.missing = session.missing;
    damagedChunks = session.damagedChunks;
    for (const { type, frame, source, receivedNs, isState } of batch) {
      if (type === 'ready' && source === 'server') builder.shares.begin();
      if (type === 'ready' && !isState) builder.begin(source, receivedNs);
      else if (type === 'counters' && isState) builder.standing(source, frame);
      else if (type === 'counters') builder.counters(source, frame);
      else if (type === 'latency' && frame.kind === 'corrected') builder.latency(frame.timeNs, frame.buckets);
      else if (source !== 'server') continue;
      else if (type === 'opened') builder.shares.opened(frame);
      else if (type === 'fdStates') builder.shares.states(frame);
      else if (type === 'fdShares' && !isState) builder.shares.shares(frame);
    }
  }
  builder.missing = session.missing;
  return builder.figures();
}
