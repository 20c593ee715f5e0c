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
import { clocks, counterUnits, eventTypes, sequenceFlags, traceType } from './perfetto-schema.ts';
import type { Instant, Slice, TraceArgs, TraceSink, TrackId, TrackSpec } from './trace-sink.ts';
import { walkTrace } from './trace-walk.ts';

/** All packets are of one writer. */
const sequence = 1;
/** Names beyond are written out, so that a session of millions of connections does not fill the memory. */
const mostInterned = 1000;

type Packet = Readonly<Record<string, unknown>>;
type InternedField = 'event_categories' | 'event_names' | 'debug_annotation_names';

/** Strings that were written once and are numbers from then on. */
class Interning {
  readonly #ids = new Map<InternedField, Map<string, number>>();
  #fresh: Partial<Record<InternedField, { iid: number; name: string }[]>> = {};

  /** Undefined where there are too many. */
  id(field: InternedField, name: string): number | undefined {
    const ids = this.#ids.get(field) ?? new Map<string, number>();
    this.#ids.set(field, ids);
    let iid = ids.get(name);
    if (iid === undefined && ids.size < mostInterned) {
      iid = ids.size + 1;
      ids.set(name, iid);
      (this.#fresh[field] ??= []).push({ iid, name });
    }
    return iid;
  }

  /** What the next packet must tell. */
  take(): Packet {
    const fresh = this.#fresh;
    this.#fresh = {};
    return Object.keys(fresh).length === 0 ? {} : { interned_data: fresh };
  }
}

class PerfettoSink implements TraceSink {
  readonly #interning = new Interning();
  #packets: Packet[] = [];
  #nextUuid = 1;

  constructor({ wallMs, monotonicNs }: { wallMs: number; monotonicNs: number }) {
    const read = [
      { clock_id: clocks.monotonic, timestamp: monotonicNs },
      { clock_id: clocks.realtime, timestamp: wallMs * 1e6 },
    ];
    this.#packets.push({
      ...{ trusted_packet_sequence_id: sequence, sequence_flags: sequenceFlags.incrementalStateCleared },
      trace_packet_defaults: { timestamp_clock_id: clocks.monotonic },
      clock_snapshot: { clocks: read, primary_trace_clock: clocks.monotonic },
    });
  }

  /** The packets so far, as a part of the file: traces behind one another are one trace. */
  take(): Uint8Array {
    const packet = this.#packets;
    this.#packets = [];
    return packet.length === 0 ? new Uint8Array() : traceType.encode({ packet }).finish();
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
    this.#put({ track_descriptor: { uuid, ...what } });
    return uuid;
  }

  /** The file holds the track; nothing is kept of it here. */
  readonly forget = (): void => undefined;

  slice({ toNs, ...slice }: Slice): void {
    this.begin(slice);
    this.end(slice.track, toNs);
  }

  begin({ track, fromNs, name, category, args }: Omit<Slice, 'toNs'>): void {
    this.#event(fromNs, { type: eventTypes.sliceBegin, track_uuid: track, ...this.#named(name, category, args) });
  }

  end(track: TrackId, atNs: number): void {
    this.#event(atNs, { type: eventTypes.sliceEnd, track_uuid: track });
  }

  instant({ track, atNs, name, category, args }: Instant): void {
    this.#event(atNs, { type: eventTypes.instant, track_uuid: track, ...this.#named(name, category, args) });
  }

  counter(track: TrackId, atNs: number, value: number): void {
    this.#event(atNs, { type: eventTypes.counter, track_uuid: track, counter_value: value });
  }

  #named(name: string, category: string, args: TraceArgs = {}): Packet {
    const iid = this.#interning.id('event_names', name);
    const annotations = Object.entries(args).flatMap(([key, value]) => {
      if (value === undefined) return [];
      const held = typeof value === 'number' ? { int_value: value } : { string_value: value };
      return [{ name_iid: this.#interning.id('debug_annotation_names', key), ...held }];
    });
    return {
      ...(iid === undefined ? { name } : { name_iid: iid }),
      category_iids: [this.#interning.id('event_categories', category)],
      ...(annotations.length > 0 ? { debug_annotations: annotations } : {}),
    };
  }

  #event(timeNs: number, event: Packet): void {
    this.#put({ timestamp: Math.round(timeNs), track_event: event });
  }

  #put(packet: Packet): void {
    const flags = { trusted_packet_sequence_id: sequence, sequence_flags: sequenceFlags.needsIncrementalState };
    this.#packets.push({ ...packet, ...flags, ...this.#interning.take() });
  }
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
