import { describe, expect, it } from 'vitest';
import { entryCount, firstSeen, stateCode } from '../../../../renderer/stores/socket-states.ts';
import { LineTimes, weighSockets } from '../../../../renderer/tracks/raster-columns.ts';
import { linesOfRows, placesOf } from '../../../../renderer/tracks/raster-fold.ts';
import { isInk } from '../../../../renderer/tracks/raster-look.ts';
import { socketMoment, timesOfRows } from '../../../../renderer/tracks/socket-moment.ts';
import { SocketStore } from '../../../../renderer/stores/history-sockets.ts';
import { RowWindow } from '../../../../renderer/tracks/row-window.ts';
import { SocketOrder, sortedRows } from '../../../../renderer/tracks/socket-order.ts';
import { hatches } from '../../../../renderer/tracks/pen.ts';
import { fdFrame, sharesFrame, socketsTold, startNs, tickNs } from './given.ts';

const identity = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

describe('the tick that tells of a moment', () => {
  it('is there while somebody looks, and neither behind the last look nor in a gap', () => {
    const store = socketsTold([[{ id: 1, state: 'idle' }], [{ id: 1, state: 'serving' }]]);
    const telling = (timeNs: number): number | undefined => store.ticks.tickTelling(timeNs);
    expect(telling(startNs - 2 * tickNs)).toBeUndefined();
    expect(telling(startNs + 0.5 * tickNs)).toBe(1);
    // As late as a frame may be it is as last told; later nobody looks any more.
    expect(telling(startNs + 2 * tickNs)).toBe(1);
    expect(telling(startNs + 60 * tickNs)).toBeUndefined();
    store.take(fdFrame(startNs + 100 * tickNs, [{ id: 1, state: 'idle' }]));
    expect(telling(startNs + 60 * tickNs)).toBeUndefined();
    expect(telling(startNs + 99.5 * tickNs)).toBe(2);
    expect(socketsTold([]).ticks.tickTelling(startNs)).toBeUndefined();
  });
});

describe('folding rows to lines', () => {
  it('puts every row on exactly one line, in the order of the rows', () => {
    const folding = { order: identity(1000).reverse(), first: 0, end: 1000, lines: 217 };
    const seen = Array.from({ length: 217 }, (_, line) => placesOf(folding, line));
    expect(seen[0]?.first).toBe(0);
    expect(seen.at(-1)?.end).toBe(1000);
    seen.slice(1).forEach(({ first }, i) => expect(first).toBe(seen[i]?.end));
    const lineOf = linesOfRows(folding);
    expect([lineOf[999], lineOf[0]]).toEqual([0, 216]);
    expect([...linesOfRows({ ...folding, first: 500, lines: 500 })].filter((line) => line < 0)).toHaveLength(500);
  });
});

describe('times in columns', () => {
  const store = new SocketStore();
  // Two sockets; the second did nothing in the last tick and is in no record of it.
  store.take(
    fdFrame(startNs, [
      { id: 1, state: 'idle', fd: 10 },
      { id: 2, state: 'idle', fd: 11 },
    ]),
  );
  store.takeShares(
    sharesFrame(startNs + tickNs, [
      { id: 1, ns: { serving: 10e6, waiting: 30e6, idle: 10e6 } },
      { id: 2, ns: { unsure: 50e6 } },
    ]),
  );
  store.takeShares(sharesFrame(startNs + 2 * tickNs, [{ id: 1, ns: { serving: 20e3, idle: 49.98e6 } }]));
  const folding = { order: identity(2), first: 0, end: 2, lines: 1 };
  const lineOf = linesOfRows(folding);

  const weighed = (columnNs: number, column: number): Record<string, number> => {
    const weights = new Float32Array(entryCount);
    const raster = { store, version: 1, columnNs, lines: 1, lineOf, states: entryCount, times: new LineTimes() };
    weighSockets(raster, column, 1, weights);
    return Object.fromEntries(
      Object.entries(stateCode)
        .map(([state, code]) => [state, Math.round(weights[code] ?? 0)] as const)
        .filter(([, ns]) => ns > 0),
    );
  };

  it('a column has what its time had of the ticks that it touches', () => {
    expect(weighed(tickNs, startNs / tickNs)).toEqual({ idle: 10e6, waiting: 30e6, serving: 10e6, unsure: 50e6 });
    expect(weighed(tickNs / 5, 5 * (startNs / tickNs))).toEqual({
      idle: 2e6,
      waiting: 6e6,
      serving: 2e6,
      unsure: 10e6,
    });
    expect(weighed(2 * tickNs, startNs / tickNs / 2)).toEqual({
      ...{ idle: 10e6 + 49.98e6 + 50e6, waiting: 30e6, serving: 10.02e6, unsure: 50e6 },
    });
  });

  it('what was only seen is told apart from what was measured', () => {
    const weights = new Float32Array(entryCount);
    const raster = {
      store,
      version: 1,
      columnNs: tickNs,
      lines: 1,
      lineOf,
      states: entryCount,
      times: new LineTimes(),
    };
    weighSockets(raster, startNs / tickNs - 1, 1, weights);
    expect(weights[firstSeen + stateCode.idle]).toBe(2 * tickNs);
    expect(weights.reduce((sum, ns) => sum + ns, 0)).toBe(2 * tickNs);
  });

  it('covers a stretch exactly once, also where it is shorter than a tick', () => {
    const covered = (fromNs: number, toNs: number): number => {
      let sum = 0;
      store.ticks.visit(fromNs, toNs, (_, ns) => (sum += ns));
      return sum;
    };
    expect(covered(startNs, startNs + 2 * tickNs)).toBe(2 * tickNs);
    expect(covered(startNs + 0.2 * tickNs, startNs + 0.3 * tickNs)).toBeCloseTo(0.1 * tickNs, 3);
    expect(covered(startNs + 5 * tickNs, startNs + 6 * tickNs)).toBe(0);
  });

  it('a moment, the table and the sums of all say the same', () => {
    expect(socketMoment(store, 0, startNs + 0.5 * tickNs)).toMatchObject({
      ...{ by: 'tick', fromNs: startNs, toNs: startNs + tickNs },
      times: [
        { state: 'waiting', ns: 30e6 },
        { state: 'idle', ns: 10e6 },
        { state: 'serving', ns: 10e6 },
      ],
    });
    expect(socketMoment(store, 1, startNs + 1.5 * tickNs)).toMatchObject({ times: [{ state: 'idle', ns: tickNs }] });
    expect(socketMoment(store, 0, startNs - 1)).toMatchObject({ by: 'look', state: 'idle' });
    const [fromNs, toNs] = [startNs + 0.5 * tickNs, startNs + 2 * tickNs];
    const { times, isMeasured } = timesOfRows(store, Uint32Array.of(1, 0), fromNs, toNs);
    expect(isMeasured).toBe(true);
    expect(times[entryCount + stateCode.serving]).toBeCloseTo(5e6 + 20e3, 3);
    expect(times[stateCode.unsure]).toBeCloseTo(25e6, 3);
    const sums = store.ticks.sumsBetween(fromNs, toNs);
    for (const code of Object.values(stateCode)) {
      expect(sums[code]).toBeCloseTo((times[code] ?? 0) + (times[entryCount + code] ?? 0), 3);
    }
  });
});

describe('the order of rows', () => {
  const store = socketsTold([
    [
      { id: 1, state: 'waiting', waitingUs: 100, bytesIn: 10, fd: 9 },
      { id: 2, state: 'waiting', waitingUs: 900, bytesIn: 5, fd: 7 },
      { id: 3, state: 'serving', bytesIn: 5000, fd: 8 },
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
