import { describe, expect, it, vi } from 'vitest';
import { encodeJson } from '../../shared/telemetry/codec.ts';
import { FrameError, FrameSplitter, type Frame } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds, maxPayloadBytes } from '../../shared/telemetry/wire.ts';
import { bytesOf, streamHex, streamKinds } from './golden-frames.ts';

const stream = bytesOf(streamHex);

function split(chunks: readonly Uint8Array[]): Frame[] {
  const splitter = new FrameSplitter();
  const frames = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  splitter.end();
  return frames.map(({ kind, payload }) => ({ kind, payload: payload.slice() }));
}

const whole = split([stream]);

describe('the frame splitter', () => {
  it('finds every frame of a stream', () => {
    expect(whole.map((frame) => frame.kind)).toEqual(streamKinds);
    expect(whole.reduce((sum, { payload }) => sum + payload.length + 8, 0)).toBe(stream.length);
  });

  it('finds the same frames when the stream is cut in two at any byte', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(split([stream.subarray(0, cut), stream.subarray(cut)]), `cut at ${cut}`).toEqual(whole);
    }
  });

  it('finds the same frames in pieces of any size', () => {
    for (let size = 1; size <= 40; size++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size));
      expect(split(pieces), `pieces of ${size}`).toEqual(whole);
    }
  });

  it('gives each frame out as soon as it is whole', () => {
    const splitter = new FrameSplitter();
    expect([...splitter.push(stream.subarray(0, 15))]).toHaveLength(0);
    expect(splitter.pendingBytes).toBe(15);
    expect([...splitter.push(stream.subarray(15, 16))]).toHaveLength(1);
    expect(splitter.pendingBytes).toBe(0);
  });

  it('takes a frame without payload', () => {
    expect(split([bytesOf('00000000 0200 0100')])).toEqual([{ kind: 2, payload: new Uint8Array(0) }]);
  });

  it('takes a payload of the cap and refuses one byte more before it has come', () => {
    const header = (bytes: number): Uint8Array => {
      const frame = new Uint8Array(8);
      new DataView(frame.buffer).setUint32(0, bytes, true);
      frame.set([1, 0, 1, 0], 4);
      return frame;
    };
    expect(split([header(maxPayloadBytes), new Uint8Array(maxPayloadBytes)])[0]?.payload).toHaveLength(maxPayloadBytes);
    expect(() => split([header(maxPayloadBytes + 1)])).toThrow(`${maxPayloadBytes + 1} bytes`);
  });

  it('refuses another wire version, and everything after it', () => {
    const splitter = new FrameSplitter();
    expect(() => [...splitter.push(bytesOf('00000000 0200 0200'))]).toThrow('wire version 2');
    expect(() => [...splitter.push(stream)]).toThrow(FrameError);
  });

  it('tells when a stream ends inside a frame', () => {
    const splitter = new FrameSplitter();
    expect([...splitter.push(stream.subarray(0, 20))]).toHaveLength(1);
    expect(() => splitter.end()).toThrow('after 4 bytes');
  });

  it('copies each byte at most once however small the pieces are', () => {
    const frame = encodeJson(frameKinds.notice, { text: 'x'.repeat(maxPayloadBytes - 20) });
    const splitter = new FrameSplitter();
    const copy = vi.spyOn(Uint8Array.prototype, 'set');
    let frames = 0;
    for (let at = 0; at < frame.length; at += 16) for (const _ of splitter.push(frame.subarray(at, at + 16))) frames++;
    const copied = copy.mock.calls.reduce((sum, [bytes]) => sum + bytes.length, 0);
    copy.mockRestore();
    expect(frames).toBe(1);
    expect(copied).toBeLessThanOrEqual(frame.length);
  });
});
