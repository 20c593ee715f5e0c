/**
 * The counts of an encoded HdrHistogram, value by value as exact as it keeps them.
 *
 * An hour of a run is 144,000 histograms. The library unpacks each into 25,000 counters, in 5 ms, of which a few dozen
 * are used; their encoding, V2 as HdrHistogram publishes it, can be walked in microseconds.
 */
import { FrameError } from './frame-splitter.ts';

export interface Bucket {
  /** Values within fromNs and toNs, both inclusive, are the same to the histogram. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly count: number;
}

const headerBytes = 40;
/** HdrHistogram has no more; the lab records three. */
const mostDigits = 5;
/** As the load engine records them, and the rest of that power of two. */
const highestNs = 2 ** 42;
/** Cookie of the encoding V2, whose low byte but one tells the width of a word. */
const cookieV2 = 0x1c849303;

const refuse = (why: string): never => {
  throw new FrameError(`A latency histogram cannot be read: ${why}.`);
};

/** Buckets that have counts, in rising order. Throws FrameError. */
export function bucketsOf(encoded: Uint8Array): Bucket[] {
  if (encoded.length < headerBytes) refuse(`it has ${encoded.length} bytes`);
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if ((view.getUint32(0) & ~0xf0) !== cookieV2) refuse('it is not in the encoding V2 of HdrHistogram');
  const payloadBytes = view.getUint32(4);
  if (payloadBytes !== encoded.length - headerBytes) {
    refuse(`it announces ${payloadBytes} bytes and has ${encoded.length - headerBytes}`);
  }
  const digits = view.getUint32(12);
  if (digits > mostDigits) refuse(`it has ${digits} significant digits`);
  const unitMagnitude = Math.floor(Math.log2(Math.max(1, Number(view.getBigUint64(16)))));
  // Half of the linear steps that each power of two is divided into.
  const halfMagnitude = Math.ceil(Math.log2(2 * 10 ** digits)) - 1;
  const half = 2 ** halfMagnitude;
  const buckets: Bucket[] = [];
  let at = headerBytes;
  for (let index = 0; at < encoded.length;) {
    const entry = zigZagAt(encoded, at);
    at = entry.next;
    if (entry.value <= 0) {
      // That many steps have no counts; 0 itself stands for one.
      index += entry.value === 0 ? 1 : -entry.value;
      continue;
    }
    const power = Math.max(0, Math.floor(index / half) - 1);
    const step = index < half ? index : (index % half) + half;
    const size = 2 ** (power + unitMagnitude);
    if (step * size > highestNs) refuse('it holds a time of more than an hour');
    buckets.push({ fromNs: step * size, toNs: step * size + size - 1, count: entry.value });
    index++;
  }
  return buckets;
}

/** Zig-zag LEB128, of at most nine bytes; the ninth has eight bits of value. */
function zigZagAt(bytes: Uint8Array, from: number): { value: number; next: number } {
  let scale = 1;
  let unsigned = 0;
  let next = from;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[next++];
    if (byte === undefined) return refuse('it breaks off');
    const isLast = i === 8 || byte < 128;
    unsigned += (isLast ? byte : byte - 128) * scale;
    if (isLast) break;
    scale *= 128;
  }
  return { value: unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2, next };
}

export const countIn = (buckets: readonly Bucket[]): number => buckets.reduce((sum, { count }) => sum + count, 0);

/** As HdrHistogram has it: the highest value of the bucket that holds the percentile. There must be buckets. */
export function percentileOf(buckets: readonly Bucket[], percentile: number): number {
  const wanted = Math.max(1, Math.floor((percentile / 100) * countIn(buckets) + 0.5));
  let seen = 0;
  for (const { toNs, count } of buckets) {
    seen += count;
    if (seen >= wanted) return toNs;
  }
  return buckets.at(-1)?.toNs ?? 0;
}
