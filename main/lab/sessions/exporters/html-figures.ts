/** Figures over time for the report: a few hundred spans, however long the session is. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import { counterOf, gaugeOf, type Counters } from '../../../../shared/telemetry/codec.ts';
import { syscallNames, type CounterName, type GaugeName } from '../../../../shared/telemetry/wire.ts';
import type { FrameReader } from './decoded-frames.ts';
import { percentileOf, type Bucket } from '../../../../shared/telemetry/histogram-buckets.ts';

/** As many as a chart has room for, and none shorter than two of the engines' frames. */
const mostSpans = 400;
const shortestNs = 100e6;

const counterColumns = {
  server: ['requests', 'voluntarySwitches', 'involuntarySwitches', 'coroutineSwitches', 'cpuUserNs', 'cpuSystemNs'],
  clients: ['requests', 'cpuUserNs', 'cpuSystemNs'],
} as const satisfies Partial<Record<FrameSource, readonly CounterName[]>>;
const gauges = ['rssBytes', 'threads', 'openFds', 'openConnections'] as const satisfies readonly GaugeName[];
const percentiles = { p50: 50, p99: 99, 'p99.9': 99.9, max: 100 } as const;

export type Values = (number | null)[];

export interface Figures {
  readonly spanSeconds: number;
  readonly spans: number;
  /** Growth within each span, by `source counter` and `syscall name`. */
  readonly growth: ReadonlyMap<string, Values>;
  /** Of the server, at the end of each span. */
  readonly gauges: ReadonlyMap<string, Values>;
  /** ns, from the moment at which a request was meant to be sent. */
  readonly latency: ReadonlyMap<string, Values>;
}

class FigureBuilder {
  readonly figures: Figures;
  readonly #startedNs: number;
  readonly #spanNs: number;
  readonly #last = new Map<FrameSource, Counters | 'zero'>();
  /** Latencies of the span that is being filled, by the lowest value of each bucket. */
  #buckets = new Map<number, Bucket>();
  #bucketSpan = 0;

  constructor(startedNs: number, endedNs: number) {
    const durationNs = Math.max(shortestNs, endedNs - startedNs);
    this.#startedNs = startedNs;
    this.#spanNs = Math.max(shortestNs, durationNs / mostSpans);
    const spans = Math.ceil(durationNs / this.#spanNs);
    this.figures = { spanSeconds: this.#spanNs / 1e9, spans, growth: new Map(), gauges: new Map(), latency: new Map() };
  }

  /** An engine that begins counts from zero; of one that ran before, the first frame only says where it stands. */
  begin(source: FrameSource): void {
    this.#last.set(source, 'zero');
  }

  standing(source: FrameSource, frame: Counters): void {
    this.#last.set(source, frame);
  }

  counters(source: FrameSource, frame: Counters): void {
    const before = this.#last.get(source);
    this.#last.set(source, frame);
    if (source !== 'server' && source !== 'clients') return;
    const span = this.#spanOf(frame.timeNs);
    if (source === 'server') {
      for (const name of gauges) this.#values(this.figures.gauges, name)[span] = gaugeOf(frame, name);
    }
    if (!before) return;
    const grow = (key: string, now: number, then: number): void => {
      if (now === then) return;
      const values = this.#values(this.figures.growth, key, 0);
      values[span] = (values[span] ?? 0) + now - then;
    };
    for (const name of counterColumns[source]) {
      grow(`${source} ${name}`, counterOf(frame, name), before === 'zero' ? 0 : counterOf(before, name));
    }
    if (source === 'clients') return;
    for (const [i, name] of syscallNames.entries()) {
      grow(`syscall ${name}`, frame.syscalls[i] ?? 0, before === 'zero' ? 0 : (before.syscalls[i] ?? 0));
    }
  }

  latency(timeNs: number, buckets: readonly Bucket[]): void {
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
      this.#values(this.figures.latency, name)[this.#bucketSpan] = percentileOf(merged, percentile);
    }
    this.#buckets = new Map();
  }

  #spanOf(timeNs: number): number {
    const span = Math.floor((timeNs - this.#startedNs) / this.#spanNs);
    return Math.min(this.figures.spans - 1, Math.max(0, span));
  }

  #values(map: ReadonlyMap<string, Values>, key: string, initial: number | null = null): Values {
    const known = map.get(key);
    if (known) return known;
    const values = new Array<number | null>(this.figures.spans).fill(initial);
    (map as Map<string, Values>).set(key, values);
    return values;
  }
}

export async function readFigures(reader: FrameReader): Promise<Figures> {
  const { startedNs, endedNs } = reader.session;
  const builder = new FigureBuilder(startedNs, endedNs);
  for await (const batch of reader.batches(['ready', 'counters', 'latency'])) {
    for (const { type, frame, source, isState } of batch) {
      if (type === 'ready' && !isState) builder.begin(source);
      else if (type === 'counters' && isState) builder.standing(source, frame);
      else if (type === 'counters') builder.counters(source, frame);
      else if (type === 'latency' && frame.kind === 'corrected') builder.latency(frame.timeNs, frame.buckets);
    }
  }
  builder.endSpan();
  return builder.figures;
}
