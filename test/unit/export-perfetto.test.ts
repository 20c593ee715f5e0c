/** The Perfetto trace, parsed back by its schema and summed against the session's counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedRun, type RecordedRun } from './export-support.ts';
import { fieldNumbers, readPerfettoTrace, type PerfettoTrace, type Track } from './perfetto-trace.ts';
import { startNs } from './session-frames.ts';
import { countByName, expectNested, totalNs } from './trace-checks.ts';

let run: RecordedRun;
let trace: PerfettoTrace;
beforeAll(async () => {
  run = await recordedRun();
  await run.export('perfetto');
  trace = readPerfettoTrace(readFileSync(join(run.folder, 'out.perfetto')));
});
afterAll(() => run.remove());

const allTracks = (): Track[] => [...trace.tracks.values()];
function trackNamed(name: string): Track {
  const found = allTracks().filter((track) => track.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} tracks have the name "${name}".`);
  return found[0];
}
const slicesOn = (name: string): PerfettoTrace['slices'] =>
  trace.slices.filter(({ track }) => track === String(trackNamed(name).uuid));

/**
 * Field numbers and types of the published schema, copied from protos/perfetto/trace of google/perfetto by hand, apart
 * from the schema that the exporter writes by. Enumerations are written as what they are on the wire, uint32.
 */
const published = {
  'Trace.packet': '1 repeated TracePacket',
  'TracePacket.clock_snapshot': '6 ClockSnapshot',
  'TracePacket.timestamp': '8 uint64',
  'TracePacket.trusted_packet_sequence_id': '10 uint32',
  'TracePacket.track_event': '11 TrackEvent',
  'TracePacket.interned_data': '12 InternedData',
  'TracePacket.sequence_flags': '13 uint32',
  'TracePacket.trace_packet_defaults': '59 TracePacketDefaults',
  'TracePacket.track_descriptor': '60 TrackDescriptor',
  'TracePacketDefaults.timestamp_clock_id': '58 uint32',
  'ClockSnapshot.clocks': '1 repeated Clock',
  'ClockSnapshot.primary_trace_clock': '2 uint32',
  'ClockSnapshot.Clock.clock_id': '1 uint32',
  'ClockSnapshot.Clock.timestamp': '2 uint64',
  'InternedData.event_categories': '1 repeated EventCategory',
  'InternedData.event_names': '2 repeated EventName',
  'InternedData.debug_annotation_names': '3 repeated DebugAnnotationName',
  'EventCategory.iid': '1 uint64',
  'EventCategory.name': '2 string',
  'EventName.iid': '1 uint64',
  'EventName.name': '2 string',
  'DebugAnnotationName.iid': '1 uint64',
  'DebugAnnotationName.name': '2 string',
  'TrackDescriptor.uuid': '1 uint64',
  'TrackDescriptor.name': '2 string',
  'TrackDescriptor.process': '3 ProcessDescriptor',
  'TrackDescriptor.thread': '4 ThreadDescriptor',
  'TrackDescriptor.parent_uuid': '5 uint64',
  'TrackDescriptor.counter': '8 CounterDescriptor',
  'ProcessDescriptor.pid': '1 int32',
  'ProcessDescriptor.process_name': '6 string',
  'ThreadDescriptor.pid': '1 int32',
  'ThreadDescriptor.tid': '2 int32',
  'ThreadDescriptor.thread_name': '5 string',
  'CounterDescriptor.unit': '3 uint32',
  'TrackEvent.category_iids': '3 repeated uint64',
  'TrackEvent.debug_annotations': '4 repeated DebugAnnotation',
  'TrackEvent.type': '9 uint32',
  'TrackEvent.name_iid': '10 uint64',
  'TrackEvent.track_uuid': '11 uint64',
  'TrackEvent.name': '23 string',
  'TrackEvent.counter_value': '30 int64',
  'DebugAnnotation.name_iid': '1 uint64',
  'DebugAnnotation.int_value': '4 int64',
  'DebugAnnotation.string_value': '6 string',
};

describe('a session as a Perfetto trace', () => {
  it('is written by the field numbers of the published schema', () => {
    expect(fieldNumbers()).toEqual(published);
  });

  it('is one sequence that begins with its clock and keeps its incremental state', () => {
    const [first, ...others] = trace.packets;
    expect(first).toMatchObject({ sequence_flags: 1, trace_packet_defaults: { timestamp_clock_id: 3 } });
    expect(first?.clock_snapshot).toEqual({
      clocks: [
        { clock_id: 3, timestamp: startNs },
        { clock_id: 1, timestamp: 1_700_000_000_000e6 },
      ],
      primary_trace_clock: 3,
    });
    expect(new Set(others.map((packet) => packet.sequence_flags))).toEqual(new Set([2]));
    expect(new Set(trace.packets.map((packet) => packet.trusted_packet_sequence_id))).toEqual(new Set([1]));
  });

  it('names processes and threads', () => {
    expect(allTracks().flatMap((track) => track.process ?? [])).toEqual([
      { pid: 4000, process_name: 'fdscope server' },
      { pid: 5000, process_name: 'fdscope clients' },
    ]);
    expect(allTracks().flatMap((track) => track.thread ?? [])).toEqual([
      { pid: 4000, tid: 4000, thread_name: 'loop' },
      { pid: 4000, tid: 4001, thread_name: 'telemetry' },
      { pid: 5000, tid: 5000, thread_name: 'load' },
    ]);
    const loop = allTracks().find(({ thread }) => thread?.thread_name === 'loop');
    expect(trackNamed('loop: CPU').parent_uuid).toBe(loop?.uuid);
  });

  it('has slices that nest', () => {
    expect(trace.slices.length).toBeGreaterThan(1000);
    expectNested(trace.slices);
  });

  it('has as many system calls of each name as the counters say', () => {
    expect(countByName(trace.slices, 'syscall')).toEqual(run.syscalls);
    const reads = trace.slices.filter(({ name, category }) => category === 'syscall' && name === 'read');
    expect(reads.filter(({ args }) => args.result === -11).length).toBe(4 * 8);
  });

  it('has a thread on the CPU for as long as the counters say, and blocked in between', () => {
    const cpu = slicesOn('loop: CPU');
    const sum = (name: string): number => totalNs(cpu.filter((slice) => slice.name === name));
    expect(sum('on CPU')).toBe(run.onCpuNs);
    // From the first switch to the last frame that tells of any, it is always one of the three.
    const [first] = cpu;
    expect(sum('on CPU') + sum('blocked') + sum('preempted')).toBe(run.endNs - (first?.fromNs ?? 0));
  });

  it('has counters with units that end where those of the session do', () => {
    const last = (source: string, name: string): { value: number | undefined; unit: number | undefined } => {
      const process = allTracks().find((track) => track.process?.process_name === `fdscope ${source}`);
      const track = allTracks().find((each) => each.name === name && each.parent_uuid === process?.uuid);
      return { value: trace.counters.get(track?.uuid ?? 0), unit: track?.counter?.unit };
    };
    expect(last('server', 'requests')).toEqual({ value: run.requests, unit: 2 });
    expect(last('clients', 'requestsSent')).toEqual({ value: run.requests, unit: 2 });
    expect(last('server', 'onCpuNs')).toEqual({ value: run.onCpuNs, unit: 1 });
    expect(last('server', 'bytesOut')).toEqual({ value: run.requests * 128, unit: 3 });
    expect(last('server', 'rssBytes (now)')).toEqual({ value: 60e6, unit: 3 });
    for (const [name, value] of Object.entries(run.syscalls)) {
      expect(last('server', `system calls: ${name}`)).toEqual({ value, unit: 2 });
    }
  });

  it('has sockets, coroutines, models and markers', () => {
    const socket = trackNamed('fd 7, client 127.0.0.1:8080 ↔ 127.0.0.2:40000');
    expect(trace.tracks.get(socket.parent_uuid ?? 0)?.name).toBe('sockets');
    const waits = slicesOn(socket.name ?? '').filter(({ name }) => name === 'ready, not served');
    expect(waits.length).toBe(20);
    expect(waits.slice(0, 19).map(({ fromNs, toNs }) => toNs - fromNs)).toEqual(new Array(19).fill(50e6 + 400e3));
    const coroutine = slicesOn('coroutine 2');
    expect(coroutine.filter(({ name }) => name === 'runs').length).toBe(60);
    expect(coroutine.filter(({ name }) => name === 'awaits read').length).toBe(59);
    expect(slicesOn('model').map(({ name }) => name)).toEqual(['epoll-lt', 'poll']);
    const markers = trace.instants.filter(({ track }) => track === String(trackNamed('markers').uuid));
    expect(markers.map(({ name }) => name)).toEqual(['steady', 'work 10 µs → 20 µs', 'A socket waited 3 ms.']);
  });

  it('has how long a socket was in which state, a slice a tick', () => {
    const [track] = allTracks().filter(({ name }) => name?.endsWith(': time by state'));
    const ticks = trace.slices.filter((slice) => slice.track === String(track?.uuid));
    expect(ticks).toHaveLength(60);
    expect(ticks[9]).toMatchObject({
      ...{ name: 'tick', fromNs: startNs + 9 * 50e6, toNs: startNs + 10 * 50e6 },
      args: { idle_ns: 50e6 - 1_000_070, unsure_ns: 40, waiting_ns: 30, serving_ns: 1_000_000 },
    });
  });
});
