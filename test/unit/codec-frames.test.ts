import { describe, expect, it } from 'vitest';
import {
  counterOf,
  answersSnapshot,
  decodeCounters,
  decodeEvents,
  decodeFdShares,
  decodeFdStates,
  decodeHeartbeat,
  decodeJson,
  decodeLatency,
  decodeOpened,
  decodeSwitches,
  decodeThreads,
  decodeThreadStates,
  decodeThreadStarted,
  encodeCounters,
  encodeEvents,
  encodeFdShares,
  encodeFdStates,
  encodeHeartbeat,
  encodeJson,
  encodeLatency,
  encodeOpened,
  encodeSwitches,
  encodeThreads,
  encodeThreadStates,
  encodeThreadStarted,
  gaugeOf,
  syscallOf,
} from '../../shared/telemetry/codec.ts';
import { FrameError } from '../../shared/telemetry/frame-splitter.ts';
import { frameHeaderBytes, frameKinds, maxPayloadBytes } from '../../shared/telemetry/wire.ts';
import * as golden from './golden-frames.ts';

const payloadOf = (hex: string): Uint8Array => golden.bytesOf(hex).subarray(frameHeaderBytes);

const cases = [
  [
    'heartbeat',
    golden.heartbeatHex,
    decodeHeartbeat,
    () => encodeHeartbeat({ timeNs: 123_456_789 }),
    { timeNs: 123_456_789 },
  ],
  [
    'threadStarted',
    golden.threadStartedHex,
    decodeThreadStarted,
    () => encodeThreadStarted(golden.threadStarted),
    golden.threadStarted,
  ],
  ['counters', golden.countersHex, decodeCounters, () => encodeCounters(golden.counters), golden.counters],
  ['threads', golden.threadsHex, decodeThreads, () => encodeThreads(golden.threads), golden.threads],
  ['latency', golden.latencyHex, decodeLatency, () => encodeLatency(golden.latency), golden.latency],
  [
    'opened by one of several processes',
    golden.openedByProcessHex,
    decodeOpened,
    () => encodeOpened(123_456_789, golden.openedByProcess),
    golden.openedByProcess,
  ],
  ['opened', golden.openedHex, decodeOpened, () => encodeOpened(123_456_789, golden.opened), golden.opened],
  ['fdStates', golden.fdStatesHex, decodeFdStates, () => encodeFdStates(golden.fdStates), golden.fdStates],
  ['fdShares', golden.fdSharesHex, decodeFdShares, () => encodeFdShares(golden.fdShares), golden.fdShares],
  [
    'threadStates',
    golden.threadStatesHex,
    decodeThreadStates,
    () => encodeThreadStates(golden.threadStates),
    golden.threadStates,
  ],
  ['switches', golden.switchesHex, decodeSwitches, () => encodeSwitches(golden.switches), golden.switches],
  ['events', golden.eventsHex, decodeEvents, () => encodeEvents(golden.events), golden.events],
  ['mark', golden.markHex, decodeJson, () => encodeJson(frameKinds.mark, golden.mark), golden.mark],
] as const;

describe.each(cases)('a %s frame', (_kind, hex, decode, encode, value) => {
  it('is decoded from its bytes', () => {
    expect(decode(payloadOf(hex))).toEqual(value);
  });

  it('is encoded to the same bytes', () => {
    expect(Buffer.from(encode()).toString('hex')).toBe(Buffer.from(golden.bytesOf(hex)).toString('hex'));
  });

  it('is refused when it is cut anywhere, or longer than its fields', () => {
    const payload = payloadOf(hex);
    for (let length = 0; length < payload.length; length++) {
      expect(() => decode(payload.subarray(0, length)), `cut after ${length}`).toThrow(FrameError);
    }
    expect(() => decode(Uint8Array.of(...payload, 0))).toThrow(FrameError);
  });
});

describe('decoding', () => {
  it('reads from a view that does not begin at its buffer', () => {
    const padded = Uint8Array.of(1, 2, 3, ...payloadOf(golden.countersHex));
    expect(decodeCounters(padded.subarray(3))).toEqual(golden.counters);
  });

  it('reads counters by name, and 0 for those that an engine does not have', () => {
    const frame = decodeCounters(payloadOf(golden.countersHex));
    expect(counterOf(frame, 'requests')).toBe(2 ** 53 - 1);
    expect(counterOf(frame, 'bytesIn')).toBe(2 ** 32);
    expect(counterOf(frame, 'errorReset')).toBe(0);
    expect(gaugeOf(frame, 'rssBytes')).toBe(4_194_304);
    expect(syscallOf(frame, 'read')).toBe(5);
  });

  it('tells a periodic frame from the answer to a snapshot', () => {
    const periodic = encodeCounters({ ...golden.counters, snapshotId: 0 });
    expect(decodeCounters(periodic.subarray(frameHeaderBytes)).snapshotId).toBe(0);
    expect(answersSnapshot(periodic.subarray(frameHeaderBytes))).toBe(false);
    const asked = encodeCounters({ ...golden.counters, snapshotId: 7 });
    expect(answersSnapshot(asked.subarray(frameHeaderBytes))).toBe(true);
    expect(periodic[frameHeaderBytes + 12]).toBe(0);
  });

  it('refuses an unknown kind of latency, JSON that is none, and text that is not UTF-8', () => {
    const odd = payloadOf(golden.latencyHex).slice();
    odd[8] = 9;
    expect(() => decodeLatency(odd)).toThrow('unknown kind 9');
    expect(() => decodeJson(new TextEncoder().encode('{"a":'))).toThrow('does not hold JSON');
    expect(() => decodeJson(Uint8Array.of(0xff, 0xfe))).toThrow('not UTF-8');
  });

  it.each(['127.0.0.1:80', '[::1]:8080', '[2001:db8::1:0:0:1]:1', '[::]:0', '[1:2:3:4:5:6:7:8]:65535'])(
    'keeps the address %s',
    (address) => {
      const socket = { timeNs: 1, connectionId: 0, fd: 3, role: 'listener', local: address, peer: address } as const;
      expect(decodeOpened(encodeOpened(2, [socket]).subarray(frameHeaderBytes))).toEqual([socket]);
    },
  );

  it('refuses a socket of an unknown role or address family', () => {
    for (const [offset, word] of [
      [32, 'role'],
      [33, 'family'],
    ] as const) {
      const odd = payloadOf(golden.openedHex).slice();
      odd[offset] = 9;
      expect(() => decodeOpened(odd)).toThrow(word);
    }
  });

  it('keeps a span of hours, in a unit that its longest time fits', () => {
    const hours = { ...golden.fdShares, spanNs: 7.2e12, ns: Float64Array.of(7.2e12 - 1e9, 0, 0, 0, 1e9, 0, 0, 0) };
    const decoded = decodeFdShares(encodeFdShares(hours).subarray(frameHeaderBytes));
    expect(decoded.spanNs).toBe(7.2e12);
    hours.ns.forEach((ns, i) => expect(Math.abs((decoded.ns[i] ?? 0) - ns)).toBeLessThan(1000));
  });

  it('refuses to encode what no reader would take', () => {
    const encoded = new Uint8Array(maxPayloadBytes);
    expect(() => encodeLatency({ timeNs: 0, kind: 'corrected', encoded })).toThrow(FrameError);
  });
});
