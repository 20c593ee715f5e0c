/**
 * Memory for many short stretches of bytes that go in the order in which they came, in few large pieces: an object for
 * each stretch would make the heap, and the garbage collector's work, grow with the run.
 */

const usualBytes = 512 << 10;
/** A long stretch gets a piece for as many, so that little is left over behind the last. */
const stretchesInPiece = 8;
/** An address is the number of its piece times this, and its place within. A stretch is shorter. */
const pieceSpan = 2 ** 30;
const alignment = Uint32Array.BYTES_PER_ELEMENT;

export class PieceMemory {
  /** By number, from `#firstPiece` on. */
  readonly #pieces: ArrayBuffer[] = [];
  #firstPiece = 0;
  #used = 0;
  #spare: ArrayBuffer | undefined;

  get byteLength(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.byteLength, this.#spare?.byteLength ?? 0);
  }

  /** The address of so many bytes, all zero; addresses rise. */
  allocate(bytes: number): number {
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#used + bytes > piece.byteLength) {
      piece = this.#make(Math.max(usualBytes, bytes * stretchesInPiece));
      this.#pieces.push(piece);
      this.#used = 0;
    }
    const address = (this.#firstPiece + this.#pieces.length - 1) * pieceSpan + this.#used;
    this.#used += Math.ceil(bytes / alignment) * alignment;
    return address;
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#pieceOf(address), address % pieceSpan, length);
  }

  words(address: number, length: number): Uint32Array {
    return new Uint32Array(this.#pieceOf(address), address % pieceSpan, length);
  }

  /** What was allocated before `address` is no longer read. */
  dropBefore(address: number): void {
    while (this.#pieces.length > 1 && this.#firstPiece < Math.floor(address / pieceSpan)) {
      this.#spare = this.#pieces.shift();
      this.#firstPiece++;
    }
  }

  #make(bytes: number): ArrayBuffer {
    const spare = this.#spare;
    if (spare?.byteLength !== bytes) return new ArrayBuffer(bytes);
    this.#spare = undefined;
    new Uint8Array(spare).fill(0);
    return spare;
  }

  #pieceOf(address: number): ArrayBuffer {
    const piece = this.#pieces[Math.floor(address / pieceSpan) - this.#firstPiece];
    if (piece === undefined) throw new Error('this memory was given back');
    return piece;
  }
}
