/**
 * Frames that hold many records of a fixed size, decoded into columns and encoded from them; all little-endian.
 *
 * opened, fdStates, threadStates and switches begin with u64 timeNs, u32 count, u32 zero; events with u64 timeNs,
 * u32 threadId, u32 count, u32 dropped, u32 zero; fdShares with u64 timeNs, u32 count, u32 unitNs, u64 spanNs, and their
 * times are multiples of the unit, 1 but in long spans. Then the records, each of recordBytes in wire.ts, with their fields
 * in the order in which the decoders below read them.
 */
import { FieldReader, FieldWriter } from './fields.ts';
import { FrameError } from './frame-splitter.ts';
import type { Events, FdShares, FdStates, OpenedSocket, Switches, ThreadStates } from './frames.ts';
import { fdRoles, frameKinds, recordBytes, shareNames } from './wire.ts';

const two32 = 0x1_0000_0000;
const addressBytes = 16;

/** The records of a frame as one view, checked for their number. */
function recordsOf(reader: FieldReader, count: number, size: number): DataView {
  const bytes = reader.bytes(count * size);
  reader.end();
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const u64 = (view: DataView, offset: number): number =>
  view.getUint32(offset, true) + view.getUint32(offset + 4, true) * two32;

function header(payload: Uint8Array, what: string, size: number): { timeNs: number; count: number; records: DataView } {
  const reader = new FieldReader(payload, what);
  const timeNs = reader.u64();
  const count = reader.u32();
  reader.u32();
  return { timeNs, count, records: recordsOf(reader, count, size) };
}

function begin(kind: Parameters<typeof writerOf>[0], timeNs: number, count: number, size: number): FieldWriter {
  const writer = writerOf(kind, 16 + count * size);
  writer.u64(timeNs);
  writer.u32(count);
  writer.u32(0);
  return writer;
}

const writerOf = (
  kind: 'opened' | 'fdStates' | 'fdShares' | 'threadStates' | 'switches' | 'events',
  payloadBytes: number,
): FieldWriter => new FieldWriter(frameKinds[kind], payloadBytes);

const i32 = (value: number): number => value >>> 0;

/** The textual form of an address and port: "127.0.0.1:80" or "[::1]:80". */
function addressText(family: number, bytes: Uint8Array, port: number): string {
  if (family === 4) return `${bytes.slice(0, 4).join('.')}:${port}`;
  if (family !== 6) throw new FrameError(`An opened frame has the unknown address family ${family}.`);
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  // The longest run of zero groups is written as "::", as RFC 5952 asks.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  const text = best.start < 0 ? hex(0, 8) : `${hex(0, best.start)}::${hex(best.start + best.length, 8)}`;
  return `[${text}]:${port}`;
}

function parseAddress(text: string): { family: 4 | 6; bytes: Uint8Array; port: number } {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon);
  const bytes = new Uint8Array(addressBytes);
  if (!host.startsWith('[')) {
    bytes.set(host.split('.').map(Number));
    return { family: 4, bytes, port };
  }
  const [head = '', tail] = host.slice(1, -1).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...new Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0), ...back];
  all.forEach((group, i) => bytes.set([group >> 8, group & 0xff], 2 * i));
  return { family: 6, bytes, port };
}

export function decodeOpened(payload: Uint8Array): readonly OpenedSocket[] {
  const { count, records } = header(payload, 'opened', recordBytes.opened);
  const bytes = new Uint8Array(records.buffer, records.byteOffset, records.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const at = i * recordBytes.opened;
    const role = fdRoles[records.getUint8(at + 16)];
    if (role === undefined) throw new FrameError(`An opened frame has the unknown role ${records.getUint8(at + 16)}.`);
    const family = records.getUint8(at + 17);
    const processThreadId = records.getUint16(at + 22, true);
    return {
      timeNs: u64(records, at),
      connectionId: records.getUint32(at + 8, true),
      fd: records.getInt32(at + 12, true),
      role,
      local: addressText(family, bytes.subarray(at + 24, at + 40), records.getUint16(at + 18, true)),
      peer: addressText(family, bytes.subarray(at + 40, at + 56), records.getUint16(at + 20, true)),
      // What older engines left zero.
      ...(processThreadId === 0 ? {} : { processThreadId }),
    };
  });
}

/** `timeNs` is of the frame. */
export function encodeOpened(timeNs: number, sockets: readonly OpenedSocket[]): Uint8Array {
  const writer = begin('opened', timeNs, sockets.length, recordBytes.opened);
  for (const socket of sockets) {
    const local = parseAddress(socket.local);
    const peer = parseAddress(socket.peer);
    writer.u64(socket.timeNs);
    writer.u32(socket.connectionId);
    writer.u32(i32(socket.fd));
    writer.u8(fdRoles.indexOf(socket.role));
    writer.u8(local.family);
    writer.u16(local.port);
    writer.u16(peer.port);
    writer.u16(socket.processThreadId ?? 0);
    writer.raw(local.bytes);
    writer.raw(peer.bytes);
  }
  return writer.bytes;
}

export function decodeFdStates(payload: Uint8Array): FdStates {
  const { timeNs, count, records } = header(payload, 'fdStates', recordBytes.fdState);
  const columns = {
    connectionIds: new Uint32Array(count),
    fds: new Int32Array(count),
    flags: new Uint16Array(count),
    roles: new Uint8Array(count),
    tcpStates: new Uint8Array(count),
    receiveQueueBytes: new Uint32Array(count),
    sendQueueBytes: new Uint32Array(count),
    waitingUs: new Uint32Array(count),
    bytesIn: new Uint32Array(count),
    bytesOut: new Uint32Array(count),
  };
  for (let i = 0, at = 0; i < count; i++, at += recordBytes.fdState) {
    columns.connectionIds[i] = records.getUint32(at, true);
    columns.fds[i] = records.getInt32(at + 4, true);
    columns.flags[i] = records.getUint16(at + 8, true);
    columns.roles[i] = records.getUint8(at + 10);
    columns.tcpStates[i] = records.getUint8(at + 11);
    columns.receiveQueueBytes[i] = records.getUint32(at + 12, true);
    columns.sendQueueBytes[i] = records.getUint32(at + 16, true);
    columns.waitingUs[i] = records.getUint32(at + 20, true);
    columns.bytesIn[i] = records.getUint32(at + 24, true);
    columns.bytesOut[i] = records.getUint32(at + 28, true);
  }
  return { timeNs, count, ...columns };
}

export function encodeFdStates(frame: FdStates): Uint8Array {
  const writer = begin('fdStates', frame.timeNs, frame.count, recordBytes.fdState);
  for (let i = 0; i < frame.count; i++) {
    writer.u32(frame.connectionIds[i] ?? 0);
    writer.u32(i32(frame.fds[i] ?? 0));
    writer.u16(frame.flags[i] ?? 0);
    writer.u8(frame.roles[i] ?? 0);
    writer.u8(frame.tcpStates[i] ?? 0);
    writer.u32(frame.receiveQueueBytes[i] ?? 0);
    writer.u32(frame.sendQueueBytes[i] ?? 0);
    writer.u32(frame.waitingUs[i] ?? 0);
    writer.u32(frame.bytesIn[i] ?? 0);
    writer.u32(frame.bytesOut[i] ?? 0);
  }
  return writer.bytes;
}

const states = shareNames.length;

export function decodeFdShares(payload: Uint8Array): FdShares {
  const reader = new FieldReader(payload, 'fdShares');
  const timeNs = reader.u64();
  const count = reader.u32();
  const unitNs = reader.u32();
  const spanNs = reader.u64();
  const records = recordsOf(reader, count, recordBytes.fdShare);
  const columns = {
    connectionIds: new Uint32Array(count),
    roles: new Uint8Array(count),
    endStates: new Uint8Array(count),
    ns: new Float64Array(count * states),
  };
  for (let i = 0, at = 0; i < count; i++, at += recordBytes.fdShare) {
    columns.connectionIds[i] = records.getUint32(at, true);
    columns.roles[i] = records.getUint8(at + 4);
    columns.endStates[i] = records.getUint8(at + 5);
    for (let state = 0; state < states; state++) {
      columns.ns[i * states + state] = records.getUint32(at + 8 + 4 * state, true) * unitNs;
    }
  }
  return { timeNs, spanNs, count, ...columns };
}

/** The unit is as small as the longest time allows; what is rounded away is at most half of it. */
export function encodeFdShares(frame: FdShares): Uint8Array {
  const unitNs = Math.ceil(frame.ns.reduce((most, ns) => Math.max(most, ns), 0) / (two32 - 1)) || 1;
  const writer = writerOf('fdShares', 24 + frame.count * recordBytes.fdShare);
  writer.u64(frame.timeNs);
  writer.u32(frame.count);
  writer.u32(unitNs);
  writer.u64(frame.spanNs);
  for (let i = 0; i < frame.count; i++) {
    writer.u32(frame.connectionIds[i] ?? 0);
    writer.u8(frame.roles[i] ?? 0);
    writer.u8(frame.endStates[i] ?? 0);
    writer.u16(0);
    for (let state = 0; state < states; state++) writer.u32(Math.round((frame.ns[i * states + state] ?? 0) / unitNs));
  }
  return writer.bytes;
}

export function decodeThreadStates(payload: Uint8Array): ThreadStates {
  const { timeNs, count, records } = header(payload, 'threadStates', recordBytes.threadState);
  const columns = {
    threadIds: new Uint32Array(count),
    states: new Uint8Array(count),
    syscalls: new Uint16Array(count),
    fds: new Int32Array(count),
    sinceNs: new Float64Array(count),
  };
  for (let i = 0, at = 0; i < count; i++, at += recordBytes.threadState) {
    columns.threadIds[i] = records.getUint32(at, true);
    columns.states[i] = records.getUint8(at + 4);
    columns.syscalls[i] = records.getUint16(at + 6, true);
    columns.fds[i] = records.getInt32(at + 8, true);
    columns.sinceNs[i] = u64(records, at + 16);
  }
  return { timeNs, count, ...columns };
}

export function encodeThreadStates(frame: ThreadStates): Uint8Array {
  const writer = begin('threadStates', frame.timeNs, frame.count, recordBytes.threadState);
  for (let i = 0; i < frame.count; i++) {
    writer.u32(frame.threadIds[i] ?? 0);
    writer.u8(frame.states[i] ?? 0);
    writer.u8(0);
    writer.u16(frame.syscalls[i] ?? 0);
    writer.u32(i32(frame.fds[i] ?? 0));
    writer.u32(0);
    writer.u64(frame.sinceNs[i] ?? 0);
  }
  return writer.bytes;
}

export function decodeSwitches(payload: Uint8Array): Switches {
  const { timeNs, count, records } = header(payload, 'switches', recordBytes.switch);
  const columns = {
    timesNs: new Float64Array(count),
    threadIds: new Uint32Array(count),
    kinds: new Uint8Array(count),
  };
  for (let i = 0, at = 0; i < count; i++, at += recordBytes.switch) {
    columns.timesNs[i] = u64(records, at);
    columns.threadIds[i] = records.getUint32(at + 8, true);
    columns.kinds[i] = records.getUint8(at + 12);
  }
  return { timeNs, count, ...columns };
}

export function encodeSwitches(frame: Switches): Uint8Array {
  const writer = begin('switches', frame.timeNs, frame.count, recordBytes.switch);
  for (let i = 0; i < frame.count; i++) {
    writer.u64(frame.timesNs[i] ?? 0);
    writer.u32(frame.threadIds[i] ?? 0);
    writer.u8(frame.kinds[i] ?? 0);
    writer.raw(new Uint8Array(3));
  }
  return writer.bytes;
}

export function decodeEvents(payload: Uint8Array): Events {
  const reader = new FieldReader(payload, 'events');
  const timeNs = reader.u64();
  const threadId = reader.u32();
  const count = reader.u32();
  const dropped = reader.u32();
  reader.u32();
  const records = recordsOf(reader, count, recordBytes.event);
  const columns = {
    timesNs: new Float64Array(count),
    durationsNs: new Float64Array(count),
    kinds: new Uint16Array(count),
    codes: new Uint16Array(count),
    fds: new Int32Array(count),
    results: new Int32Array(count),
    connectionIds: new Uint32Array(count),
  };
  for (let i = 0, at = 0; i < count; i++, at += recordBytes.event) {
    columns.timesNs[i] = u64(records, at);
    columns.durationsNs[i] = u64(records, at + 8);
    columns.kinds[i] = records.getUint16(at + 16, true);
    columns.codes[i] = records.getUint16(at + 18, true);
    columns.fds[i] = records.getInt32(at + 20, true);
    columns.results[i] = records.getInt32(at + 24, true);
    columns.connectionIds[i] = records.getUint32(at + 28, true);
  }
  return { timeNs, threadId, dropped, count, ...columns };
}

export function encodeEvents(frame: Events): Uint8Array {
  const writer = writerOf('events', 24 + frame.count * recordBytes.event);
  writer.u64(frame.timeNs);
  writer.u32(frame.threadId);
  writer.u32(frame.count);
  writer.u32(frame.dropped);
  writer.u32(0);
  for (let i = 0; i < frame.count; i++) {
    writer.u64(frame.timesNs[i] ?? 0);
    writer.u64(frame.durationsNs[i] ?? 0);
    writer.u16(frame.kinds[i] ?? 0);
    writer.u16(frame.codes[i] ?? 0);
    writer.u32(i32(frame.fds[i] ?? 0));
    writer.u32(i32(frame.results[i] ?? 0));
    writer.u32(frame.connectionIds[i] ?? 0);
  }
  return writer.bytes;
}
