/** The pixels of the raster, a column a stretch of time. */
import type { SocketStore } from '../stores/history-sockets.ts';
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';

const tickNs = frameIntervalMs * 1e6;
/** Without frames for longer than this nothing was looked at, and nothing is shown. */
const longestTickNs = 30 * tickNs;

export interface RasterColumns {
  readonly store: SocketStore;
  readonly columnNs: number;
  readonly lines: number;
  /** Pixels a line is high. */
  readonly linePx: number;
  /** Bytes of the lines at a tick; where several ticks share a column, the greater one is shown. */
  foldedAt(tick: number): Uint8Array;
  /** Of a line's byte, at a place within the line and in time. */
  pixel(folded: number, column: number, y: number): number;
}

export function paintColumns(raster: RasterColumns, first: number, count: number, pixels: Uint32Array): void {
  const { lines, linePx } = raster;
  const bytes = new Uint8Array(lines);
  for (let i = 0; i < count; i++) {
    columnOfTime(raster, first + i, bytes);
    for (let line = 0; line < lines; line++) {
      for (let y = 0; y < linePx; y++) {
        pixels[(line * linePx + y) * count + i] = raster.pixel(bytes[line] ?? 0, first + i, y);
      }
    }
  }
}

/** When what a tick tells began: with the tick before, unless nothing was looked at for so long. */
function beginOf({ ticks }: SocketStore, tick: number): number {
  const timeNs = ticks.timeOf(tick);
  const beforeNs = tick > ticks.first ? ticks.timeOf(tick - 1) : timeNs - tickNs;
  return timeNs - beforeNs > longestTickNs ? timeNs - tickNs : beforeNs;
}

/** The tick that tells of a moment; undefined where nobody looked then. What is as late as a frame may be, is as last told. */
export function tickTelling(store: SocketStore, timeNs: number): number | undefined {
  const { ticks } = store;
  if (ticks.end === ticks.first) return undefined;
  const tick = ticks.tickAt(timeNs);
  if (tick === ticks.end) return timeNs - ticks.newestNs > longestTickNs ? undefined : tick - 1;
  return timeNs < beginOf(store, tick) ? undefined : tick;
}

/** Calls `visit` for the ticks that touch a stretch of time, with how much of it each covers. */
export function visitTicks(
  store: SocketStore,
  fromNs: number,
  toNs: number,
  visit: (tick: number, coveredNs: number) => void,
): void {
  for (let tick = store.ticks.tickAt(fromNs); tick < store.ticks.end; tick++) {
    const timeNs = store.ticks.timeOf(tick);
    const beginNs = beginOf(store, tick);
    if (beginNs >= toNs) return;
    if (timeNs > fromNs) visit(tick, Math.min(timeNs, toNs) - Math.max(beginNs, fromNs));
  }
}

/** What is shown in a column: of several ticks, what matters most. */
export function columnOfTime(
  raster: Pick<RasterColumns, 'store' | 'columnNs' | 'foldedAt'>,
  column: number,
  into: Uint8Array,
): void {
  into.fill(0);
  visitTicks(raster.store, column * raster.columnNs, (column + 1) * raster.columnNs, (tick) => {
    const folded = raster.foldedAt(tick);
    for (let line = 0; line < into.length; line++) {
      if ((folded[line] ?? 0) > (into[line] ?? 0)) into[line] = folded[line] ?? 0;
    }
  });
}
