/** Frames as bytes, written by hand from the wire format, and what they say. */
import type {
  Counters,
  Events,
  FdShares,
  FdStates,
  Latency,
  OpenedSocket,
  Switches,
  Threads,
  ThreadStarted,
  ThreadStates,
} from '../../shared/telemetry/codec.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(/[^0-9a-f]/g, ''), 'hex'));

// Payload length, kind, version 1; then the fields, all little-endian.
export const heartbeatHex = '08000000 0200 0100  15cd5b0700000000';

export const threadStartedHex = '12000000 0400 0100  03000000 e8030000 0800 776f726b65722033';
export const threadStarted: ThreadStarted = { threadId: 3, tid: 1000, name: 'worker 3' };

export const countersHex = `48000000 0300 0100
  00e40b5402000000 07000000 01 01 0200 0100 0100 2a000000
  0000400000000000
  ffffffffffff1f00 0000000001000000
  0500000000000000
  0900000000000000
  d204000000000000`;
export const counters: Counters = {
  timeNs: 10_000_000_000,
  sequence: 7,
  snapshotId: 42,
  gauges: Float64Array.of(4_194_304),
  counters: Float64Array.of(2 ** 53 - 1, 2 ** 32),
  syscalls: Float64Array.of(5),
  stepHits: Float64Array.of(9),
  stepNs: Float64Array.of(1234),
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

export const openedHex = `48000000 0c00 0100  15cd5b0700000000 01000000 00000000
  14cd5b0700000000 07000000 09000000 01 04 901f 39a0 0000
  7f000001 000000000000000000000000 7f000002 000000000000000000000000`;
export const opened: readonly OpenedSocket[] = [
  {
    timeNs: 123_456_788,
    connectionId: 7,
    fd: 9,
    role: 'client',
    local: '127.0.0.1:8080',
    peer: '127.0.0.2:41017',
  },
];

/** Of one of several processes, as its first thread's id says. */
export const openedByProcessHex = openedHex.replace('39a0 0000', '39a0 0300');
export const openedByProcess: readonly OpenedSocket[] = opened.map((socket) => ({ ...socket, processThreadId: 3 }));

export const fdStatesHex = `30000000 0d00 0100  15cd5b0700000000 01000000 00000000
  07000000 09000000 4a02 01 08 00010000 00020000 e8030000 20000000 40000000`;
export const fdStates: FdStates = {
  timeNs: 123_456_789,
  count: 1,
  connectionIds: Uint32Array.of(7),
  fds: Int32Array.of(9),
  flags: Uint16Array.of(0x24a),
  roles: Uint8Array.of(1),
  tcpStates: Uint8Array.of(8),
  receiveQueueBytes: Uint32Array.of(256),
  sendQueueBytes: Uint32Array.of(512),
  waitingUs: Uint32Array.of(1000),
  bytesIn: Uint32Array.of(32),
  bytesOut: Uint32Array.of(64),
};

export const fdSharesHex = `40000000 1200 0100  15cd5b0700000000 01000000 01000000 80f0fa0200000000
  07000000 01 03 0000 00000000 00000000 01000000 40420f00 3faeeb02 00000000 00000000 00000000`;
export const fdShares: FdShares = {
  timeNs: 123_456_789,
  spanNs: 50_000_000,
  count: 1,
  connectionIds: Uint32Array.of(7),
  roles: Uint8Array.of(1),
  endStates: Uint8Array.of(3),
  ns: Float64Array.of(0, 0, 1, 1_000_000, 48_999_999, 0, 0, 0),
};

export const threadStatesHex = `28000000 0e00 0100  15cd5b0700000000 01000000 00000000
  03000000 03 00 1500 ffffffff 00000000 0100000001000000`;
export const threadStates: ThreadStates = {
  timeNs: 123_456_789,
  count: 1,
  threadIds: Uint32Array.of(3),
  states: Uint8Array.of(3),
  syscalls: Uint16Array.of(21),
  fds: Int32Array.of(-1),
  sinceNs: Float64Array.of(2 ** 32 + 1),
};

export const switchesHex = `20000000 0f00 0100  15cd5b0700000000 01000000 00000000
  0100000001000000 03000000 02 000000`;
export const switches: Switches = {
  timeNs: 123_456_789,
  count: 1,
  timesNs: Float64Array.of(2 ** 32 + 1),
  threadIds: Uint32Array.of(3),
  kinds: Uint8Array.of(2),
};

export const eventsHex = `38000000 1000 0100  15cd5b0700000000 03000000 01000000 05000000 00000000
  0100000001000000 0002000000000000 0100 0000 09000000 f5ffffff 07000000`;
export const events: Events = {
  timeNs: 123_456_789,
  threadId: 3,
  dropped: 5,
  count: 1,
  timesNs: Float64Array.of(2 ** 32 + 1),
  durationsNs: Float64Array.of(512),
  kinds: Uint16Array.of(1),
  codes: Uint16Array.of(0),
  fds: Int32Array.of(9),
  results: Int32Array.of(-11),
  connectionIds: Uint32Array.of(7),
};

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
