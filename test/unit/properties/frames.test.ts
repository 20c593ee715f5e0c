/** Whatever the encoders write, the splitter and the decoders give back, wherever the stream is cut. */
import './runs.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codec from '../../../shared/telemetry/codec.ts';
import { FrameSplitter, type Frame } from '../../../shared/telemetry/frame-splitter.ts';
import { shareCount } from '../../../shared/telemetry/shares.ts';
import { counterNames, fdRoles, gaugeNames, syscallNames } from '../../../shared/telemetry/wire.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
/** As far as a number is exact, which is a hundred days in ns. */
const u53 = fc.maxSafeNat();

const column = <T>(of: fc.Arbitrary<number>, count: number, make: (values: number[]) => T): fc.Arbitrary<T> =>
  fc.array(of, { minLength: count, maxLength: count }).map(make);
const u8s = (count: number) => column(u8, count, (values) => Uint8Array.from(values));
const u16s = (count: number) => column(u16, count, (values) => Uint16Array.from(values));
const u32s = (count: number) => column(u32, count, (values) => Uint32Array.from(values));
const i32s = (count: number) => column(i32, count, (values) => Int32Array.from(values));
const f64s = (count: number) => column(u53, count, (values) => Float64Array.from(values));
/** Rows of a frame of columns. */
const rows = <T>(of: (count: number) => fc.Arbitrary<T>): fc.Arbitrary<T> => fc.nat(6).chain(of);

/** A value, the frame that it is written as, and how it is read. */
interface Written {
  readonly value: unknown;
  readonly frame: Uint8Array;
  readonly read: (payload: Uint8Array) => unknown;
}
const written = <T>(
  of: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  read: (payload: Uint8Array) => unknown,
): fc.Arbitrary<Written> => of.map((value) => ({ value, frame: encode(value), read }));

const address = fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([host, port]) => `${host}:${port}`);

const any: fc.Arbitrary<Written> = fc.oneof(
  written(fc.record({ timeNs: u53 }), codec.encodeHeartbeat, codec.decodeHeartbeat),
  written(
    fc.record({ threadId: u32, tid: u32, name: fc.string({ maxLength: 60 }) }),
    codec.encodeThreadStarted,
    codec.decodeThreadStarted,
  ),
  written(
    fc.nat(5).chain((steps) =>
      fc.record({
        ...{ timeNs: u53, sequence: u32, snapshotId: u32, gauges: f64s(gaugeNames.length) },
        ...{ counters: f64s(counterNames.length), syscalls: f64s(syscallNames.length) },
        ...{ stepHits: f64s(steps), stepNs: f64s(steps) },
      }),
    ),
    codec.encodeCounters,
    codec.decodeCounters,
  ),
  written(
    fc.record({
      timeNs: u53,
      threads: fc.array(
        rows((count) =>
          fc.record({ threadId: u32, hasEnded: fc.boolean(), indexes: u16s(count), values: f64s(count) }),
        ),
        { maxLength: 4 },
      ),
    }),
    codec.encodeThreads,
    codec.decodeThreads,
  ),
  written(
    fc.record({
      timeNs: u53,
      kind: fc.constantFrom('uncorrected' as const, 'corrected' as const),
      encoded: fc.uint8Array({ maxLength: 50 }),
    }),
    codec.encodeLatency,
    codec.decodeLatency,
  ),
  written(
    fc
      .tuple(
        u53,
        fc.array(
          fc.record({ connectionId: u32, fd: i32, role: fc.constantFrom(...fdRoles), local: address, peer: address }),
          { maxLength: 4 },
        ),
      )
      .map(([timeNs, sockets]) => sockets.map((socket) => ({ timeNs, ...socket })))
      .filter((sockets) => sockets.length > 0),
    (sockets) => codec.encodeOpened(sockets[0]?.timeNs ?? 0, sockets),
    codec.decodeOpened,
  ),
  written(
    rows((count) =>
      fc.record({
        ...{ timeNs: u53, count: fc.constant(count), connectionIds: u32s(count), fds: i32s(count), flags: u16s(count) },
        ...{ roles: u8s(count), tcpStates: u8s(count), receiveQueueBytes: u32s(count), sendQueueBytes: u32s(count) },
        ...{ waitingUs: u32s(count), bytesIn: u32s(count), bytesOut: u32s(count) },
      }),
    ),
    codec.encodeFdStates,
    codec.decodeFdStates,
  ),
  written(
    rows((count) =>
      fc.record({
        ...{ timeNs: u53, spanNs: u32, count: fc.constant(count), connectionIds: u32s(count), roles: u8s(count) },
        ...{ endStates: u8s(count), ns: column(u32, count * shareCount, (values) => Float64Array.from(values)) },
      }),
    ),
    codec.encodeFdShares,
    codec.decodeFdShares,
  ),
  written(
    rows((count) =>
      fc.record({
        ...{ timeNs: u53, count: fc.constant(count), threadIds: u32s(count), states: u8s(count) },
        ...{ syscalls: u16s(count), fds: i32s(count), sinceNs: f64s(count) },
      }),
    ),
    codec.encodeThreadStates,
    codec.decodeThreadStates,
  ),
  written(
    rows((count) =>
      fc.record({
        ...{ timeNs: u53, count: fc.constant(count), timesNs: f64s(count), threadIds: u32s(count), kinds: u8s(count) },
      }),
    ),
    codec.encodeSwitches,
    codec.decodeSwitches,
  ),
  written(
    rows((count) =>
      fc.record({
        ...{ timeNs: u53, threadId: u32, dropped: u32, count: fc.constant(count), timesNs: f64s(count) },
        ...{ durationsNs: column(u32, count, (values) => Float64Array.from(values)), kinds: u16s(count) },
        ...{ codes: u16s(count), fds: i32s(count), results: i32s(count), connectionIds: u32s(count) },
      }),
    ),
    codec.encodeEvents,
    codec.decodeEvents,
  ),
);

/** The stream in pieces: `cuts` are places in it, as shares of its length. */
function pieces(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * (stream.length + 1))).sort((a, b) => a - b), stream.length];
  return places.slice(1).map((end, i) => stream.slice(places[i], end));
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 12 });

describe('frames', () => {
  it('come out of any cut of the stream as they went in, each read as it was written', () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), shares, (frames, cuts) => {
        const splitter = new FrameSplitter();
        const out: Frame[] = [];
        for (const piece of pieces(Buffer.concat(frames.map(({ frame }) => frame)), cuts)) {
          out.push(...splitter.push(new Uint8Array(piece)));
        }
        splitter.end();
        expect(out).toHaveLength(frames.length);
        out.forEach(({ kind, payload }, i) => {
          const sent = frames[i];
          if (!sent) throw new Error('More came than went.');
          const { value, frame, read } = sent;
          expect(read(payload)).toEqual(value);
          // What is read and written again is the same to the byte.
          expect(Buffer.from(codec.encodeFrame(kind, payload)).equals(Buffer.from(frame))).toBe(true);
        });
      }),
    );
  });

  it('that are cut off are held back, and the end of the stream says so', () => {
    fc.assert(
      fc.property(any, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), ({ frame }, cut) => {
        const whole = Math.floor(cut * frame.length);
        const splitter = new FrameSplitter();
        expect([...splitter.push(frame.slice(0, whole))]).toEqual([]);
        expect(splitter.pendingBytes).toBe(whole);
        if (whole > 0) expect(() => splitter.end()).toThrow(`after ${whole} bytes`);
      }),
    );
  });
});
