/**
 * A picture over time in a canvas that is a ring: while the window moves on, only what is new is painted, and two copies
 * put the picture together. A column of the ring is a stretch of time as wide as a pixel of the screen.
 */
import { newCanvas } from './new-canvas.ts';
import type { CanvasPart } from './pen.ts';

export interface RingPlan {
  /** A different one makes all that was painted void. */
  readonly key: string;
  readonly columnNs: number;
  /** Columns are counted from time 0. */
  readonly firstColumn: number;
  readonly columns: number;
  readonly heightPx: number;
  /** What comes after it may still change. */
  readonly settledNs: number;
  /** Sets all pixels of some columns; a row of `pixels` is `count` long. */
  paint(first: number, count: number, pixels: Uint32Array): void;
}

export class RingImage {
  readonly canvas = newCanvas();
  #key = '';
  /** Columns that are painted and will not change. */
  #validFrom = 0;
  #validEnd = 0;
  /** How many columns the last update painted. */
  painted = 0;

  update(plan: RingPlan): void {
    const { canvas } = this;
    const height = Math.max(1, plan.heightPx);
    if (canvas.width !== plan.columns || canvas.height !== height || this.#key !== plan.key) {
      canvas.width = plan.columns;
      canvas.height = height;
      this.#key = plan.key;
      this.#validFrom = this.#validEnd = plan.firstColumn;
    }
    const end = plan.firstColumn + plan.columns;
    const keptFrom = Math.max(plan.firstColumn, this.#validFrom);
    const keptEnd = Math.min(end, this.#validEnd);
    this.painted = 0;
    if (keptFrom >= keptEnd) this.#paint(plan, plan.firstColumn, end);
    else {
      this.#paint(plan, plan.firstColumn, keptFrom);
      this.#paint(plan, keptEnd, end);
    }
    this.#validFrom = plan.firstColumn;
    this.#validEnd = Math.max(plan.firstColumn, Math.min(end, Math.floor(plan.settledNs / plan.columnNs)));
  }

  /** The parts of the ring from the first column on, in the order of time. */
  parts(plan: RingPlan): CanvasPart[] {
    const { columns, firstColumn } = plan;
    const { canvas } = this;
    const at = slotOf(firstColumn, columns);
    const whole = { canvas, y: 0, height: canvas.height };
    if (at === 0) return [{ ...whole, x: 0, width: columns }];
    return [
      { ...whole, x: at, width: columns - at },
      { ...whole, x: 0, width: at },
    ];
  }

  #paint(plan: RingPlan, from: number, end: number): void {
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    // A stretch that goes over the end of the ring is painted in two.
    for (let column = from; column < end;) {
      const slot = slotOf(column, plan.columns);
      const count = Math.min(end - column, plan.columns - slot);
      const image = context.createImageData(count, this.canvas.height);
      plan.paint(column, count, new Uint32Array(image.data.buffer));
      context.putImageData(image, slot, 0);
      column += count;
    }
    this.painted += Math.max(0, end - from);
  }
}

const slotOf = (column: number, columns: number): number => ((column % columns) + columns) % columns;
