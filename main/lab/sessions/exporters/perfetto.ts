/**
 * Perfetto's own format, protobuf, of TrackEvents: for ui.perfetto.dev and its trace processor, which answers SQL.
 *
 * On and off the CPU are slices of a track beneath each thread, and not scheduler events of the kernel: those name the
 * core that a thread ran on, which the engine does not record. Counters are cumulative, as the engines send them.
 * Time blocked by thread:
 *   select track.name, sum(dur) from slice join track on slice.track_id = track.id
 *   where category = 'CPU' and slice.name = 'blocked' group by track.name
 */
import type { Exporter } from './exporter.ts';
import { PacketWriter } from './perfetto-packets.ts';
import { clocks, counterUnits, eventTypes, internedType, sequenceFlags, traceType } from './perfetto-schema.ts';
import type { Instant, Slice, TraceSink, TrackId, TrackSpec } from './trace-sink.ts';
import { walkTrace } from './trace-walk.ts';

/** All packets are of one writer. */
const sequence = 1;
/** Names beyond are written out, so that a session of millions of connections does not fill the memory. */
const mostInterned = 1000;

type InternedField = 'event_categories' | 'event_names' | 'debug_annotation_names';
type InternedData = Partial<Record<InternedField, { iid: number; name: string }[]>>;

/** Strings of one field that were written once and are numbers from then on. */
class Interned {
  readonly #ids = new Map<string, number>();
  /** What was asked for last, by place: in a place it is mostly the same again, and comparing is sooner than looking up. */
  readonly #lastNames: string[] = [];
  readonly #lastIds: (number | undefined)[] = [];
  #fresh: { iid: number; name: string }[] = [];

  /** Undefined where there are too many. */
  id(name: string, place = 0): number | undefined {
    if (this.#lastNames[place] === name) return this.#lastIds[place];
    let iid = this.#ids.get(name);
    if (iid === undefined && this.#ids.size < mostInterned) {
      iid = this.#ids.size + 1;
      this.#ids.set(name, iid);
      this.#fresh.push({ iid, name });
    }
    this.#lastNames[place] = name;
    this.#lastIds[place] = iid;
    return iid;
  }

  get hasFresh(): boolean {
    return this.#fresh.length > 0;
  }

  take(): { iid: number; name: string }[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}

class Interning {
  readonly categories = new Interned();
  readonly names = new Interned();
  readonly annotations = new Interned();

  /** What the next packet must tell. */
  take(): InternedData | undefined {
    if (!this.categories.hasFresh && !this.names.hasFresh && !this.annotations.hasFresh) return undefined;
    return {
      event_categories: this.categories.take(),
      event_names: this.names.take(),
      debug_annotation_names: this.annotations.take(),
    };
  }
}

class PerfettoSink implements TraceSink {
  readonly #interning = new Interning();
  readonly #packets = new PacketWriter(sequence, sequenceFlags.needsIncrementalState);
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
    return this.#packets.take();
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

  #named(
    type: number,
    atNs: number,
    { track, name, category, args }: Pick<Slice, 'track' | 'name' | 'category' | 'args'>,
  ): void {
    const nameId = this.#interning.names.id(name);
    const categoryId = this.#interning.categories.id(category);
    const packets = this.#packets;
    packets.begin(atNs);
    if (categoryId !== undefined) packets.category(categoryId);
    let place = 0;
    for (const key in args) {
      const value = args[key];
      if (value !== undefined) packets.annotation(this.#interning.annotations.id(key, place), value);
      place++;
    }
    packets.event(type, nameId, track);
    if (nameId === undefined) packets.name(name);
    packets.end(this.#fresh());
  }

  #bare(type: number, atNs: number, track: TrackId, value?: number): void {
    const packets = this.#packets;
    packets.begin(atNs);
    packets.event(type, undefined, track);
    if (value !== undefined) packets.counter(value);
    packets.end(this.#fresh());
  }

  /** What the packet must tell of strings that are numbers from it on, as bytes. */
  #fresh(): Uint8Array | undefined {
    const fresh = this.#interning.take();
    return fresh && internedType.encode(fresh).finish();
  }

  /** Of the kinds that are rare. */
  #write(packet: object): void {
    this.#packets.raw(traceType.encode({ packet: [packet] }).finish());
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
