/** Held means held: what is shown is as of one moment, whatever comes or goes meanwhile. */
import { effectScope, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { counterNames, eventKinds, frameKinds } from '../../../shared/telemetry/wire.ts';
import { useShownRun } from '../../../renderer/app/use-shown-run.ts';
import { useChannels } from '../../../renderer/stores/channels.ts';
import { EventStore } from '../../../renderer/stores/history-events.ts';
import { ThreadStore } from '../../../renderer/stores/history-threads.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { useTimebase } from '../../../renderer/stores/timebase.ts';
import { SocketOrder } from '../../../renderer/tracks/socket-order.ts';
import type { LabDouble } from './lab-double.ts';
import { countersFrame, joined } from './scope-tools.ts';
import { fdFrame, socketsTold, startNs, tickNs } from './tracks/given.ts';

let double: LabDouble;
let scope: EffectScope;
beforeEach(async () => {
  ({ double } = await joined());
  await useLab().start(useSetup().toStart);
  scope = effectScope();
  scope.run(useShownRun);
});
afterEach(() => scope.stop());

/** Requests at a rate over [fromMs, toMs], from a count on. */
function run(fromMs: number, toMs: number, rate: number, base = 0): void {
  for (let ms = fromMs; ms <= toMs; ms += 50) {
    const requests = base + ((ms - fromMs) * rate) / 1000;
    double.send('server', countersFrame(ms, requests, rate));
  }
}

describe('figures while the picture is held', () => {
  it('are those of the held moment, also beside the models, and of now when it is let go', () => {
    double.send('server', encodeJson(frameKinds.model, { timeNs: 1e9, model: 'epoll-lt', sourceFile: 'x', steps: [] }));
    run(1000, 5000, 1000);
    const channels = useChannels();
    const timebase = useTimebase();
    channels.sample();
    timebase.pause();
    // Of all that had come by then, whether or not a track had drawn it.
    expect(timebase.heldNs).toBe(5e9);
    run(5050, 9050, 3000, 4000);
    channels.sample();
    expect(channels.asOf).toEqual({ kind: 'held', sinceStartNs: 4e9 });
    expect(channels.now?.requestsPerSecond).toBeCloseTo(1000, 0);
    expect(channels.gauges?.openFds).toBe(1000);
    expect(channels.byModel.get('epoll-lt')?.figures.requestsPerSecond).toBeCloseTo(1000, 0);
    timebase.follow();
    channels.sample();
    expect(channels.asOf).toEqual({ kind: 'now' });
    expect(channels.now?.requestsPerSecond).toBeCloseTo(3000, 0);
    expect(channels.byModel.get('epoll-lt')?.figures.requestsPerSecond).toBeCloseTo(3000, 0);
  });

  it('a moment that came later is shown by a hold of its own', () => {
    run(1000, 5000, 1000);
    const timebase = useTimebase();
    timebase.pause();
    run(5050, 9000, 1000, 4000);
    timebase.showMoment(8e9);
    expect([timebase.heldNs, timebase.cursorNs]).toEqual([9e9, 8e9]);
    timebase.select(8e9, 12e9);
    expect(timebase.selection).toEqual({ fromNs: 8e9, toNs: 9e9 });
  });
});

describe('history that makes room while the picture is held', () => {
  const event = (store: EventStore, timeNs: number, count = 1): void =>
    store.take({
      ...{ timeNs, threadId: 1, dropped: 0, count },
      timesNs: Float64Array.from({ length: count }, (_, i) => timeNs + i),
      durationsNs: new Float64Array(count).fill(1),
      kinds: new Uint16Array(count).fill(eventKinds.syscall),
      codes: new Uint16Array(count),
      fds: new Int32Array(count),
      results: new Int32Array(count),
      connectionIds: new Uint32Array(count).fill(1),
    });
  const timesIn = (store: EventStore, fromNs: number, toNs: number): number[] => {
    const found: number[] = [];
    store.visit(1, fromNs, toNs, (columns, i) => void found.push(columns.timesNs[i] ?? 0));
    return found;
  };

  it('keeps the events of the held time beside the budget, and lets them go with the hold', () => {
    const store = new EventStore(64 * 1024);
    event(store, 1000, 500);
    const before = timesIn(store, 1000, 1500);
    expect(before).toHaveLength(500);
    store.hold();
    for (let i = 0; i < 100; i++) event(store, 1e6 + i * 1e4, 500);
    expect(store.evicted).toBeGreaterThan(500);
    expect(timesIn(store, 1000, 1500)).toEqual(before);
    expect(store.nearestTo({ connectionId: 1 }, 1400, 2000, 1499).map(({ timeNs }) => timeNs)).toEqual(before);
    expect(store.byteLength).toBeLessThanOrEqual(2 * 64 * 1024);
    store.release();
    expect(timesIn(store, 1000, 1500)).toEqual([]);
    expect(store.byteLength).toBeLessThanOrEqual(64 * 1024);
  });

  it('says what of the figures fell out', () => {
    const timebase = useTimebase();
    run(1000, 4000, 10);
    timebase.pause();
    expect(timebase.fellOut).toEqual({});
    // Half an hour of them is kept, and this is longer.
    run(4050, 4050 + 30 * 60_000, 10, 30);
    timebase.advance(history.keptSinceNs, history.newestNs);
    const { figures } = timebase.fellOut;
    expect(figures?.fromNs).toBe(1e9);
    expect(figures?.toNs).toBeGreaterThan(3e9);
    timebase.follow();
    expect(timebase.fellOut).toEqual({});
  });
});

describe('sockets and threads while the picture is held', () => {
  it('rows and what is only known as of now stay as they were', () => {
    const store = socketsTold([
      [
        { id: 1, state: 'waiting', waitingUs: 10, bytesIn: 5 },
        { id: 2, state: 'idle' },
      ],
    ]);
    const order = new SocketOrder();
    order.update(store);
    const before = { figures: store.figures(0), rows: [...order.rows], waitingUs: store.waitingUs(0) };
    store.hold();
    for (let tick = 1; tick <= 5; tick++) {
      store.take(
        fdFrame(startNs + tick * tickNs, [
          { id: 1, state: 'serving', bytesIn: 100 },
          { id: 2 + tick, state: 'waiting', waitingUs: 50_000, fd: 200 + tick },
        ]),
      );
    }
    order.by = 'waiting';
    order.update(store);
    expect([...order.rows].sort()).toEqual(before.rows.sort());
    expect(order.rows[0]).toBe(0);
    expect([store.figures(0), store.waitingUs(0)]).toEqual([before.figures, before.waitingUs]);
    store.release();
    order.update(store);
    expect(order.rows).toHaveLength(7);
    expect(store.figures(0).bytesIn).toBe(505);
  });

  it('totals of threads are as of the hold', () => {
    const threads = new ThreadStore();
    const tell = (value: number): void =>
      threads.takeTotals({
        timeNs: 1,
        threads: [{ threadId: 1, hasEnded: false, indexes: Uint16Array.of(0), values: Float64Array.of(value) }],
      });
    tell(10);
    threads.hold();
    tell(20);
    const name = counterNames[0];
    expect(threads.total(1, name)).toBe(10);
    threads.release();
    expect(threads.total(1, name)).toBe(20);
  });
});
