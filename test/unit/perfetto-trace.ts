/**
 * Reads a Perfetto trace as its trace processor does: packets in the order of their times, and of two of one time in the
 * order of the file; interned names by number; the end of a slice ends the innermost that is open on its track.
 */
import protobuf from 'protobufjs';
import { perfettoRoot } from '../../main/lab/sessions/exporters/perfetto-schema.ts';
import type { ReadSlice } from './trace-checks.ts';

interface Interned {
  readonly iid: number;
  readonly name: string;
}

interface Packet {
  readonly timestamp?: number;
  readonly trusted_packet_sequence_id?: number;
  readonly sequence_flags?: number;
  readonly trace_packet_defaults?: { readonly timestamp_clock_id: number };
  readonly clock_snapshot?: {
    readonly clocks: readonly { readonly clock_id: number; readonly timestamp: number }[];
    readonly primary_trace_clock: number;
  };
  readonly interned_data?: Readonly<
    Partial<Record<'event_categories' | 'event_names' | 'debug_annotation_names', readonly Interned[]>>
  >;
  readonly track_descriptor?: Track;
  readonly track_event?: {
    readonly type: number;
    readonly track_uuid: number;
    readonly name?: string;
    readonly name_iid?: number;
    readonly category_iids?: readonly number[];
    readonly counter_value?: number;
    readonly debug_annotations?: readonly {
      readonly name_iid: number;
      readonly int_value?: number;
      readonly string_value?: string;
    }[];
  };
}

export interface Track {
  readonly uuid: number;
  readonly name?: string;
  readonly parent_uuid?: number;
  readonly process?: { readonly pid: number; readonly process_name: string };
  readonly thread?: { readonly pid: number; readonly tid: number; readonly thread_name: string };
  readonly counter?: { readonly unit: number };
}

export interface PerfettoTrace {
  readonly packets: readonly Packet[];
  readonly tracks: ReadonlyMap<number, Track>;
  readonly slices: readonly ReadSlice[];
  readonly instants: readonly { readonly track: string; readonly name: string; readonly atNs: number }[];
  /** Last value of each counter track. */
  readonly counters: ReadonlyMap<number, number>;
}

type OpenSlice = Omit<ReadSlice, 'toNs'>;

export function readPerfettoTrace(bytes: Uint8Array): PerfettoTrace {
  const type = perfettoRoot.lookupType('perfetto.protos.Trace');
  const decoded = type.toObject(type.decode(bytes), { longs: Number }) as { packet: Packet[] };
  const packets = decoded.packet;
  const tracks = new Map<number, Track>();
  const names = new Map<string, string>();
  for (const { interned_data: interned = {}, track_descriptor: track } of packets) {
    if (track) tracks.set(track.uuid, track);
    for (const [field, entries] of Object.entries(interned)) {
      for (const { iid, name } of entries) names.set(`${field} ${iid}`, name);
    }
  }
  const nameOf = (field: string, iid: number): string => {
    const name = names.get(`${field} ${iid}`);
    if (name === undefined) throw new Error(`${field} ${iid} was never told.`);
    return name;
  };
  const slices: ReadSlice[] = [];
  const instants: PerfettoTrace['instants'][number][] = [];
  const counters = new Map<number, number>();
  const open = new Map<number, OpenSlice[]>();
  const ordered = packets.filter(({ track_event: event }) => event !== undefined);
  ordered.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
  for (const { timestamp = 0, track_event: event } of ordered) {
    if (!event) continue;
    const uuid = event.track_uuid;
    if (!tracks.has(uuid)) throw new Error(`An event is on the track ${uuid}, which was never described.`);
    const name = event.name ?? (event.name_iid === undefined ? '' : nameOf('event_names', event.name_iid));
    const category = event.category_iids?.map((iid) => nameOf('event_categories', iid)).join(' ') ?? '';
    const args = Object.fromEntries(
      (event.debug_annotations ?? []).map(({ name_iid: iid, int_value: int, string_value: text }) => [
        nameOf('debug_annotation_names', iid),
        int ?? text ?? '',
      ]),
    );
    if (event.type === 1) {
      const begun = { track: String(uuid), name, category, args, fromNs: timestamp };
      open.set(uuid, [...(open.get(uuid) ?? []), begun]);
    } else if (event.type === 2) {
      const begun = open.get(uuid)?.pop();
      if (!begun) throw new Error(`On track ${uuid} a slice ends that never began.`);
      slices.push({ ...begun, toNs: timestamp });
    } else if (event.type === 3) instants.push({ track: String(uuid), name, atNs: timestamp });
    else if (event.type === 4) counters.set(uuid, event.counter_value ?? 0);
    else throw new Error(`There is no event of the type ${event.type}.`);
  }
  const unended = [...open.values()].flat().length;
  if (unended > 0) throw new Error(`${unended} slices have no end.`);
  return { packets, tracks, slices, instants, counters };
}

/** "TrackEvent.type" to "9 uint32" for all fields of a schema. */
export function fieldNumbers(): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (namespace: protobuf.NamespaceBase, path: string): void => {
    for (const nested of namespace.nestedArray) {
      if (!(nested instanceof protobuf.Type)) {
        if (nested instanceof protobuf.Namespace) walk(nested, path);
        continue;
      }
      const name = `${path}${nested.name}`;
      for (const field of nested.fieldsArray) {
        found[`${name}.${field.name}`] = `${field.id} ${field.repeated ? 'repeated ' : ''}${field.type}`;
      }
      walk(nested, `${name}.`);
    }
  };
  walk(perfettoRoot, '');
  return found;
}
