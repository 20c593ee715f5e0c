/** Frames as bytes, written by hand from the wire format, and what they say. */
import type { Counters, Latency, Threads, ThreadStarted } from '../../shared/telemetry/codec.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(/[^0-9a-f]/g, ''), 'hex'));

// Payload length, kind, version 1; then the fields, all little-endian.
export const heartbeatHex = '08000000 0200 0100  15cd5b0700000000';

export const threadStartedHex = '12000000 0400 0100  03000000 e8030000 0800 776f726b65722033';
export const threadStarted: ThreadStarted = { threadId: 3, tid: 1000, name: 'worker 3' };

export const countersHex = `40000000 0300 0100
  00e40b5402000000 07000000 01 01 0200 0100 0100 2a000000
  0000400000000000
  ffffffffffff1f00 0000000001000000
  0500000000000000
  0900000000000000`;
export const counters: Counters = {
  timeNs: 10_000_000_000,
  sequence: 7,
  snapshotId: 42,
  gauges: Float64Array.of(4_194_304),
  counters: Float64Array.of(2 ** 53 - 1, 2 ** 32),
  syscalls: Float64Array.of(5),
  stepHits: Float64Array.of(9),
};

export const threadsHex = `26000000 0500 0100
  15cd5b0700000000 02000000
  01000000 00 00 0100 0000 6400000000000000
  02000000 01 00 0000`;
export const threads: Threads = {
  timeNs: 123_456_789,
  threads: [
    { threadId: 1, hasEnded: false, indexes: Uint16Array.of(0), values: Float64Array.of(100) },
    { threadId: 2, hasEnded: true, indexes: new Uint16Array(0), values: new Float64Array(0) },
  ],
};

export const latencyHex = '13000000 0600 0100  15cd5b0700000000 01 000000 03000000 aabbcc';
export const latency: Latency = { timeNs: 123_456_789, kind: 'corrected', encoded: Uint8Array.of(0xaa, 0xbb, 0xcc) };

export const markHex = `20000000 0a00 0100 ${Buffer.from('{"name":"steady","timeNs":12345}').toString('hex')}`;
export const mark = { name: 'steady', timeNs: 12_345 };

/** A stream with one frame of each kind, and the kinds in it. */
export const streamHex = [heartbeatHex, threadStartedHex, countersHex, threadsHex, latencyHex, markHex].join('');
export const streamKinds = [
  frameKinds.heartbeat,
  frameKinds.threadStarted,
  frameKinds.counters,
  frameKinds.threads,
  frameKinds.latency,
  frameKinds.mark,
];
