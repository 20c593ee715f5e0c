/** Pointers and wheels over the tracks, turned into moves of the timebase. Lengths are CSS pixels from the plot's left. */
import type { Timebase } from '../stores/timebase.ts';
import { nsAt, nsPerPx, pxOf, type TimeScale } from './time-scale.ts';

/** A press that moves less is a click. */
const clickPx = 4;
/** How near an edge of the selection has to be to be taken. */
const edgePx = 5;
const wheelLinePx = 16;

type Drag =
  | { readonly kind: 'select'; readonly startPx: number; anchorNs: number; isMoving: boolean }
  | { readonly kind: 'pan'; readonly startPx: number; lastPx: number; isMoving: boolean };

export interface WheelTurn {
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
}

export class Gestures {
  readonly #timebase: Timebase;
  readonly #scale: () => TimeScale;
  readonly #pointers = new Map<number, number>();
  #drag: Drag | undefined;
  #wasPinch = false;

  constructor(timebase: Timebase, scale: () => TimeScale) {
    this.#timebase = timebase;
    this.#scale = scale;
  }

  get isDragging(): boolean {
    return this.#drag?.isMoving ?? false;
  }

  down(pointerId: number, px: number, isPan: boolean): void {
    this.#pointers.set(pointerId, px);
    if (this.#pointers.size > 1) {
      this.#drag = undefined;
      this.#wasPinch = true;
      return;
    }
    this.#wasPinch = false;
    const opposite = this.#oppositeEdge(px);
    if (isPan) this.#drag = { kind: 'pan', startPx: px, lastPx: px, isMoving: false };
    else {
      const anchorNs = opposite ?? nsAt(this.#scale(), px);
      this.#drag = { kind: 'select', startPx: px, anchorNs, isMoving: false };
    }
  }

  move(pointerId: number, px: number): void {
    const before = this.#pointers.get(pointerId);
    if (before === undefined) return;
    this.#pointers.set(pointerId, px);
    if (this.#pointers.size === 2) this.#pinch(pointerId, before, px);
    const drag = this.#drag;
    if (drag === undefined) return;
    if (!drag.isMoving && Math.abs(px - drag.startPx) < clickPx) return;
    if (!drag.isMoving) this.#timebase.pause();
    drag.isMoving = true;
    if (drag.kind === 'pan') {
      this.#timebase.pan((drag.lastPx - px) * nsPerPx(this.#scale()));
      drag.lastPx = px;
    } else {
      const { widthPx } = this.#scale();
      this.#timebase.select(drag.anchorNs, nsAt(this.#scale(), Math.max(0, Math.min(widthPx, px))));
    }
  }

  /** Whether the press was a click. */
  up(pointerId: number): boolean {
    const wasAlone = this.#pointers.size === 1 && !this.#wasPinch;
    const isClick = this.#pointers.delete(pointerId) && wasAlone && this.#drag?.isMoving === false;
    this.#drag = undefined;
    return isClick;
  }

  cancel(): void {
    this.#pointers.clear();
    this.#drag = undefined;
  }

  /** Up and down zooms around the pointer, as does a pinch on a touchpad (Ctrl); sideways, or with Shift, moves. */
  wheel(turn: WheelTurn, px: number): void {
    const unitPx = turn.deltaMode === 1 ? wheelLinePx : turn.deltaMode === 2 ? 400 : 1;
    const sideways = turn.deltaX !== 0 ? turn.deltaX : turn.shiftKey ? turn.deltaY : 0;
    if (!turn.ctrlKey && Math.abs(sideways) >= Math.abs(turn.shiftKey ? 0 : turn.deltaY)) {
      if (sideways !== 0) this.#timebase.pan(sideways * unitPx * nsPerPx(this.#scale()));
      return;
    }
    // A touchpad's pinch comes in many small steps.
    const perPx = turn.ctrlKey ? 0.01 : 0.002;
    const factor = Math.exp(Math.max(-1, Math.min(1, turn.deltaY * unitPx * perPx)));
    this.#timebase.zoom(factor, nsAt(this.#scale(), px));
  }

  isOverEdge(px: number): boolean {
    return this.#oppositeEdge(px) !== undefined;
  }

  /** Where an edge of the selection is taken, the other edge stays. */
  #oppositeEdge(px: number): number | undefined {
    const { selection } = this.#timebase;
    if (selection === undefined) return undefined;
    const scale = this.#scale();
    if (Math.abs(pxOf(scale, selection.fromNs) - px) <= edgePx) return selection.toNs;
    if (Math.abs(pxOf(scale, selection.toNs) - px) <= edgePx) return selection.fromNs;
    return undefined;
  }

  #pinch(pointerId: number, before: number, px: number): void {
    const other = [...this.#pointers].find(([id]) => id !== pointerId)?.[1] ?? px;
    const widthBefore = Math.max(8, Math.abs(before - other));
    const width = Math.max(8, Math.abs(px - other));
    this.#timebase.pause();
    this.#timebase.zoom(widthBefore / width, nsAt(this.#scale(), other));
  }
}
