/**
 * What a session file of a given size can hold. Sizes, counts and times in a file are claims of whoever wrote it: no memory
 * and no time is spent on one that cannot be.
 */
import { chunkEncodings, chunkHeaderBytes, chunkKinds, fileHeaderBytes } from '../../../shared/session/format.ts';
import type { ChunkPlace } from '../../../shared/session/index-chunk.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';

/** Deflate makes of one byte at most 1,032. Source: RFC 1951, 258 bytes for two bits. */
const mostInflation = 1032;
/** A place in an index, as JSON: ten numbers of at most 25 characters. */
const placeBytes = 260;
/** What one JSON chunk may be, unpacked: none that was written is a tenth of it. */
const mostJsonBytes: Readonly<Record<number, number>> = {
  [chunkKinds.manifest]: 16 << 20,
  [chunkKinds.summary]: 16 << 20,
  [chunkKinds.edit]: 1 << 20,
  [chunkKinds.gap]: 1 << 16,
};

/** A day, in which nothing need have happened; beyond that a second has at least its counters. */
const freeSeconds = 86_400;
const bytesPerSecond = 64;

/** How long a recording may be. */
export const mostSecondsOf = (fileBytes: number): number => freeSeconds + Math.floor(fileBytes / bytesPerSecond);

/** Kinds of chunks whose times are read. */
const timed: ReadonlySet<number> = new Set([chunkKinds.frames, chunkKinds.keyframe, chunkKinds.gap]);

/** Clocks of the lab and its engines are one; a frame may still be under way when the recording begins. */
const slackNs = 60e9;

export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** The times that a recording may hold. */
export const spanOf = (startedNs: number, fileBytes: number): Span => ({
  // The flight recorder keeps what came before it was asked to.
  fromNs: Math.max(0, startedNs - 3600e9),
  toNs: startedNs + mostSecondsOf(fileBytes) * 1e9,
});

/** Whether a chunk that says this of itself can be in a file of so many bytes. */
export function canBe(place: ChunkPlace, fileBytes: number): boolean {
  const { offset, storedBytes, rawBytes, encoding, count, fromNs, toNs, kind } = place;
  const sizes = [offset, storedBytes, rawBytes, encoding, count, kind];
  if (!sizes.every((size) => Number.isInteger(size) && size >= 0)) return false;
  if (offset < fileHeaderBytes || offset + chunkHeaderBytes + storedBytes > fileBytes) return false;
  const most = encoding === chunkEncodings.plain ? storedBytes : storedBytes * mostInflation + 64;
  if (rawBytes > most || rawBytes > (mostJsonBytes[kind] ?? Infinity)) return false;
  // An index names chunks of this very file.
  if (kind === chunkKinds.index && rawBytes > 4096 + (fileBytes / chunkHeaderBytes) * placeBytes) return false;
  return !timed.has(kind) || (Number.isFinite(fromNs) && Number.isFinite(toNs) && fromNs <= toNs);
}

/** Whether these are the chunks of one file: each can be, and each begins behind the one before it. */
export const canBeOneFile = (places: readonly ChunkPlace[], fileBytes: number): boolean =>
  places.every((place, i) => {
    const before = places[i - 1];
    const end = before ? before.offset + chunkHeaderBytes + before.storedBytes : fileHeaderBytes;
    return place.offset >= end && canBe(place, fileBytes);
  });

export const isWithin = ({ kind, fromNs, toNs }: ChunkPlace, span: Span): boolean =>
  !timed.has(kind) || (fromNs >= span.fromNs && toNs <= span.toNs);

/** Kinds of frames that begin with the time of which they tell, as a u64. */
const beginWithTime: ReadonlySet<number> = new Set([
  frameKinds.counters,
  frameKinds.threads,
  frameKinds.latency,
  frameKinds.opened,
  frameKinds.fdStates,
  frameKinds.threadStates,
  frameKinds.switches,
  frameKinds.events,
]);

/** Whether a frame was received, and tells of a time, within its recording. */
export function isFrameWithin(
  { kind, payload, receivedNs }: { readonly kind: number; readonly payload: Uint8Array; readonly receivedNs: number },
  { toNs }: Span,
): boolean {
  if (receivedNs > toNs) return false;
  if (!beginWithTime.has(kind) || payload.length < 8) return true;
  const timeNs = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true);
  return timeNs <= BigInt(Math.ceil(toNs + slackNs));
}
