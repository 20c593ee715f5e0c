/**
 * The pixels of the raster in a canvas that is a ring over time: while the window moves on, only what is new is painted,
 * and two copies put the picture together. A column of the ring is a stretch of time as wide as a pixel of the screen.
 */
import type { SocketStore } from '../stores/history-sockets.ts';
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import type { CanvasPart } from './pen.ts';

const tickNs = frameIntervalMs * 1e6;
/** Without frames for longer than this nothing was looked at, and nothing is shown. */
const longestTickNs = 30 * tickNs;

export interface RasterPlan {
  /** A different one makes all that was painted void. */
  readonly key: string;
  readonly store: SocketStore;
  readonly columnNs: number;
  readonly firstColumn: number;
  readonly columns: number;
  readonly lines: number;
  /** Pixels a line is high. */
  readonly linePx: number;
  /** Bytes of the lines at a tick; where several ticks share a column, the greater one is shown. */
  statesAt(tick: number): Uint8Array;
  /** A pixel of the picture: of a line's byte, at a place within the line and in time. */
  pixel(folded: number, column: number, y: number): number;
}

export class RasterImage {
  readonly canvas = document.createElement('canvas');
  #key = '';
  /** Columns that are painted and will not change. */
  #validFrom = 0;
  #validEnd = 0;
  /** How many columns the last update painted. */
  painted = 0;

  update(plan: RasterPlan): void {
    const { canvas } = this;
    const height = Math.max(1, plan.lines * plan.linePx);
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
    const { store } = plan;
    // The newest tick may still change, and what comes after it is not known.
    const settledNs = store.endTick - store.firstTick > 1 ? store.tickTime(store.endTick - 2) : 0;
    this.#validFrom = plan.firstColumn;
    this.#validEnd = Math.max(plan.firstColumn, Math.min(end, Math.floor(settledNs / plan.columnNs)));
  }

  /** The parts of the ring from the first column on, in the order of time. */
  parts(plan: RasterPlan): CanvasPart[] {
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

  #paint(plan: RasterPlan, from: number, end: number): void {
    // A stretch that goes over the end of the ring is painted in two.
    for (let column = from; column < end;) {
      const slot = slotOf(column, plan.columns);
      const count = Math.min(end - column, plan.columns - slot);
      this.#paintStretch(plan, column, count, slot);
      column += count;
    }
    this.painted += Math.max(0, end - from);
  }

  #paintStretch(plan: RasterPlan, first: number, count: number, slot: number): void {
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    const { lines, linePx } = plan;
    const image = context.createImageData(count, this.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    const worst = new Uint8Array(lines);
    for (let i = 0; i < count; i++) {
      statesOf(plan, first + i, worst);
      for (let line = 0; line < lines; line++) {
        const state = worst[line] ?? 0;
        for (let y = 0; y < linePx; y++) {
          pixels[(line * linePx + y) * count + i] = plan.pixel(state, first + i, y);
        }
      }
    }
    context.putImageData(image, slot, 0);
  }
}

const slotOf = (column: number, columns: number): number => ((column % columns) + columns) % columns;

/** The states of a stretch of time: of several ticks, those that matter most. */
function statesOf(plan: RasterPlan, column: number, into: Uint8Array): void {
  const { store, columnNs } = plan;
  const fromNs = column * columnNs;
  const toNs = fromNs + columnNs;
  into.fill(0);
  for (let tick = store.tickAt(fromNs); tick < store.endTick; tick++) {
    const timeNs = store.tickTime(tick);
    const beforeNs = tick > store.firstTick ? store.tickTime(tick - 1) : timeNs - tickNs;
    const beginNs = timeNs - beforeNs > longestTickNs ? timeNs - tickNs : beforeNs;
    if (beginNs >= toNs) return;
    if (timeNs <= fromNs) continue;
    const states = plan.statesAt(tick);
    for (let line = 0; line < into.length; line++) {
      if ((states[line] ?? 0) > (into[line] ?? 0)) into[line] = states[line] ?? 0;
    }
  }
}
