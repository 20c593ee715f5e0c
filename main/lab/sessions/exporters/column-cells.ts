/** The cells of one column, as packed as numbers are, until a group of rows is whole. */
import type { Cell, CellType } from './table.ts';

/** What Parquet's INT64, DOUBLE, STRING and BOOLEAN are made of. */
export type TypedCell = bigint | number | string | boolean | null;

/** No cell is one. */
const empty = NaN;

export class ColumnCells {
  readonly #type: CellType;
  /** An integer itself, the place of a text in `#texts`, or 0 and 1. */
  #codes = new Float64Array(1024);
  #length = 0;
  readonly #texts: string[] = [];
  readonly #textCodes = new Map<string, number>();

  constructor(type: CellType) {
    this.#type = type;
  }

  push(cell: Cell): void {
    if (this.#length === this.#codes.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#codes);
      this.#codes = larger;
    }
    this.#codes[this.#length++] =
      typeof cell === 'string' ? this.#textCode(cell) : cell === null ? empty : Number(cell);
  }

  /** All cells, made anew at each call. */
  read(): TypedCell[] {
    const cells = new Array<TypedCell>(this.#length);
    for (let i = 0; i < cells.length; i++) cells[i] = this.#typed(this.#codes[i] ?? empty);
    return cells;
  }

  /** Empties the column and keeps its room for the next group. */
  clear(): void {
    this.#length = 0;
    this.#texts.length = 0;
    this.#textCodes.clear();
  }

  #textCode(text: string): number {
    const known = this.#textCodes.get(text);
    if (known !== undefined) return known;
    this.#textCodes.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  #typed(code: number): TypedCell {
    if (Number.isNaN(code)) return null;
    if (this.#type === 'text') return this.#texts[code] ?? null;
    if (this.#type === 'number') return code;
    return this.#type === 'integer' ? BigInt(code) : code === 1;
  }
}
