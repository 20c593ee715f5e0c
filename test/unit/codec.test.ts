import { describe, expect, it } from 'vitest';
import { decodeHeartbeat, decodeJson, encodeHeartbeat, encodeJson } from '../../shared/telemetry/codec.ts';
import { FrameSplitter, type Frame } from '../../shared/telemetry/frame-splitter.ts';
import { frameHeaderBytes, frameKinds, maxPayloadBytes, wireVersion } from '../../shared/telemetry/wire.ts';

/** A heartbeat at 0x0102030405 ns and a `finished` frame, byte by byte as an engine writes them. */
const golden = Buffer.from(
  '0800000002000100' + '0504030201000000' + '1100000009000100' + Buffer.from('{"reason":"done"}').toString('hex'),
  'hex',
);

function split(...pieces: Uint8Array[]): Frame[] {
  const splitter = new FrameSplitter();
  return pieces.flatMap((piece) =>
    [...splitter.push(piece)].map((frame) => ({ ...frame, payload: frame.payload.slice() })),
  );
}

function check(frames: Frame[]): void {
  expect(frames.map((frame) => frame.kind)).toEqual([frameKinds.heartbeat, frameKinds.finished]);
  expect(decodeHeartbeat(frames[0]?.payload ?? new Uint8Array())).toEqual({ timeNs: 0x0102030405 });
  expect(decodeJson(frames[1]?.payload ?? new Uint8Array())).toEqual({ reason: 'done' });
}

describe('the frame stream', () => {
  it('is the same wherever it is cut', () => {
    for (let cut = 0; cut <= golden.length; cut++) check(split(golden.subarray(0, cut), golden.subarray(cut)));
  });

  it('is the same byte by byte', () => {
    check(split(...[...golden].map((byte) => Uint8Array.of(byte))));
  });

  it('holds back a frame that is not whole', () => {
    expect(split(golden.subarray(0, golden.length - 1))).toHaveLength(1);
  });

  it('refuses a payload above the cap before it is there', () => {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32LE(maxPayloadBytes + 1, 0);
    header.writeUInt16LE(frameKinds.counters, 4);
    header.writeUInt16LE(wireVersion, 6);
    expect(() => split(header)).toThrow();
  });

  it('refuses another version', () => {
    const other = Buffer.from(golden);
    other.writeUInt16LE(wireVersion + 1, 6);
    expect(() => split(other)).toThrow();
  });

  it('is what the encoders write', () => {
    const finished = encodeJson(frameKinds.finished, { reason: 'done' });
    expect(Buffer.concat([encodeHeartbeat({ timeNs: 0x0102030405 }), finished])).toEqual(golden);
  });
});
