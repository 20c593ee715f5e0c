/** Which row each key has, for keys that are mostly small and dense: numbers of connections, one after another. */

const none = -1;
/** 8 MiB. Servers that saw more connections have the rest of them in a map. */
const mostDense = 1 << 21;

export class KeyRows {
  #dense = new Int32Array(1024).fill(none);
  readonly #sparse = new Map<number, number>();

  get byteLength(): number {
    return this.#dense.byteLength;
  }

  get(key: number): number | undefined {
    if (key >= mostDense) return this.#sparse.get(key);
    const row = this.#dense[key] ?? none;
    return row === none ? undefined : row;
  }

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  set(key: number, row: number): void {
    if (key >= mostDense) {
      this.#sparse.set(key, row);
      return;
    }
    if (key >= this.#dense.length) this.#widen(key);
    this.#dense[key] = row;
  }

  delete(key: number): void {
    if (key >= mostDense) this.#sparse.delete(key);
    else if (key >= 0 && key < this.#dense.length) this.#dense[key] = none;
  }

  clear(): void {
    this.#dense.fill(none);
    this.#sparse.clear();
  }

  #widen(key: number): void {
    let length = this.#dense.length;
    while (length <= key) length *= 2;
    const wide = new Int32Array(Math.min(mostDense, length)).fill(none);
    wide.set(this.#dense);
    this.#dense = wide;
  }
}
