/** Walks a session once and tells it to a trace sink. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { Annotation } from '../../../../shared/session/edits.ts';
import type { Counters, Latency } from '../../../../shared/telemetry/codec.ts';
import { counterNames, gaugeNames, syscallNames } from '../../../../shared/telemetry/wire.ts';
import type { DecodedFrame, DecodedType, FrameReader } from './decoded-frames.ts';
import { percentileOf, type Bucket } from '../../../../shared/telemetry/histogram-buckets.ts';
import { SessionNames } from './session-names.ts';
import type { TraceSink, TrackId, TrackSpec } from './trace-sink.ts';
import { SocketTrace } from './trace-sockets.ts';
import { ThreadTrace } from './trace-threads.ts';
import { TraceTracks } from './trace-tracks.ts';

export const traceTypes: readonly DecodedType[] = [
  ...SessionNames.types,
  ...(['counters', 'latency', 'opened', 'fdShares', 'fdStates', 'threadStates', 'switches', 'events'] as const),
  ...(['mark', 'notice', 'finding'] as const),
];

const unitOf = (name: string): TrackSpec['unit'] =>
  name.endsWith('Ns') ? 'ns' : /bytes/i.test(name) ? 'bytes' : 'count';

/** Name, unit and place of all that a counters frame has. */
const counterSpecs = [
  ...counterNames.map((name, i) => ({ name, unit: unitOf(name), of: (frame: Counters) => frame.counters[i] })),
  ...gaugeNames.map((name, i) => ({
    name: `${name} (now)`,
    unit: unitOf(name),
    of: (frame: Counters) => frame.gauges[i],
  })),
  ...syscallNames.map((name, i) => ({
    ...{ name: `system calls: ${name}`, unit: 'count' as const },
    of: (frame: Counters) => frame.syscalls[i],
  })),
];

const percentiles = [50, 99, 99.9] as const;

class TraceWalk {
  readonly #sink: TraceSink;
  readonly #names = new SessionNames();
  readonly #tracks: TraceTracks;
  readonly #threads: ThreadTrace;
  readonly #sockets: SocketTrace;
  /** Values as last told: a counter that stands still needs no points. */
  readonly #last = new Map<FrameSource, Float64Array>();
  readonly #models = new Map<FrameSource, { track: TrackId; fromNs: number }>();
  #markers: TrackId | undefined;

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.#tracks = new TraceTracks(sink, this.#names);
    this.#threads = new ThreadTrace(sink, this.#tracks, this.#names);
    this.#sockets = new SocketTrace(sink, this.#tracks, this.#names);
  }

  see(decoded: DecodedFrame): void {
    const { type, frame, source, receivedNs, isState } = decoded;
    // A keyframe behind a gap tells again what is known: not an engine that began.
    if (type === 'ready' && this.#names.pid(source) !== frame.pid) this.#restart(source, receivedNs);
    this.#names.see(decoded);
    switch (type) {
      case 'threadStarted':
        this.#tracks.thread(source, frame.threadId);
        break;
      case 'threads':
        for (const { threadId, hasEnded } of frame.threads) {
          if (!hasEnded) continue;
          this.#threads.endThread(source, threadId, frame.timeNs);
          this.#tracks.endThread(source, threadId);
        }
        break;
      case 'counters':
        if (!isState) this.#count(source, frame);
        break;
      case 'latency':
        if (frame.kind === 'corrected') this.#latency(source, frame);
        break;
      case 'opened':
        this.#sockets.opened(source, frame);
        break;
      case 'fdShares':
        this.#sockets.shares(source, frame);
        break;
      case 'fdStates':
        this.#sockets.states(source, frame);
        break;
      case 'threadStates':
        this.#threads.states(source, frame);
        break;
      case 'switches':
        this.#threads.switches(source, frame);
        break;
      case 'events':
        this.#threads.events(source, frame);
        break;
      case 'model':
        if (!isState || !this.#models.has(source)) this.#model(source, frame.model, frame.timeNs);
        break;
      case 'mark':
        this.#mark(frame.timeNs, frame.text ?? frame.name, 'mark');
        break;
      case 'notice':
        this.#mark(receivedNs, frame.text, frame.level);
        break;
      case 'finding':
        this.#mark(frame.timeNs, frame.text, 'finding');
        break;
      default:
    }
  }

  annotations(annotations: readonly Annotation[]): void {
    // Annotations may overlap without one holding the other, and then do not nest: each has a lane.
    annotations.forEach(({ fromNs, toNs, text }) => {
      if (toNs === undefined) this.#mark(fromNs, text, 'annotation');
      else {
        const track = this.#sink.track({ kind: 'lane', name: `annotation: ${text.slice(0, 60)}` });
        this.#sink.slice({ track, fromNs, toNs: Math.max(fromNs, toNs), name: text, category: 'annotation' });
      }
    });
  }

  end(endNs: number): void {
    this.#threads.end(endNs);
    this.#sockets.end(endNs);
    for (const { track, fromNs } of this.#models.values()) this.#sink.end(track, Math.max(fromNs, endNs));
  }

  #restart(source: FrameSource, atNs: number): void {
    const model = this.#models.get(source);
    if (model) this.#sink.end(model.track, Math.max(model.fromNs, atNs));
    this.#models.delete(source);
    this.#last.delete(source);
    this.#sockets.restart(source, atNs);
    this.#threads.restart(source);
    this.#tracks.restart(source);
  }

  #model(source: FrameSource, model: string, atNs: number): void {
    const track = this.#tracks.named(source, 'model', { kind: 'lane' });
    const before = this.#models.get(source);
    if (before) this.#sink.end(track, Math.max(before.fromNs, atNs));
    this.#sink.begin({ track, fromNs: atNs, name: model, category: 'model' });
    this.#models.set(source, { track, fromNs: atNs });
  }

  #mark(atNs: number, name: string, category: string): void {
    this.#markers ??= this.#sink.track({ kind: 'lane', name: 'markers' });
    this.#sink.instant({ track: this.#markers, atNs, name, category });
  }

  #count(source: FrameSource, frame: Counters): void {
    let last = this.#last.get(source);
    if (!last) this.#last.set(source, (last = new Float64Array(counterSpecs.length)));
    for (const [i, { name, unit, of }] of counterSpecs.entries()) {
      const value = of(frame) ?? 0;
      // One that never moves from zero has no track.
      if (value === last[i]) continue;
      const track = this.#tracks.named(source, name, { kind: 'counter', unit });
      this.#sink.counter(track, frame.timeNs, value);
      last[i] = value;
    }
  }

  #latency(source: FrameSource, { timeNs, buckets }: Latency & { readonly buckets: readonly Bucket[] }): void {
    if (buckets.length === 0) return;
    for (const percentile of percentiles) {
      const track = this.#tracks.named(source, `latency p${percentile}`, { kind: 'counter', unit: 'ns' });
      this.#sink.counter(track, timeNs, percentileOf(buckets, percentile));
    }
  }
}

/** `flush` is awaited behind every batch of frames, so that the sink need not hold more than one. */
export async function walkTrace(reader: FrameReader, sink: TraceSink, flush: () => Promise<void>): Promise<void> {
  const walk = new TraceWalk(sink);
  for await (const batch of reader.batches(traceTypes)) {
    for (const decoded of batch) walk.see(decoded);
    await flush();
  }
  walk.end(reader.session.endedNs);
  walk.annotations(reader.session.annotations);
  await flush();
}
