import { describe, expect, it } from 'vitest';
import { stateCode, type SocketState } from '../../../../renderer/stores/history-sockets.ts';
import { columnOfTime, tickTelling, visitTicks } from '../../../../renderer/tracks/raster-columns.ts';
import {
  fold,
  FoldCache,
  placesOf,
  shares,
  StateCounts,
  stateOfFold,
} from '../../../../renderer/tracks/raster-fold.ts';
import { isInk } from '../../../../renderer/tracks/raster-track.ts';
import { RowWindow } from '../../../../renderer/tracks/row-window.ts';
import { SocketOrder, sortedRows } from '../../../../renderer/tracks/socket-order.ts';
import { hatches } from '../../../../renderer/tracks/track.ts';
import { fdFrame, socketsTold, startNs, tickNs } from './given.ts';

const identity = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);
const cells = (states: readonly SocketState[]): Uint8Array => Uint8Array.from(states, (state) => stateCode[state] * 17);

describe('the tick that tells of a moment', () => {
  it('is there while somebody looks, and neither behind the last look nor in a gap', () => {
    const store = socketsTold([[{ id: 1, state: 'idle' }], [{ id: 1, state: 'served' }]]);
    expect(tickTelling(store, startNs - 2 * tickNs)).toBeUndefined();
    expect(tickTelling(store, startNs + 0.5 * tickNs)).toBe(1);
    // As late as a frame may be it is as last told; later nobody looks any more.
    expect(tickTelling(store, startNs + 2 * tickNs)).toBe(1);
    expect(tickTelling(store, startNs + 60 * tickNs)).toBeUndefined();
    store.take(fdFrame(startNs + 100 * tickNs, [{ id: 1, state: 'idle' }]));
    expect(tickTelling(store, startNs + 60 * tickNs)).toBeUndefined();
    expect(tickTelling(store, startNs + 99.5 * tickNs)).toBe(2);
    expect(tickTelling(socketsTold([]), startNs)).toBeUndefined();
  });
});

describe('folding rows to lines', () => {
  it('shows a single bad row among thousands', () => {
    const column = new Uint8Array(10_000).fill(stateCode.idle * 17);
    column[7777] = stateCode.writeBlocked * 17;
    const lines = new Uint8Array(220);
    const folding = { order: identity(10_000), first: 0, end: 10_000, lines: 220 };
    fold(column, folding, lines);
    const bad = [...lines].flatMap((byte, line) => (stateOfFold(byte) === stateCode.writeBlocked ? [line] : []));
    expect(bad).toHaveLength(1);
    const { first, end } = placesOf(folding, bad[0] ?? 0);
    expect(first <= 7777 && 7777 < end).toBe(true);
  });

  it('puts every row on exactly one line', () => {
    const folding = { order: identity(1000), first: 0, end: 1000, lines: 217 };
    const seen = Array.from({ length: 217 }, (_, line) => placesOf(folding, line));
    expect(seen[0]?.first).toBe(0);
    expect(seen.at(-1)?.end).toBe(1000);
    seen.slice(1).forEach(({ first }, i) => expect(first).toBe(seen[i]?.end));
  });

  it('is the stronger the more rows of a line are in the state', () => {
    const folded = (served: number): number => {
      const column = cells(Array.from({ length: 100 }, (_, i) => (i < served ? 'served' : 'idle')));
      const line = new Uint8Array(1);
      fold(column, { order: identity(100), first: 0, end: 100, lines: 1 }, line);
      return line[0] ?? 0;
    };
    const strengths = [1, 10, 40, 100].map((served) => folded(served) % shares.length);
    expect(strengths).toEqual([0, 1, 2, 3]);
    expect(folded(1)).toBeLessThan(folded(100));
  });

  it('follows the order of the rows, and shows only those of the window', () => {
    const lines = new Uint8Array(2);
    fold(cells(['idle', 'served', 'waiting']), { order: Uint32Array.of(2, 1, 0), first: 0, end: 2, lines: 2 }, lines);
    expect([...lines].map(stateOfFold)).toEqual([stateCode.waiting, stateCode.served]);
  });
});

describe('ticks and pixels', () => {
  const store = socketsTold([
    [{ id: 1, state: 'served' }],
    [{ id: 1, state: 'waiting' }],
    [{ id: 1, state: 'served' }],
  ]);
  const folding = { order: identity(1), first: 0, end: 1, lines: 1 };
  const folds = new FoldCache();
  const stateIn = (columnNs: number, column: number): number => {
    const into = new Uint8Array(1);
    columnOfTime({ store, columnNs, foldedAt: (tick) => folds.at(store, tick, folding) }, column, into);
    return stateOfFold(into[0] ?? 0);
  };

  it('a tick tells of the time before it', () => {
    const columnNs = tickNs / 10;
    const at = (timeNs: number): number => stateIn(columnNs, Math.floor(timeNs / columnNs));
    expect(at(startNs + 0.5 * tickNs)).toBe(stateCode.waiting);
    expect(at(startNs - 0.5 * tickNs)).toBe(stateCode.served);
    // It waited before it was served: within a tick, too, what matters most is seen.
    expect(at(startNs + 1.5 * tickNs)).toBe(stateCode.waiting);
    expect(at(startNs + 2.5 * tickNs)).toBe(stateCode.none);
    expect(at(startNs - 1.5 * tickNs)).toBe(stateCode.none);
  });

  it('of several ticks in a pixel the worst is seen', () => {
    expect(stateIn(startNs, 1)).toBe(stateCode.waiting);
  });

  it('covers a stretch exactly once, also where it is shorter than a tick', () => {
    const covered = (fromNs: number, toNs: number): number => {
      let sum = 0;
      visitTicks(store, fromNs, toNs, (_, ns) => (sum += ns));
      return sum;
    };
    expect(covered(startNs, startNs + 2 * tickNs)).toBe(2 * tickNs);
    expect(covered(startNs + 0.2 * tickNs, startNs + 0.3 * tickNs)).toBeCloseTo(0.1 * tickNs, 3);
    expect(covered(startNs + 5 * tickNs, startNs + 6 * tickNs)).toBe(0);
  });

  it('counts sockets by state, the newest tick anew while it grows', () => {
    const counts = new StateCounts();
    const growing = socketsTold([[{ id: 1, state: 'served' }]]);
    expect(counts.at(growing, 0)[stateCode.served]).toBe(1);
    growing.take({ ...socketFrame(2), timeNs: startNs + 1 });
    expect(counts.at(growing, 0)[stateCode.served]).toBe(2);
  });
});

function socketFrame(id: number): Parameters<ReturnType<typeof socketsTold>['take']>[0] {
  return {
    timeNs: startNs,
    count: 1,
    connectionIds: Uint32Array.of(id),
    fds: Int32Array.of(50 + id),
    flags: Uint16Array.of(8),
    roles: Uint8Array.of(1),
    tcpStates: Uint8Array.of(1),
    receiveQueueBytes: Uint32Array.of(0),
    sendQueueBytes: Uint32Array.of(0),
    waitingUs: Uint32Array.of(0),
    bytesIn: Uint32Array.of(0),
    bytesOut: Uint32Array.of(0),
  };
}

describe('the order of rows', () => {
  const store = socketsTold([
    [
      { id: 1, state: 'waiting', waitingUs: 100, bytesIn: 10, fd: 9 },
      { id: 2, state: 'waiting', waitingUs: 900, bytesIn: 5, fd: 7 },
      { id: 3, state: 'served', bytesIn: 5000, fd: 8 },
    ],
  ]);
  const fds = (by: 'fd' | 'activity' | 'waiting'): (number | undefined)[] =>
    [...sortedRows(store, by)].map((row) => store.latestTenant(row)?.fd);

  it('is by fd, by activity or by waiting', () => {
    expect(fds('fd')).toEqual([7, 8, 9]);
    expect(fds('activity')).toEqual([8, 9, 7]);
    expect(fds('waiting')).toEqual([7, 9, 8]);
  });

  it('knows the place of each row, and changes its version only with the order', () => {
    const order = new SocketOrder();
    order.update(store);
    const { version } = order;
    order.rows.forEach((row, place) => expect(order.places[row]).toBe(place));
    order.update(store);
    expect(order.version).toBe(version);
    order.by = 'waiting';
    order.update(store);
    expect(order.version).toBe(version + 1);
  });
});

describe('the window of rows', () => {
  it('shares the height among all, or scrolls rows of one height', () => {
    const rows = new RowWindow();
    expect(rows.rowPx(10_000, 200)).toBe(0.02);
    expect([rows.rowPx(5, 140), new RowWindow(27).rowPx(5, 140), new RowWindow(27).rowPx(10, 140)]).toEqual([
      18, 27, 14,
    ]);
    expect(rows.visible(10_000, 200)).toEqual({ first: 0, end: 10_000 });
    expect(rows.scroll(50, 10_000, 200)).toBe(false);
    rows.fixedPx = 8;
    expect(rows.visible(100, 200)).toEqual({ first: 0, end: 25 });
    expect(rows.scroll(84, 100, 200)).toBe(true);
    expect(rows.visible(100, 200)).toEqual({ first: 10, end: 36 });
    expect(rows.placeAt(0, 100, 200)).toBe(10);
    expect(rows.topOf(10, 100, 200)).toBe(-4);
    rows.scroll(1e6, 100, 200);
    expect(rows.visible(100, 200).end).toBe(100);
    expect(rows.placeAt(199, 100, 200)).toBe(99);
  });

  it('comes back where rows went away', () => {
    const rows = new RowWindow();
    rows.fixedPx = 10;
    rows.scroll(900, 100, 100);
    expect(rows.visible(5, 100)).toEqual({ first: 0, end: 5 });
    expect(rows.placeAt(70, 5, 100)).toBeUndefined();
  });
});

it('patterns differ from each other in a tile', () => {
  const drawn = hatches.map((hatch) =>
    Array.from({ length: 36 }, (_, i) => (isInk(hatch, i % 6, Math.floor(i / 6)) ? '#' : '.')).join(''),
  );
  expect(new Set(drawn).size).toBe(hatches.length);
});
