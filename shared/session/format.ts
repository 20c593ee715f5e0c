/**
 * The session file `.fdscope`, byte by byte. README.md beside this file tells the whole; here are constants and codecs.
 *
 * A file is a header and chunks, nothing else, and only ever grows. Everything is little-endian.
 */
import { frameSources, type FrameSource } from '../contract/channels.ts';
import { frameHeaderBytes, maxPayloadBytes, recordBytes, frameKinds, wireVersion } from '../telemetry/wire.ts';
import { SessionFormatError } from './file-kind.ts';

export { sessionExtension, SessionFormatError } from './file-kind.ts';

/** Files of this version and older ones open; newer ones are refused. */
export const formatVersion = 1;

/** As in PNG: a byte that is no text, the name, and line ends that a text transfer would change. */
const magic = Uint8Array.of(0x89, 0x46, 0x44, 0x53, 0x43, 0x4f, 0x50, 0x45, 0x0d, 0x0a, 0x1a, 0x0a);

/** Magic, u16 format version, u16 zero. */
export const fileHeaderBytes = 16;

export const chunkKinds = {
  /** JSON, once, first: manifest.ts. */
  manifest: 1,
  /** Frames in the order in which they came. */
  frames: 2,
  /** Frames that put a reader into the state of `fromNs`, wherever it was before. */
  keyframe: 3,
  /** JSON: figures by the second: overview.ts. */
  summary: 4,
  /** JSON: a change that a person made later: edits.ts. The last one wins. */
  edit: 5,
  /** JSON {fromNs, toNs, frames, bytes}: frames that could not be kept, as the disk was too slow. */
  gap: 6,
  /** JSON: where the chunks are that came since the last index: indexSchema in index-chunk.ts. */
  index: 7,
  /** u64 offset of the last index chunk; the last chunk of a file that was closed well. */
  end: 8,
} as const;
export type ChunkKind = keyof typeof chunkKinds;

/** How a chunk's body is stored. */
export const chunkEncodings = {
  plain: 0,
  /** raw deflate (RFC 1951) */
  deflate: 1,
  /** Frames of records turned into columns of bytes (shuffleEntries), then raw deflate. */
  shuffleDeflate: 2,
} as const;
export type ChunkEncoding = (typeof chunkEncodings)[keyof typeof chunkEncodings];

/**
 * u32 chunk magic, u32 stored body bytes, u32 CRC-32 of all that follows, u8 kind, u8 encoding, u16 sources (a bit
 * each, by index in frameSources), u32 body bytes when decoded, u32 count, f64 fromNs, f64 toNs; then the body.
 * Times are CLOCK_MONOTONIC in ns.
 */
export const chunkHeaderBytes = 40;
/** The CRC covers header and body from here on. */
export const crcFrom = 12;
const chunkMagic = 0x6b6e6843;

/** No writer makes longer chunks; a longer one is damage. */
export const maxChunkBytes = 64 << 20;
/** A chunk is closed at 1 MiB, and no frame is empty; more are damage, and would take more memory than their bytes. */
export const maxFramesInChunk = 1 << 16;

export interface ChunkHeader {
  readonly kind: number;
  readonly storedBytes: number;
  readonly crc: number;
  readonly encoding: number;
  readonly sources: number;
  readonly rawBytes: number;
  /** Frames in it. */
  readonly count: number;
  readonly fromNs: number;
  readonly toNs: number;
}

export function encodeFileHeader(version = formatVersion): Uint8Array {
  const bytes = new Uint8Array(fileHeaderBytes);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint16(magic.length, version, true);
  return bytes;
}

/** Of whatever version. */
export const beginsLikeSession = (bytes: Uint8Array): boolean =>
  bytes.length >= fileHeaderBytes && magic.every((byte, i) => bytes[i] === byte);

/** Throws SessionFormatError. Returns the file's format version. */
export function checkFileHeader(bytes: Uint8Array, name: string): number {
  if (bytes.length === 0) throw new SessionFormatError(`${name} is empty: it holds no session.`);
  if (!beginsLikeSession(bytes)) {
    throw new SessionFormatError(`${name} is not an fdscope session: it does not begin like one.`);
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint16(magic.length, true);
  if (version > formatVersion) {
    throw new SessionFormatError(
      `${name} was written by a newer fdscope (session format ${version}, this one reads up to ${formatVersion}): ` +
        'update fdscope to open it.',
    );
  }
  return version;
}

/** The CRC is left at 0: whoever has the body puts it in. */
export function encodeChunkHeader(header: Omit<ChunkHeader, 'crc'>): Uint8Array {
  const bytes = new Uint8Array(chunkHeaderBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, chunkMagic, true);
  view.setUint32(4, header.storedBytes, true);
  view.setUint8(12, header.kind);
  view.setUint8(13, header.encoding);
  view.setUint16(14, header.sources, true);
  view.setUint32(16, header.rawBytes, true);
  view.setUint32(20, header.count, true);
  view.setFloat64(24, header.fromNs, true);
  view.setFloat64(32, header.toNs, true);
  return bytes;
}

/** Undefined where there is no whole header, or something else than a chunk. */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader | undefined {
  if (bytes.length < chunkHeaderBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, chunkHeaderBytes);
  const storedBytes = view.getUint32(4, true);
  const rawBytes = view.getUint32(16, true);
  if (view.getUint32(0, true) !== chunkMagic || storedBytes > maxChunkBytes || rawBytes > maxChunkBytes) {
    return undefined;
  }
  return {
    storedBytes,
    rawBytes,
    crc: view.getUint32(8, true),
    kind: view.getUint8(12),
    encoding: view.getUint8(13),
    sources: view.getUint16(14, true),
    count: view.getUint32(20, true),
    fromNs: view.getFloat64(24, true),
    toNs: view.getFloat64(32, true),
  };
}

/** One frame with its source and the moment at which the lab received it, CLOCK_MONOTONIC. */
export interface SessionFrame {
  readonly source: FrameSource;
  /** A value of frameKinds, or of a newer engine's. */
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly receivedNs: number;
}

/** Before each frame of a chunk: u32 µs since the chunk's fromNs, u8 source, three bytes zero. */
const entryHeaderBytes = 8;

export const entryBytes = (payloadBytes: number): number => entryHeaderBytes + frameHeaderBytes + payloadBytes;

export const sourceBit = (source: FrameSource): number => 1 << frameSources.indexOf(source);

export function encodeEntries(frames: readonly SessionFrame[], fromNs: number): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, { payload }) => sum + entryBytes(payload.length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { source, kind, payload, receivedNs } of frames) {
    view.setUint32(at, Math.min(0xffff_ffff, Math.max(0, Math.round((receivedNs - fromNs) / 1000))), true);
    view.setUint8(at + 4, frameSources.indexOf(source));
    view.setUint32(at + 8, payload.length, true);
    view.setUint16(at + 12, kind, true);
    view.setUint16(at + 14, wireVersion, true);
    bytes.set(payload, at + 16);
    at += entryBytes(payload.length);
  }
  return bytes;
}

const isTooMany = (frames: readonly SessionFrame[]): boolean => frames.length >= maxFramesInChunk;

/** Payloads are views of `bytes`. Throws SessionFormatError where the entries are not whole. */
export function decodeEntries(bytes: Uint8Array, fromNs: number): SessionFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: SessionFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const payloadBytes = at + entryBytes(0) <= bytes.length ? view.getUint32(at + 8, true) : Infinity;
    const source = frameSources[view.getUint8(Math.min(at + 4, bytes.length - 1))];
    if (
      isTooMany(frames) ||
      payloadBytes > maxPayloadBytes ||
      at + entryBytes(payloadBytes) > bytes.length ||
      source === undefined
    ) {
      throw new SessionFormatError(`A chunk of frames breaks off at byte ${at} of ${bytes.length}.`);
    }
    frames.push({
      source,
      kind: view.getUint16(at + 12, true),
      payload: bytes.subarray(at + 16, at + 16 + payloadBytes),
      receivedNs: fromNs + view.getUint32(at, true) * 1000,
    });
    at += entryBytes(payloadBytes);
  }
  return frames;
}

/** Kinds whose payloads are records of one size behind a head. */
const recordLayout = new Map<number, { headBytes: number; recordBytes: number }>([
  [frameKinds.opened, { headBytes: 16, recordBytes: recordBytes.opened }],
  [frameKinds.fdStates, { headBytes: 16, recordBytes: recordBytes.fdState }],
  [frameKinds.fdShares, { headBytes: 24, recordBytes: recordBytes.fdShare }],
  [frameKinds.threadStates, { headBytes: 16, recordBytes: recordBytes.threadState }],
  [frameKinds.switches, { headBytes: 16, recordBytes: recordBytes.switch }],
  [frameKinds.events, { headBytes: 24, recordBytes: recordBytes.event }],
]);

/** Bytes of `count` records of `size` bytes, a multiple of 4, at `at`: four columns are read or written at once. */
type Turn = (from: Uint8Array, to: DataView, at: number, count: number, size: number) => void;

const intoColumns: Turn = (from, to, at, count, size) => {
  const records = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const columns = new Uint8Array(to.buffer, to.byteOffset, to.byteLength);
  for (let column = 0; column < size; column += 4) {
    const first = at + column * count;
    for (let row = 0, record = at + column; row < count; row++, record += size) {
      const word = records.getUint32(record, true);
      columns[first + row] = word;
      columns[first + count + row] = word >>> 8;
      columns[first + 2 * count + row] = word >>> 16;
      columns[first + 3 * count + row] = word >>> 24;
    }
  }
};

const intoRecords: Turn = (from, to, at, count, size) => {
  const byte = (index: number): number => from[index] ?? 0;
  for (let column = 0; column < size; column += 4) {
    const first = at + column * count;
    for (let row = 0, record = at + column; row < count; row++, record += size) {
      const low = byte(first + row) | (byte(first + count + row) << 8);
      const high = byte(first + 2 * count + row) | (byte(first + 3 * count + row) << 8);
      to.setUint32(record, low | (high << 16), true);
    }
  }
};

/**
 * Turns records into columns of bytes or back. Deflate finds far more in a thousand first bytes of a field than in a
 * thousand records that all differ somewhere; no bit is lost.
 */
function transposed(bytes: Uint8Array, turn: Turn): Uint8Array {
  // Not slice(): of a Node Buffer that is a view of the same bytes.
  const result = new Uint8Array(bytes);
  const turned = new DataView(result.buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + entryBytes(0) <= bytes.length;) {
    const payloadBytes = view.getUint32(at + 8, true);
    const layout = recordLayout.get(view.getUint16(at + 12, true));
    const next = at + entryBytes(payloadBytes);
    if (layout && next <= bytes.length) {
      const from = at + 16 + layout.headBytes;
      turn(bytes, turned, from, Math.floor((next - from) / layout.recordBytes), layout.recordBytes);
    }
    at = next;
  }
  return result;
}

export const shuffleEntries = (bytes: Uint8Array): Uint8Array => transposed(bytes, intoColumns);
export const unshuffleEntries = (bytes: Uint8Array): Uint8Array => transposed(bytes, intoRecords);
