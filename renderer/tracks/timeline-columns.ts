/**
 * The pixels of the thread timeline. A switch takes microseconds and a pixel often milliseconds, so that a pixel tells
 * how much of its time, over all threads of its line, went to each state.
 */
import type { ThreadRecord, ThreadStore } from '../stores/history-threads.ts';
import { blend, pixelOf, type Palette } from '../theme/palette.ts';
import { threadStates } from '../../shared/telemetry/wire.ts';
import { placesOf } from './raster-fold.ts';
import { ready, running, visitStretches } from './thread-states.ts';

const states = threadStates.length;
const unknown = threadStates.indexOf('unknown');
const blocked = threadStates.indexOf('blocked');
const sleeping = threadStates.indexOf('sleeping');
/** Steps of a mixture; the least one is seen even where the share is tiny. */
const steps = 12;
const leastStep = 3;

export interface TimelineColumns {
  readonly store: ThreadStore;
  readonly threads: readonly ThreadRecord[];
  readonly first: number;
  readonly end: number;
  readonly lines: number;
  readonly linePx: number;
  /** Pixels at the foot of each line that stay empty. */
  readonly gapPx: number;
  readonly columnNs: number;
  readonly newestNs: number;
  readonly mixture: Mixture;
}

export class Mixture {
  readonly background: number;
  readonly #colours = new Uint32Array(3 * (steps + 1) * (steps + 1));

  constructor(palette: Palette) {
    this.background = pixelOf(palette.background);
    const bases = [palette.threads.unknown, palette.threads.sleeping, palette.threads.blocked].map((hex) =>
      pixelOf(hex),
    );
    const run = pixelOf(palette.threads.running);
    const wait = pixelOf(palette.threads.ready);
    bases.forEach((base, b) => {
      for (let r = 0; r <= steps; r++) {
        for (let w = 0; w <= steps; w++) {
          const total = Math.max(1, (r + w) / steps);
          const withRun = blend(base, run, r / steps / total);
          this.#colours[(b * (steps + 1) + r) * (steps + 1) + w] = blend(withRun, wait, w / steps / total);
        }
      }
    });
  }

  /** Of times in each state, as many of them as threads share the pixel. */
  pixel(times: Float64Array, at: number, wholeNs: number): number {
    const of = (state: number): number => times[at + state] ?? 0;
    const [u, s, b] = [of(unknown), of(sleeping), of(blocked)];
    const [r, w] = [of(running), of(ready)];
    if (u + s + b + r + w === 0) return this.background;
    const base = b >= s && b >= u && b > 0 ? 2 : s >= u && s > 0 ? 1 : 0;
    const step = (ns: number): number =>
      ns === 0 ? 0 : Math.max(leastStep, Math.min(steps, Math.round((ns / wholeNs) * steps)));
    return this.#colours[(base * (steps + 1) + step(r)) * (steps + 1) + step(w)] ?? this.background;
  }
}

export function paintTimeline(timeline: TimelineColumns, first: number, count: number, pixels: Uint32Array): void {
  const { store, threads, columnNs, lines, linePx, newestNs, mixture } = timeline;
  const fromNs = first * columnNs;
  const toNs = (first + count) * columnNs;
  const times = new Float64Array(count * states);
  for (let line = 0; line < lines; line++) {
    times.fill(0);
    const { first: begin, end } = placesOf(timeline, line);
    for (let place = begin; place < end; place++) {
      const thread = threads[place];
      if (thread === undefined) continue;
      visitStretches(store, thread, fromNs, toNs, newestNs, (state, a, b) =>
        spread(times, state, a - fromNs, b - fromNs, columnNs),
      );
    }
    const wholeNs = columnNs * (end - begin);
    for (let i = 0; i < count; i++) {
      const colour = mixture.pixel(times, i * states, wholeNs);
      for (let y = 0; y < linePx; y++) {
        pixels[(line * linePx + y) * count + i] = y < linePx - timeline.gapPx ? colour : mixture.background;
      }
    }
  }
}

/** Adds a stretch to the columns that it touches. */
export function spread(times: Float64Array, state: number, fromNs: number, toNs: number, columnNs: number): void {
  const last = Math.min(times.length / states - 1, Math.ceil(toNs / columnNs) - 1);
  for (let column = Math.floor(fromNs / columnNs); column <= last; column++) {
    const part = Math.min(toNs, (column + 1) * columnNs) - Math.max(fromNs, column * columnNs);
    const at = column * states + state;
    times[at] = (times[at] ?? 0) + part;
  }
}
