/**
 * Many short strings of bytes in the order in which they came, in few large pieces of memory: an object for each would
 * make the garbage collector's work, and the heap, grow with the run. What is old goes first.
 */

interface Piece {
  /** Number of its first entry. */
  readonly first: number;
  readonly bytes: Uint8Array;
  /** Where each entry ends. */
  readonly ends: Uint32Array;
  count: number;
}

const pieceBytes = 64 << 10;
const entriesInPiece = 512;

export class ByteLog {
  /** The oldest entry that is kept, and one past the newest; entries are counted from the first ever appended. */
  first = 0;
  end = 0;
  #pieces: Piece[] = [];

  get byteLength(): number {
    return this.#pieces.reduce((sum, { bytes, ends }) => sum + bytes.byteLength + ends.byteLength, 0);
  }

  /** The bytes are copied. */
  append(bytes: Uint8Array): void {
    let piece = this.#pieces.at(-1);
    let at = piece === undefined ? 0 : endOf(piece);
    if (piece === undefined || piece.count === entriesInPiece || at + bytes.length > piece.bytes.length) {
      piece = {
        first: this.end,
        bytes: new Uint8Array(Math.max(pieceBytes, bytes.length)),
        ends: new Uint32Array(entriesInPiece),
        count: 0,
      };
      this.#pieces.push(piece);
      at = 0;
    }
    piece.bytes.set(bytes, at);
    piece.ends[piece.count++] = at + bytes.length;
    this.end++;
  }

  /** Of an entry that is kept; undefined of any other. Valid until it is dropped. */
  at(entry: number): Uint8Array | undefined {
    if (entry < this.first || entry >= this.end) return undefined;
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#pieces[middle]?.first ?? 0) <= entry) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low];
    if (piece === undefined) return undefined;
    const place = entry - piece.first;
    return piece.bytes.subarray(place === 0 ? 0 : piece.ends[place - 1], piece.ends[place]);
  }

  /** Entries before `entry` are no longer kept. */
  dropUntil(entry: number): void {
    this.first = Math.max(this.first, Math.min(this.end, entry));
    while (this.#pieces.length > 1 && (this.#pieces[1]?.first ?? 0) <= this.first) this.#pieces.shift();
  }

  /** The first entry of the second piece: what is dropped up to there gives memory back. */
  get nextPiece(): number {
    return this.#pieces[1]?.first ?? this.first;
  }
}

const endOf = ({ ends, count }: Piece): number => (count === 0 ? 0 : (ends[count - 1] ?? 0));
