/** Payloads of the frames, decoded into the structures of frames.ts and encoded from them. All little-endian. */
export * from './frames.ts';
export * from './records.ts';

import { FieldReader, FieldWriter } from './fields.ts';
import { FrameError } from './frame-splitter.ts';
import type { Counters, Heartbeat, Latency, ThreadChange, Threads, ThreadStarted } from './frames.ts';
import { clientProfiles, type ClientProfile } from './profiles.ts';
import { frameKinds, latencyKinds, type LatencyKind } from './wire.ts';

const textDecoder = new TextDecoder('utf-8', { fatal: true });
const textEncoder = new TextEncoder();

export function decodeCounters(payload: Uint8Array): Counters {
  const reader = new FieldReader(payload, 'counters');
  const timeNs = reader.u64();
  const sequence = reader.u32();
  const isSnapshot = (reader.u8() & 1) !== 0;
  const gaugeCount = reader.u8();
  const counterCount = reader.u16();
  const syscallCount = reader.u16();
  const stepCount = reader.u16();
  const snapshotId = reader.u32();
  const frame = {
    timeNs,
    sequence,
    snapshotId: isSnapshot ? snapshotId : 0,
    gauges: reader.u64s(gaugeCount),
    counters: reader.u64s(counterCount),
    syscalls: reader.u64s(syscallCount),
    stepHits: reader.u64s(stepCount),
    stepNs: reader.u64s(stepCount),
  };
  reader.end();
  return frame;
}

/** Whether counters answer a snapshot, without decoding them: readers of the stream would take those for a tick. */
export const answersSnapshot = (counters: Uint8Array): boolean => ((counters[12] ?? 0) & 1) !== 0;

export function decodeThreadStarted(payload: Uint8Array): ThreadStarted {
  const reader = new FieldReader(payload, 'threadStarted');
  const threadId = reader.u32();
  const tid = reader.u32();
  const nameBytes = reader.bytes(reader.u16());
  reader.end();
  return { threadId, tid, name: decodeText(nameBytes, 'threadStarted') };
}

export function decodeThreads(payload: Uint8Array): Threads {
  const reader = new FieldReader(payload, 'threads');
  const timeNs = reader.u64();
  const count = reader.u32();
  const threads: ThreadChange[] = [];
  for (let i = 0; i < count; i++) {
    const threadId = reader.u32();
    const hasEnded = (reader.u8() & 1) !== 0;
    reader.u8();
    const entryCount = reader.u16();
    const indexes = new Uint16Array(entryCount);
    const values = new Float64Array(entryCount);
    for (let entry = 0; entry < entryCount; entry++) {
      indexes[entry] = reader.u16();
      values[entry] = reader.u64();
    }
    threads.push({ threadId, hasEnded, indexes, values });
  }
  reader.end();
  return { timeNs, threads };
}

const latencyKindNames = new Map<number, LatencyKind>(
  Object.entries(latencyKinds).map(([name, value]) => [value, name as LatencyKind]),
);

/** In the order of their numbers; undefined where a frame is of everybody, or of a profile that is newer than this. */
const profileOf = (number: number): ClientProfile | undefined => clientProfiles[number - 1];

export function decodeLatency(payload: Uint8Array): Latency {
  const reader = new FieldReader(payload, 'latency');
  const timeNs = reader.u64();
  const kindValue = reader.u8();
  const profile = profileOf(reader.u8());
  reader.bytes(2);
  const encoded = reader.bytes(reader.u32());
  reader.end();
  const kind = latencyKindNames.get(kindValue);
  if (kind === undefined) throw new FrameError(`A latency frame is of the unknown kind ${kindValue}.`);
  return { timeNs, kind, ...(profile === undefined ? {} : { profile }), encoded };
}

export function decodeHeartbeat(payload: Uint8Array): Heartbeat {
  const reader = new FieldReader(payload, 'heartbeat');
  const timeNs = reader.u64();
  reader.end();
  return { timeNs };
}

function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return textDecoder.decode(bytes);
  } catch {
    throw new FrameError(`A ${what} frame holds bytes that are not UTF-8.`);
  }
}

/** The object of a JSON frame (ready, notice, reply, finished, mark, model, finding), not yet checked against its schema. */
export function decodeJson(payload: Uint8Array): unknown {
  const text = decodeText(payload, 'JSON');
  try {
    return JSON.parse(text);
  } catch {
    throw new FrameError(`A JSON frame does not hold JSON: ${text.slice(0, 80)}`);
  }
}

/** Each encoder returns a whole frame with its header; FrameError where it would pass the cap. */
export function encodeCounters(frame: Counters): Uint8Array {
  const values = [frame.gauges, frame.counters, frame.syscalls, frame.stepHits, frame.stepNs];
  const writer = new FieldWriter(frameKinds.counters, 24 + 8 * values.reduce((sum, array) => sum + array.length, 0));
  writer.u64(frame.timeNs);
  writer.u32(frame.sequence);
  writer.u8(frame.snapshotId === 0 ? 0 : 1);
  writer.u8(frame.gauges.length);
  writer.u16(frame.counters.length);
  writer.u16(frame.syscalls.length);
  writer.u16(frame.stepHits.length);
  writer.u32(frame.snapshotId);
  values.forEach(writer.u64s);
  return writer.bytes;
}

export function encodeThreadStarted(thread: ThreadStarted): Uint8Array {
  const name = textEncoder.encode(thread.name);
  const writer = new FieldWriter(frameKinds.threadStarted, 10 + name.length);
  writer.u32(thread.threadId);
  writer.u32(thread.tid);
  writer.u16(name.length);
  writer.raw(name);
  return writer.bytes;
}

export function encodeThreads(frame: Threads): Uint8Array {
  const entryBytes = frame.threads.reduce((sum, thread) => sum + 8 + 10 * thread.indexes.length, 0);
  const writer = new FieldWriter(frameKinds.threads, 12 + entryBytes);
  writer.u64(frame.timeNs);
  writer.u32(frame.threads.length);
  for (const thread of frame.threads) {
    writer.u32(thread.threadId);
    writer.u8(thread.hasEnded ? 1 : 0);
    writer.u8(0);
    writer.u16(thread.indexes.length);
    thread.indexes.forEach((index, i) => {
      writer.u16(index);
      writer.u64(thread.values[i] ?? 0);
    });
  }
  return writer.bytes;
}

export function encodeLatency(frame: Latency): Uint8Array {
  const writer = new FieldWriter(frameKinds.latency, 16 + frame.encoded.length);
  writer.u64(frame.timeNs);
  writer.u8(latencyKinds[frame.kind]);
  writer.u8(frame.profile === undefined ? 0 : clientProfiles.indexOf(frame.profile) + 1);
  writer.raw(new Uint8Array(2));
  writer.u32(frame.encoded.length);
  writer.raw(frame.encoded);
  return writer.bytes;
}

export function encodeHeartbeat(frame: Heartbeat): Uint8Array {
  const writer = new FieldWriter(frameKinds.heartbeat, 8);
  writer.u64(frame.timeNs);
  return writer.bytes;
}

/** A frame as it came, of whatever kind, with its header again. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array {
  const writer = new FieldWriter(kind, payload.length);
  writer.raw(payload);
  return writer.bytes;
}

export type JsonFrameKind = (typeof frameKinds)[
  'ready' | 'notice' | 'reply' | 'finished' | 'mark' | 'model' | 'finding' | 'bench' | 'machine'];

export function encodeJson(kind: JsonFrameKind, value: object): Uint8Array {
  const text = textEncoder.encode(JSON.stringify(value));
  const writer = new FieldWriter(kind, text.length);
  writer.raw(text);
  return writer.bytes;
}
