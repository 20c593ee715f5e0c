/** From points to what is drawn: steps where points are far apart, and one line on top of another. */
import type { LinePoints } from './decimate.ts';

/**
 * Points that tell of a stretch at least so wide, in pixels, as two at its height, into `steps`: a slope would say what
 * nobody knows.
 */
export function stepped(points: LinePoints, steps: LinePoints, leastPx = 0): LinePoints {
  steps.count = 0;
  for (let i = 0; i < points.count; i++) {
    const [low, high, mean] = [points.lows[i] ?? 0, points.highs[i] ?? 0, points.means[i] ?? 0];
    const [from, x] = [points.froms[i] ?? 0, points.xs[i] ?? 0];
    if (x - from >= leastPx) steps.add(from, from, low, high, mean);
    steps.add(from, x, low, high, mean);
  }
  return steps;
}

/** Lifts points by those below, where both are of the same samples. */
export function stack(points: LinePoints, below: LinePoints | undefined): void {
  if (below?.count !== points.count) return;
  for (const values of ['lows', 'highs', 'means'] as const) {
    for (let i = 0; i < points.count; i++) points[values][i] = (points[values][i] ?? 0) + (below[values][i] ?? 0);
  }
}

/** Numbers that are written anew for each picture, as many as are asked for. */
export class Scratch {
  #values = new Float64Array(512);

  take(count: number): Float64Array {
    if (this.#values.length < count) this.#values = new Float64Array(2 * count);
    return this.#values.subarray(0, count);
  }
}
