/** Reading and writing the fields of one frame, little-endian, with the checks that every frame needs. */
import { FrameError } from './frame-splitter.ts';
import { frameHeaderBytes, maxPayloadBytes, wireVersion } from './wire.ts';

const two32 = 0x1_0000_0000;

/** Reads fields one after another; a payload that is too short is a FrameError naming the frame. */
export class FieldReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(payload: Uint8Array, what: string) {
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#bytes = payload;
    this.#what = what;
  }

  #take(bytes: number): number {
    const offset = this.#offset;
    if (offset + bytes > this.#bytes.length) {
      throw new FrameError(
        `A ${this.#what} frame ends after ${this.#bytes.length} bytes, but needs at least ${offset + bytes}.`,
      );
    }
    this.#offset += bytes;
    return offset;
  }

  u8 = (): number => this.#view.getUint8(this.#take(1));
  u16 = (): number => this.#view.getUint16(this.#take(2), true);
  u32 = (): number => this.#view.getUint32(this.#take(4), true);
  u64 = (): number => {
    const offset = this.#take(8);
    return this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * two32;
  };

  u64s(count: number): Float64Array {
    let offset = this.#take(8 * count);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++, offset += 8) {
      values[i] = this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * two32;
    }
    return values;
  }

  bytes(count: number): Uint8Array {
    const offset = this.#take(count);
    return this.#bytes.subarray(offset, offset + count);
  }

  /** A longer payload than its own counts say is as broken as a shorter one. */
  end(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) throw new FrameError(`A ${this.#what} frame has ${left} bytes more than its fields.`);
  }
}

/** Header and room for the payload; fields are written one after another. */
export class FieldWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #offset = frameHeaderBytes;

  constructor(kind: number, payloadBytes: number) {
    if (payloadBytes > maxPayloadBytes) {
      throw new FrameError(`A frame of ${payloadBytes} bytes cannot be sent: at most ${maxPayloadBytes} are allowed.`);
    }
    this.bytes = new Uint8Array(frameHeaderBytes + payloadBytes);
    this.#view = new DataView(this.bytes.buffer);
    this.#view.setUint32(0, payloadBytes, true);
    this.#view.setUint16(4, kind, true);
    this.#view.setUint16(6, wireVersion, true);
  }

  #next(bytes: number): number {
    this.#offset += bytes;
    return this.#offset - bytes;
  }

  u8 = (value: number): void => this.#view.setUint8(this.#next(1), value);
  u16 = (value: number): void => this.#view.setUint16(this.#next(2), value, true);
  u32 = (value: number): void => this.#view.setUint32(this.#next(4), value, true);
  u64 = (value: number): void => {
    this.u32(value % two32);
    this.u32(Math.floor(value / two32));
  };
  u64s = (values: Float64Array): void => values.forEach((value) => this.u64(value));
  raw = (bytes: Uint8Array): void => this.bytes.set(bytes, this.#next(bytes.length));
}
