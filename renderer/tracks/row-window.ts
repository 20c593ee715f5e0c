/** Which of many rows are seen in a track's height: all of them, each a share of a pixel if need be, or a scrolled part. */
import type { TrackChoice } from './track.ts';

const usualTallestPx = 18;

const rowHeights = [
  { value: '0', label: 'all rows' },
  { value: '3', label: '3 px rows' },
  { value: '8', label: '8 px rows' },
  { value: '16', label: '16 px rows' },
] as const;

/** As a choice it is the height of a row, for the menu of its track. */
export class RowWindow implements TrackChoice {
  readonly label = 'Height of the rows';
  readonly options = rowHeights;
  /** Height of a row; 0: all rows share the track's height. */
  fixedPx = 0;
  readonly #tallestPx: number;
  #scrollPx = 0;

  /** Rows that share the height get no taller than `tallestPx`. */
  constructor(tallestPx = usualTallestPx) {
    this.#tallestPx = tallestPx;
  }

  get value(): string {
    return String(this.fixedPx);
  }
  set value(px: string) {
    this.fixedPx = Number(px);
  }

  rowPx(count: number, heightPx: number): number {
    if (this.fixedPx > 0) return this.fixedPx;
    return count === 0 ? this.#tallestPx : Math.min(this.#tallestPx, heightPx / count);
  }

  /** Pixels that lie above the track. Rows that went away must not leave the window beyond the last one. */
  scrolledPx(count: number, heightPx: number): number {
    return Math.max(0, Math.min(this.#scrollPx, count * this.rowPx(count, heightPx) - heightPx));
  }

  /** False where all rows fit. */
  scroll(byPx: number, count: number, heightPx: number): boolean {
    const before = this.scrolledPx(count, heightPx);
    this.#scrollPx = Math.max(0, before + byPx);
    this.#scrollPx = this.scrolledPx(count, heightPx);
    return this.#scrollPx !== before;
  }

  /** The place in the order, or undefined below the last row. */
  placeAt(yPx: number, count: number, heightPx: number): number | undefined {
    const place = Math.floor((yPx + this.scrolledPx(count, heightPx)) / this.rowPx(count, heightPx));
    return place >= 0 && place < count ? place : undefined;
  }

  topOf(place: number, count: number, heightPx: number): number {
    return place * this.rowPx(count, heightPx) - this.scrolledPx(count, heightPx);
  }

  /** The first place that is seen, and one past the last. */
  visible(count: number, heightPx: number): { first: number; end: number } {
    const rowPx = this.rowPx(count, heightPx);
    const scrolled = this.scrolledPx(count, heightPx);
    return {
      first: Math.max(0, Math.floor(scrolled / rowPx)),
      end: Math.min(count, Math.ceil((scrolled + heightPx) / rowPx - 1e-6)),
    };
  }
}
