/**
 * Perfetto's own format, protobuf, of TrackEvents: for ui.perfetto.dev and its trace processor, which answers SQL.
 *
 * On and off the CPU are slices of a track beneath each thread, and not scheduler events of the kernel: those name the
 * core that a thread ran on, which the engine does not record. Counters are cumulative, as the engines send them.
 * Time blocked by thread:
 *   select track.name, sum(dur) from slice join track on slice.track_id = track.id
 *   where category = 'CPU' and slice.name = 'blocked' group by track.name
 */
import protobuf from 'protobufjs';
import type { Exporter } from './exporter.ts';
import { clocks, counterUnits, eventTypes, sequenceFlags, traceType } from './perfetto-schema.ts';
import type { Instant, Slice, TraceArgs, TraceSink, TrackId, TrackSpec } from './trace-sink.ts';
import { walkTrace } from './trace-walk.ts';

/** All packets are of one writer. */
const sequence = 1;
/** Names beyond are written out, so that a session of millions of connections does not fill the memory. */
const mostInterned = 1000;

type InternedField = 'event_categories' | 'event_names' | 'debug_annotation_names';
type InternedData = Partial<Record<InternedField, { iid: number; name: string }[]>>;

interface DebugAnnotation {
  readonly name_iid: number | undefined;
  readonly int_value: number | undefined;
  readonly string_value: string | undefined;
}

/** Written by the million: all fields in each and no spreads, which keeps them of one shape and is four times as fast. */
interface TrackEvent {
  readonly type: number;
  readonly track_uuid: TrackId;
  readonly name_iid: number | undefined;
  readonly name: string | undefined;
  readonly category_iids: readonly number[] | undefined;
  readonly debug_annotations: readonly DebugAnnotation[] | undefined;
  readonly counter_value: number | undefined;
}

/** Strings that were written once and are numbers from then on. */
class Interning {
  readonly #ids: Readonly<Record<InternedField, Map<string, number>>> = {
    event_categories: new Map(),
    event_names: new Map(),
    debug_annotation_names: new Map(),
  };
  #fresh: InternedData | undefined;

  /** Undefined where there are too many. */
  id(field: InternedField, name: string): number | undefined {
    const ids = this.#ids[field];
    let iid = ids.get(name);
    if (iid === undefined && ids.size < mostInterned) {
      iid = ids.size + 1;
      ids.set(name, iid);
      ((this.#fresh ??= {})[field] ??= []).push({ iid, name });
    }
    return iid;
  }

  /** What the next packet must tell. */
  take(): InternedData | undefined {
    const fresh = this.#fresh;
    this.#fresh = undefined;
    return fresh;
  }
}

class PerfettoSink implements TraceSink {
  readonly #interning = new Interning();
  #writer = protobuf.Writer.create();
  #nextUuid = 1;

  constructor({ wallMs, monotonicNs }: { wallMs: number; monotonicNs: number }) {
    const read = [
      { clock_id: clocks.monotonic, timestamp: monotonicNs },
      { clock_id: clocks.realtime, timestamp: wallMs * 1e6 },
    ];
    this.#write({
      ...{ trusted_packet_sequence_id: sequence, sequence_flags: sequenceFlags.incrementalStateCleared },
      trace_packet_defaults: { timestamp_clock_id: clocks.monotonic },
      clock_snapshot: { clocks: read, primary_trace_clock: clocks.monotonic },
    });
  }

  /** The packets so far, as a part of the file: traces behind one another are one trace. */
  take(): Uint8Array {
    const bytes = this.#writer.finish();
    this.#writer = protobuf.Writer.create();
    return bytes;
  }

  track({ kind, name, parent, pid, tid, unit = 'count' }: TrackSpec): TrackId {
    const uuid = this.#nextUuid++;
    const what = {
      process: { process: { pid, process_name: name } },
      // A thread belongs to its process by its pid.
      thread: { thread: { pid, tid, thread_name: name } },
      lane: { name, parent_uuid: parent },
      counter: { name, parent_uuid: parent, counter: { unit: counterUnits[unit] } },
    }[kind];
    const head = { trusted_packet_sequence_id: sequence, sequence_flags: sequenceFlags.needsIncrementalState };
    this.#write({ ...head, interned_data: this.#interning.take(), track_descriptor: { uuid, ...what } });
    return uuid;
  }

  /** The file holds the track; nothing is kept of it here. */
  readonly forget = (): void => undefined;

  slice(slice: Slice): void {
    this.begin(slice);
    this.end(slice.track, slice.toNs);
  }

  begin(slice: Omit<Slice, 'toNs'>): void {
    this.#named(eventTypes.sliceBegin, slice.fromNs, slice);
  }

  end(track: TrackId, atNs: number): void {
    this.#bare(eventTypes.sliceEnd, atNs, track);
  }

  instant(instant: Instant): void {
    this.#named(eventTypes.instant, instant.atNs, instant);
  }

  counter(track: TrackId, atNs: number, value: number): void {
    this.#bare(eventTypes.counter, atNs, track, value);
  }

  #bare(type: number, atNs: number, track: TrackId, value?: number): void {
    this.#event(atNs, {
      type,
      track_uuid: track,
      name_iid: undefined,
      name: undefined,
      category_iids: undefined,
      debug_annotations: undefined,
      counter_value: value,
    });
  }

  #named(
    type: number,
    atNs: number,
    { track, name, category, args }: Pick<Slice, 'track' | 'name' | 'category' | 'args'>,
  ): void {
    const nameId = this.#interning.id('event_names', name);
    const categoryId = this.#interning.id('event_categories', category);
    this.#event(atNs, {
      type,
      track_uuid: track,
      name_iid: nameId,
      name: nameId === undefined ? name : undefined,
      category_iids: categoryId === undefined ? undefined : [categoryId],
      debug_annotations: args && this.#annotations(args),
      counter_value: undefined,
    });
  }

  #annotations(args: TraceArgs): DebugAnnotation[] {
    const annotations: DebugAnnotation[] = [];
    for (const key in args) {
      const value = args[key];
      if (value === undefined) continue;
      annotations.push({
        name_iid: this.#interning.id('debug_annotation_names', key),
        int_value: typeof value === 'number' ? value : undefined,
        string_value: typeof value === 'string' ? value : undefined,
      });
    }
    return annotations;
  }

  #event(atNs: number, event: TrackEvent): void {
    this.#write({
      timestamp: Math.round(atNs),
      trusted_packet_sequence_id: sequence,
      sequence_flags: sequenceFlags.needsIncrementalState,
      interned_data: this.#interning.take(),
      track_event: event,
    });
  }

  #write(packet: object): void {
    traceType.encode({ packet: [packet] }, this.#writer);
  }
}

/** A whole trace that is told at once. */
export function perfettoTrace(
  started: { readonly wallMs: number; readonly monotonicNs: number },
  tell: (sink: TraceSink) => void,
): Uint8Array {
  const sink = new PerfettoSink(started);
  tell(sink);
  return sink.take();
}

export const perfetto: Exporter = {
  format: 'perfetto',
  about: 'a trace for ui.perfetto.dev',
  extension: '.pftrace',
  shape: () => 'file',
  async write(reader, output) {
    const file = await output.create('trace.pftrace');
    const sink = new PerfettoSink(reader.session.manifest.started);
    await walkTrace(reader, sink, () => file.write(sink.take()));
  },
};
