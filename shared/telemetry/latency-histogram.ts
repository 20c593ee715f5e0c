/** Latency histograms as they travel: HdrHistogram V2, uncompressed, values in ns. */
import { build, JsHistogram, type Histogram } from 'hdr-histogram-js';
// Declares JsHistogram.decode, which the package's index does not.
import type {} from 'hdr-histogram-js/dist/JsHistogram.encoding.js';
import { FrameError } from './frame-splitter.ts';

/** As the load engine records them: an hour at most, in ns, to three significant digits. */
const highestNs = 3.6e12;
const significantDigits = 3;

export const emptyHistogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestNs,
    numberOfSignificantValueDigits: significantDigits,
    // Counts of one bucket pass 2^32 in no run, but 64 keeps the sum over many exact.
    bitBucketSize: 64,
    useWebAssembly: false,
  });

const headerBytes = 40;

/** Throws FrameError where the bytes are not such a histogram. */
export function decodeHistogram(encoded: Uint8Array): Histogram {
  const refuse = (why: string): never => {
    throw new FrameError(`A latency histogram cannot be read: ${why}.`);
  };
  if (encoded.length < headerBytes) refuse(`it has ${encoded.length} bytes`);
  const payloadBytes = new DataView(encoded.buffer, encoded.byteOffset).getUint32(4);
  if (payloadBytes !== encoded.length - headerBytes) {
    refuse(`it announces ${payloadBytes} bytes and has ${encoded.length - headerBytes}`);
  }
  try {
    // Not as a Buffer, whose slice() is a view: the decoder reverses what it sliced, and the bytes would change.
    return JsHistogram.decode(new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.length), 64);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}
