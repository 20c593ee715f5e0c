import { describe, expect, it } from 'vitest';
import { noticeFrame, withTime } from '../../main/lab/live/timed-notice.ts';
import { decodeJson } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes } from '../../shared/telemetry/wire.ts';

const payloadOf = (frame: Uint8Array): Uint8Array => frame.subarray(frameHeaderBytes);
const notice = { level: 'info', code: 'x', text: 'Something.' } as const;
const payload = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('a notice of a run', () => {
  it('has the time the lab heard it, or the engine has its own', () => {
    expect(decodeJson(payloadOf(noticeFrame(notice, 7)))).toEqual({ ...notice, timeNs: 7 });
    expect(decodeJson(payloadOf(withTime(payload(notice), 7)))).toEqual({ ...notice, timeNs: 7 });
    expect(decodeJson(payloadOf(withTime(payload({ ...notice, timeNs: 5 }), 7)))).toEqual({ ...notice, timeNs: 5 });
  });

  it('is refused where it is none', () => {
    expect(() => withTime(payload({ level: 'loud' }), 7)).toThrow();
  });
});
