/** Notices of a run with the moment they were said at, so that windows that open later know it too. */
import { saidNoticeSchema, type Notice } from '../../../shared/engine-messages.ts';
import { decodeJson, encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';

/** A whole frame. */
export const noticeFrame = (notice: Notice, timeNs: number): Uint8Array =>
  encodeJson(frameKinds.notice, { ...notice, timeNs });

/** Of an engine's notice: with the engine's own time where it tells one. Throws where it is not a notice. */
export function withTime(payload: Uint8Array, nowNs: number): Uint8Array {
  const { timeNs = nowNs, ...notice } = saidNoticeSchema.parse(decodeJson(payload));
  return noticeFrame(notice, timeNs);
}
