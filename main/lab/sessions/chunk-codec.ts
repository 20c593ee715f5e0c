/**
 * Chunks of a session file with their checks and their compression.
 *
 * Compression is raw deflate from Node's own zlib, at its fastest level that still pays, behind the byte-column shuffle of
 * format.ts. zstd would pack about as tightly in less time, but Node 20 has no zstd, and the packages that bring it are
 * WebAssembly or native code that must be kept for every platform; `npm run bench -- sessions` shows ratio and cost.
 */
import { deflateRaw, crc32, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import {
  chunkEncodings,
  chunkHeaderBytes,
  chunkKinds,
  crcFrom,
  encodeChunkHeader,
  encodeEntries,
  SessionFormatError,
  shuffleEntries,
  sourceBit,
  unshuffleEntries,
  type ChunkEncoding,
  type ChunkHeader,
  type ChunkKind,
  type SessionFrame,
} from '../../../shared/session/format.ts';

const deflate = promisify(deflateRaw) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;
const inflate = promisify(inflateRaw) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Above 4, packing shuffled records takes twice the time and gains a few per cent. */
const deflateLevel = 4;
/** Shorter bodies cost more to pack than they save. */
const smallestPacked = 256;

/** A deflate call on Node's thread pool, off the loop that reads the engines. */
async function pack(body: Uint8Array, encoding: ChunkEncoding): Promise<{ stored: Uint8Array; encoding: number }> {
  if (encoding === chunkEncodings.plain || body.length < smallestPacked) {
    return { stored: body, encoding: chunkEncodings.plain };
  }
  const input = encoding === chunkEncodings.shuffleDeflate ? shuffleEntries(body) : body;
  return { stored: await deflate(input, { level: deflateLevel }), encoding };
}

export interface ChunkFacts {
  readonly count?: number;
  readonly sources?: number;
  readonly fromNs: number;
  readonly toNs: number;
}

/** A chunk as it stands in the file. */
export async function buildChunk(
  kind: ChunkKind,
  body: Uint8Array,
  { count = 0, sources = 0, fromNs, toNs }: ChunkFacts,
  wanted: ChunkEncoding = chunkEncodings.deflate,
): Promise<Uint8Array> {
  const { stored, encoding } = await pack(body, wanted);
  const facts = { count, sources, fromNs, toNs, encoding, kind: chunkKinds[kind] };
  const header = encodeChunkHeader({ ...facts, storedBytes: stored.length, rawBytes: body.length });
  const chunk = new Uint8Array(header.length + stored.length);
  chunk.set(header);
  chunk.set(stored, header.length);
  new DataView(chunk.buffer).setUint32(8, crc32(chunk.subarray(crcFrom)), true);
  return chunk;
}

export const buildJsonChunk = (kind: ChunkKind, value: object, facts: ChunkFacts): Promise<Uint8Array> =>
  buildChunk(kind, new TextEncoder().encode(JSON.stringify(value)), facts);

export async function buildFramesChunk(
  kind: 'frames' | 'keyframe',
  frames: readonly SessionFrame[],
  at: { fromNs: number; toNs: number },
): Promise<Uint8Array> {
  const sources = frames.reduce((bits, { source }) => bits | sourceBit(source), 0);
  const body = encodeEntries(frames, at.fromNs);
  return buildChunk(kind, body, { ...at, count: frames.length, sources }, chunkEncodings.shuffleDeflate);
}

/** Whether header and stored body are what was written. */
export function isWhole(header: ChunkHeader, chunk: Uint8Array): boolean {
  return chunk.length === chunkHeaderBytes + header.storedBytes && crc32(chunk.subarray(crcFrom)) === header.crc;
}

/** The body of a whole chunk, unpacked. Throws SessionFormatError. */
export async function unpackChunk(header: ChunkHeader, chunk: Uint8Array): Promise<Uint8Array> {
  const stored = chunk.subarray(chunkHeaderBytes);
  if (header.encoding === chunkEncodings.plain) return stored;
  if (header.encoding !== chunkEncodings.deflate && header.encoding !== chunkEncodings.shuffleDeflate) {
    throw new SessionFormatError(`A chunk is packed in a way (${header.encoding}) that this fdscope does not know.`);
  }
  let body: Uint8Array;
  try {
    body = await inflate(stored, { maxOutputLength: Math.max(1, header.rawBytes) });
  } catch {
    throw new SessionFormatError('A chunk cannot be unpacked.');
  }
  if (body.length !== header.rawBytes) throw new SessionFormatError('A chunk unpacks to another length than it says.');
  return header.encoding === chunkEncodings.shuffleDeflate ? unshuffleEntries(body) : body;
}

export function parseJsonBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new SessionFormatError('A chunk does not hold the JSON that it should.');
  }
}
