/** Exact slices of sockets from events, and what a line of the raster is weighed by where there are some. */
import { describe, expect, it } from 'vitest';
import type { Events } from '../../../../shared/telemetry/codec.ts';
import { eventKinds, readinessBits, syscallNames } from '../../../../shared/telemetry/wire.ts';
import { EventStore } from '../../../../renderer/stores/history-events.ts';
import { SocketStore } from '../../../../renderer/stores/history-sockets.ts';
import { stateCode, timedCount } from '../../../../renderer/stores/socket-states.ts';
import { ExactWindow } from '../../../../renderer/tracks/exact-window.ts';
import { LineTimes, weighSockets } from '../../../../renderer/tracks/raster-columns.ts';
import { slicesOfSockets } from '../../../../renderer/tracks/socket-slices.ts';
import { fdFrame, sharesFrame, startNs, tickNs } from './given.ts';

interface Told {
  readonly what: string;
  readonly atUs: number;
  readonly us?: number;
  readonly id?: number;
  readonly result?: number;
}

const fdOf = (id: number): number => 100 - id;
const ms = 1e6;

function eventsOf(told: readonly Told[], threadId = 1): Events {
  const kindOf = (what: string): number =>
    what === 'ready' ? eventKinds.ready : what === 'handled' ? eventKinds.handled : eventKinds.syscall;
  return {
    ...{ timeNs: startNs + tickNs, threadId, dropped: 0, count: told.length },
    timesNs: Float64Array.from(told, ({ atUs }) => startNs + atUs * 1000),
    durationsNs: Float64Array.from(told, ({ us }) => (us ?? 0) * 1000),
    kinds: Uint16Array.from(told, ({ what }) => kindOf(what)),
    codes: Uint16Array.from(told, ({ what }) =>
      what === 'ready'
        ? readinessBits.readable
        : Math.max(
            0,
            syscallNames.findIndex((name) => name === what),
          ),
    ),
    fds: Int32Array.from(told, ({ what, id }) => (id === undefined || what === 'handled' ? -1 : fdOf(id))),
    results: Int32Array.from(told, ({ result }) => result ?? 1),
    connectionIds: Uint32Array.from(told, ({ id }) => id ?? 0),
  };
}

/** A wait that tells of both, the first served at once for 2 ms with its handler, the second after it. */
const turnOfTwo: readonly Told[] = [
  { what: 'epoll_wait', atUs: 1000, us: 9000 },
  { what: 'ready', atUs: 10_000, id: 1 },
  { what: 'ready', atUs: 10_001, id: 2 },
  { what: 'read', atUs: 10_020, us: 10, id: 1 },
  { what: 'handled', atUs: 10_030, us: 1900, id: 1 },
  { what: 'write', atUs: 11_950, us: 50, id: 1 },
  { what: 'read', atUs: 12_020, us: 10, id: 2 },
  { what: 'write', atUs: 12_060, us: 40, id: 2 },
  { what: 'read', atUs: 12_110, us: 5, id: 2, result: -11 },
  { what: 'epoll_wait', atUs: 12_200, us: 30_000 },
];

function storeOf(servingUs: readonly [number, number], reportedUs: readonly [number, number]): SocketStore {
  const store = new SocketStore();
  const sockets = [1, 2].map((id) => ({ id, state: 'serving' as const }));
  store.take(fdFrame(startNs, sockets));
  const shares = [1, 2].map((id, i) => {
    const [serving, reported] = [(servingUs[i] ?? 0) * 1000, (reportedUs[i] ?? 0) * 1000];
    return { id, ns: { serving, reported, waiting: 5 * ms, idle: tickNs - serving - reported - 5 * ms } };
  });
  store.takeShares(sharesFrame(startNs + tickNs, shares));
  store.take(fdFrame(startNs + tickNs, sockets));
  return store;
}

const rowOf = (store: SocketStore, id: number): number => store.rowOfSocket(id, 'client') ?? -1;

describe('slices', () => {
  it('are the turns of a socket, with the handler, and from a report to the first call', () => {
    const store = storeOf([1980, 80], [20, 2020]);
    const events = new EventStore();
    events.take(eventsOf(turnOfTwo));
    const slices = slicesOfSockets(events, store, { fromNs: startNs, toNs: startNs + tickNs });
    const of = (id: number) =>
      (slices?.get(rowOf(store, id)) ?? []).map(({ state, fromNs, toNs }) => [
        state,
        Math.round((fromNs - startNs) / 1000),
        Math.round((toNs - startNs) / 1000),
      ]);
    const { serving, reported } = stateCode;
    expect(of(1)).toEqual([
      [reported, 10_000, 10_020],
      [serving, 10_020, 12_000],
    ]);
    expect(of(2)).toEqual([
      [reported, 10_000, 12_020],
      [serving, 12_020, 12_115],
    ]);
  });

  it('a call in vain that begins a turn is no service, and slices never overlap', () => {
    const store = storeOf([50, 0], [0, 0]);
    const events = new EventStore();
    events.take(
      eventsOf([
        { what: 'read', atUs: 100, us: 50, id: 2, result: -11 },
        { what: 'read', atUs: 200, us: 50, id: 1 },
      ]),
    );
    // Another thread is at the same socket at the same time.
    events.take(eventsOf([{ what: 'write', atUs: 220, us: 60, id: 1 }], 2));
    const slices = slicesOfSockets(events, store, { fromNs: startNs, toNs: startNs + tickNs });
    expect(slices?.get(rowOf(store, 2))).toBeUndefined();
    const own = slices?.get(rowOf(store, 1)) ?? [];
    expect(own.map(({ fromNs, toNs }) => [fromNs - startNs, toNs - startNs])).toEqual([
      [200_000, 250_000],
      [250_000, 280_000],
    ]);
  });
});

describe('a line of the raster', () => {
  const columnNs = 0.1 * ms;
  const weightsOf = (store: SocketStore, events: EventStore): { weights: Float32Array; count: number } => {
    const slices = new ExactWindow().of(
      { sockets: store, events, epoch: 1 },
      { fromNs: startNs, toNs: startNs + tickNs },
    );
    const rows = Uint32Array.of(rowOf(store, 1), rowOf(store, 2));
    const lineOf = new Int32Array(store.rows).fill(-1);
    rows.forEach((row, line) => (lineOf[row] = line));
    const count = tickNs / columnNs;
    const weights = new Float32Array(2 * count * timedCount);
    const exact = slices && { slices, rowOf: rows };
    weighSockets(
      { store, version: 1, columnNs, lines: 2, lineOf, states: timedCount, times: new LineTimes(), exact },
      startNs / columnNs,
      count,
      weights,
    );
    return { weights, count };
  };
  const sumOf = ({ weights, count }: ReturnType<typeof weightsOf>, line: number, state: number): number => {
    let sum = 0;
    for (let column = 0; column < count; column++) sum += weights[(line * count + column) * timedCount + state] ?? 0;
    return sum;
  };

  it('is served and reported exactly when its events say, and has over the tick what the engine measured', () => {
    const store = storeOf([1980, 95], [20, 2020]);
    const events = new EventStore();
    events.take(eventsOf(turnOfTwo));
    const drawn = weightsOf(store, events);
    const at = (line: number, us: number, state: number): number =>
      drawn.weights[(line * drawn.count + Math.floor((us * 1000) / columnNs)) * timedCount + state] ?? 0;
    const { serving, reported, waiting, idle } = stateCode;
    // The middle of the first one's turn is service alone, and nothing of it is anywhere else.
    expect(at(0, 11_050, serving)).toBeCloseTo(columnNs, 0);
    expect(at(0, 11_050, idle)).toBe(0);
    expect(at(0, 30_050, serving)).toBe(0);
    expect(at(1, 11_050, reported)).toBeCloseTo(columnNs, 0);
    expect(at(1, 11_050, serving)).toBe(0);
    // Of the rest the order is not known: it is shared out as the tick says.
    expect(at(0, 30_050, waiting)).toBeGreaterThan(0);
    expect(at(0, 30_050, idle)).toBeGreaterThan(at(0, 30_050, waiting));
    for (const [line, [served, told]] of [
      [1980, 20],
      [95, 2020],
    ].entries()) {
      expect(sumOf(drawn, line, serving)).toBeCloseTo((served ?? 0) * 1000, -3);
      expect(sumOf(drawn, line, reported)).toBeCloseTo((told ?? 0) * 1000, -3);
      expect(sumOf(drawn, line, waiting)).toBeCloseTo(5 * ms, -4);
      let all = 0;
      for (let state = 0; state < timedCount; state++) all += sumOf(drawn, line, state);
      expect(all).toBeCloseTo(tickNs, -3);
    }
  });

  it('is as the tick says where events are missing', () => {
    // The engine measured 8 ms of service, and the events that are there have 2 of them.
    const store = storeOf([8000, 95], [20, 2020]);
    const events = new EventStore();
    events.take(eventsOf(turnOfTwo));
    const drawn = weightsOf(store, events);
    const share = (columnNs * 8 * ms) / tickNs;
    for (const us of [5050, 11_050, 40_050]) {
      const column = Math.floor((us * 1000) / columnNs);
      expect(drawn.weights[column * timedCount + stateCode.serving]).toBeCloseTo(share, 0);
    }
    expect(weightsOf(storeOf([10, 10], [0, 0]), new EventStore()).weights.some((ns) => ns > 0)).toBe(true);
  });
});
