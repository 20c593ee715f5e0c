/** Bytes that have arrived and are not yet consumed, in one piece, as the parsers want them. */
import { none } from './protocol.ts';

export class Input {
  private buffer: Buffer = none;
  private begin = 0;
  private end = 0;
  /** Whether the buffer is our own, with room behind `end`, or a chunk that the socket gave. */
  private isOwn = false;

  get size(): number {
    return this.end - this.begin;
  }

  view(): Buffer {
    return this.buffer.subarray(this.begin, this.end);
  }

  append(chunk: Buffer): void {
    if (this.size === 0) {
      // Most requests arrive whole: no copy.
      this.buffer = chunk;
      this.begin = 0;
      this.end = chunk.length;
      this.isOwn = false;
      return;
    }
    const needed = this.size + chunk.length;
    if (!this.isOwn || this.buffer.length < this.end + chunk.length) {
      // Doubled, so that a request of many small chunks is copied a few times and not once a chunk.
      const grown = Buffer.allocUnsafeSlow(Math.max(4096, needed * 2));
      this.buffer.copy(grown, 0, this.begin, this.end);
      this.end = this.size;
      this.begin = 0;
      this.buffer = grown;
      this.isOwn = true;
    }
    chunk.copy(this.buffer, this.end);
    this.end += chunk.length;
  }

  consume(bytes: number): void {
    this.begin += bytes;
    if (this.begin >= this.end) this.clear();
  }

  clear(): void {
    this.buffer = none;
    this.begin = this.end = 0;
    this.isOwn = false;
  }
}
