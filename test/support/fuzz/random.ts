/** Random choices that a seed repeats. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). Source: mulberry32, Tommy Ettinger, public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  /** A whole number below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }
  isOnce(inSoMany: number): boolean {
    return this.below(inSoMany) === 0;
  }
  /** Throws where there is nothing to pick. */
  pick<T>(of: readonly T[]): T {
    if (of.length === 0) throw new Error('There is nothing to pick.');
    return of[this.below(of.length)] as T;
  }
  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
  /** A few changes of the kinds that break parsers: bits, bytes, pieces cut, doubled and moved. */
  mutated(bytes: Buffer, most = 4): Buffer {
    let result = Buffer.from(bytes);
    for (let left = 1 + this.below(most); left > 0 && result.length > 0; left--) {
      const at = this.below(result.length);
      const end = Math.min(result.length, at + 1 + this.below(16));
      switch (this.below(5)) {
        case 0:
          result[at] = (result[at] ?? 0) ^ (1 << this.below(8));
          break;
        case 1:
          result[at] = this.pick([0, 0x0a, 0x0d, 0x20, 0x25, 0x2f, 0x5c, 0x7f, 0x80, 0xff]);
          break;
        case 2:
          result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
          break;
        case 3:
          result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
          break;
        default:
          result = Buffer.concat([result.subarray(0, at), this.bytes(1 + this.below(8)), result.subarray(at)]);
      }
    }
    return result;
  }
}

/** What a run of a fuzzer was, for its report. */
export const seedOf = (given: string | undefined): number =>
  given === undefined ? Date.now() % 2 ** 32 : Number(given);
