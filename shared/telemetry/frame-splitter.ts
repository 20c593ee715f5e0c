/** Cuts a byte stream from an engine into whole frames, however the pipe happens to slice it. */
import { frameHeaderBytes, maxPayloadBytes, wireVersion } from './wire.ts';

/** One frame as it came: `kind` is a value of frameKinds, or of a newer engine's. */
export interface Frame {
  readonly kind: number;
  /** The bytes behind the header. May be a view of a pushed chunk. */
  readonly payload: Uint8Array;
}

/** The stream is not what an engine of this version sends; nothing after it can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

interface Header {
  readonly kind: number;
  readonly payloadBytes: number;
}

function readHeader(bytes: Uint8Array, offset: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, frameHeaderBytes);
  const payloadBytes = view.getUint32(0, true);
  const version = view.getUint16(6, true);
  if (version !== wireVersion) {
    throw new FrameError(`A frame has wire version ${version}, but this program speaks version ${wireVersion}.`);
  }
  if (payloadBytes > maxPayloadBytes) {
    throw new FrameError(`A frame announces ${payloadBytes} bytes, but at most ${maxPayloadBytes} are allowed.`);
  }
  return { kind: view.getUint16(4, true), payloadBytes };
}

/**
 * Push chunks in, take whole frames out. A byte is copied at most once, and only where a frame lies across chunks.
 * Pushed chunks must not be changed afterwards, as payloads may be views of them.
 */
export class FrameSplitter {
  readonly #header = new Uint8Array(frameHeaderBytes);
  #headerFilled = 0;
  /** Header and bytes so far of a frame that goes on in the next chunk. */
  #open: { kind: number; payload: Uint8Array; filled: number } | undefined;
  #broken: FrameError | undefined;

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#open === undefined ? this.#headerFilled : frameHeaderBytes + this.#open.filled;
  }

  /**
   * Whole frames that `chunk` completes, in order.
   * Throws FrameError where the stream is broken, and from then on at every call.
   */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    if (this.#broken) throw this.#broken;
    try {
      yield* this.#split(chunk);
    } catch (error) {
      if (error instanceof FrameError) this.#broken = error;
      throw error;
    }
  }

  /** Throws FrameError where the stream ended inside a frame. */
  end(): void {
    if (this.pendingBytes > 0)
      throw new FrameError(`The stream ended inside a frame, after ${this.pendingBytes} bytes of it.`);
  }

  *#split(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let offset = 0;
    while (true) {
      if (this.#open !== undefined) {
        const open = this.#open;
        const take = Math.min(open.payload.length - open.filled, chunk.length - offset);
        open.payload.set(chunk.subarray(offset, offset + take), open.filled);
        open.filled += take;
        offset += take;
        if (open.filled < open.payload.length) return;
        this.#open = undefined;
        yield { kind: open.kind, payload: open.payload };
        continue;
      }
      if (offset === chunk.length) return;
      let header: Header;
      if (this.#headerFilled === 0 && chunk.length - offset >= frameHeaderBytes) {
        header = readHeader(chunk, offset);
        offset += frameHeaderBytes;
      } else {
        const take = Math.min(frameHeaderBytes - this.#headerFilled, chunk.length - offset);
        this.#header.set(chunk.subarray(offset, offset + take), this.#headerFilled);
        this.#headerFilled += take;
        offset += take;
        if (this.#headerFilled < frameHeaderBytes) return;
        header = readHeader(this.#header, 0);
        this.#headerFilled = 0;
      }
      if (chunk.length - offset >= header.payloadBytes) {
        const payload = chunk.subarray(offset, offset + header.payloadBytes);
        offset += header.payloadBytes;
        yield { kind: header.kind, payload };
      } else {
        this.#open = { kind: header.kind, payload: new Uint8Array(header.payloadBytes), filled: 0 };
      }
    }
  }
}
