/**
 * Packets with a TrackEvent as bytes, field by field. A large session has a hundred million of them: an object for each,
 * as the protobuf library wants one, is most of what an export costs. A test holds the bytes against the library's.
 */

const two28 = 1 << 28;
const firstBytes = 1 << 18;
/** A packet is far shorter, but for names and texts, which ask for room themselves. */
const packetRoom = 256;
const encoder = new TextEncoder();

/** Field number and how its value is written: 0 a varint, 2 a length and bytes. Fields from 16 on have two bytes. */
const tags = {
  packet: (1 << 3) | 2,
  timestamp: 8 << 3,
  sequence: 10 << 3,
  trackEvent: (11 << 3) | 2,
  interned: (12 << 3) | 2,
  flags: 13 << 3,
  category: 3 << 3,
  annotation: (4 << 3) | 2,
  type: 9 << 3,
  nameId: 10 << 3,
  track: 11 << 3,
  name: (23 << 3) | 2,
  counter: 30 << 3,
  annotationName: 1 << 3,
  annotationInt: 4 << 3,
  annotationText: (6 << 3) | 2,
} as const;

/** Writes a varint at `at`; returns where it ends. */
function varint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    bytes[at] = value;
    return at + 1;
  }
  // Bit operations know 32 bits; 28 of them are four bytes.
  let rest = value;
  while (rest >= two28) {
    const low = rest % two28;
    bytes[at] = (low & 0x7f) | 0x80;
    bytes[at + 1] = ((low >>> 7) & 0x7f) | 0x80;
    bytes[at + 2] = ((low >>> 14) & 0x7f) | 0x80;
    bytes[at + 3] = (low >>> 21) | 0x80;
    at += 4;
    rest = Math.floor(rest / two28);
  }
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}

/** Fields are to come in the order of their numbers, as the methods stand. */
export class PacketWriter {
  readonly #sequence: number;
  readonly #flags: number;
  #bytes = new Uint8Array(firstBytes);
  #at = 0;
  #packetAt = 0;
  #eventAt = 0;

  constructor(sequence: number, flags: number) {
    this.#sequence = sequence;
    this.#flags = flags;
  }

  /** All so far. The bytes are the caller's. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Bytes that are whole packets. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  begin(atNs: number): void {
    this.#reserve(packetRoom);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at] = tags.packet;
    this.#packetAt = at + 2;
    bytes[at + 2] = tags.timestamp;
    at = varint(bytes, at + 3, Math.round(atNs));
    bytes[at] = tags.sequence;
    at = varint(bytes, at + 1, this.#sequence);
    bytes[at] = tags.trackEvent;
    this.#eventAt = at + 2;
    this.#at = at + 2;
  }

  category(id: number): void {
    this.#bytes[this.#at] = tags.category;
    this.#at = varint(this.#bytes, this.#at + 1, id);
  }

  /** Without an id it has no name, as there were too many. */
  annotation(nameId: number | undefined, value: number | string): void {
    const text = typeof value === 'string' ? encoder.encode(value) : undefined;
    this.#reserve(packetRoom + (text?.length ?? 0));
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at] = tags.annotation;
    const from = at + 2;
    at = from;
    if (nameId !== undefined) {
      bytes[at] = tags.annotationName;
      at = varint(bytes, at + 1, nameId);
    }
    if (text) {
      this.#at = varint(bytes, varint(bytes, at, tags.annotationText), text.length);
      this.raw(text);
    } else if (typeof value === 'number') {
      bytes[at] = tags.annotationInt;
      this.#at = at + 1;
      this.#signed(value);
    }
    this.#close(from);
  }

  event(type: number, nameId: number | undefined, track: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at] = tags.type;
    at = varint(bytes, at + 1, type);
    if (nameId !== undefined) {
      bytes[at] = tags.nameId;
      at = varint(bytes, at + 1, nameId);
    }
    bytes[at] = tags.track;
    this.#at = varint(bytes, at + 1, track);
  }

  name(name: string): void {
    const text = encoder.encode(name);
    this.#reserve(packetRoom + text.length);
    this.#varint(tags.name);
    this.#varint(text.length);
    this.raw(text);
  }

  counter(value: number): void {
    this.#varint(tags.counter);
    this.#signed(value);
  }

  /** `interned`: an InternedData that this packet brings. */
  end(interned: Uint8Array | undefined): void {
    this.#reserve(packetRoom + (interned?.length ?? 0));
    this.#close(this.#eventAt);
    if (interned) {
      this.#byte(tags.interned);
      this.#varint(interned.length);
      this.raw(interned);
    }
    this.#bytes[this.#at] = tags.flags;
    this.#at = varint(this.#bytes, this.#at + 1, this.#flags);
    this.#close(this.#packetAt);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + bytes);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #varint(value: number): void {
    this.#at = varint(this.#bytes, this.#at, value);
  }

  /** An int64: of a negative one all 64 bits. */
  #signed(value: number): void {
    const whole = Math.trunc(value);
    if (whole >= 0) {
      this.#varint(whole);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(whole));
    while (rest > 0x7fn) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  /** Room was left for a length of one byte, which most have. */
  #close(from: number): void {
    const length = this.#at - from;
    if (length < 0x80) {
      this.#bytes[from - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) more++;
    this.#reserve(more);
    this.#bytes.copyWithin(from + more, from, this.#at);
    const end = this.#at + more;
    this.#at = from - 1;
    this.#varint(length);
    this.#at = end;
  }
}
