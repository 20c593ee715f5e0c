/** Numbers that were worked out of the rows of a ring: a window that moves asks for most of them again with each picture. */

export class RowMemo {
  /** `width` numbers for each row, at the offset that `offsetOf` says. */
  readonly values: Float64Array;
  readonly #width: number;
  readonly #rows: Int32Array;

  /** Of rows that are `kept` apart only one has room: there should be as many as a window shows. */
  constructor(kept: number, width = 1) {
    this.values = new Float64Array(kept * width);
    this.#width = width;
    this.#rows = new Int32Array(kept).fill(-1);
  }

  /** Where in `values` the numbers of a row are; `fill` writes them there where they are not known. */
  offsetOf(row: number, fill: (row: number, values: Float64Array, offset: number) => void): number {
    const place = row % this.#rows.length;
    const offset = place * this.#width;
    if (this.#rows[place] !== row) {
      fill(row, this.values, offset);
      this.#rows[place] = row;
    }
    return offset;
  }

  forget(row: number): void {
    const place = row % this.#rows.length;
    if (this.#rows[place] === row) this.#rows[place] = -1;
  }

  clear(): void {
    this.#rows.fill(-1);
  }
}
