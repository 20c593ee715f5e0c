import { describe, expect, it } from 'vitest';
import type { Events } from '../../../../shared/telemetry/codec.ts';
import {
  eventKinds,
  noFd,
  noSyscall,
  switchKinds,
  syscallNames,
  threadStates,
} from '../../../../shared/telemetry/wire.ts';
import { EventStore } from '../../../../renderer/stores/history-events.ts';
import { ThreadStore, type ThreadRecord } from '../../../../renderer/stores/history-threads.ts';
import { TelemetryHistory } from '../../../../renderer/stores/history.ts';
import { labThreadsAt } from '../../../../renderer/stores/threads-of-lab.ts';
import { palettes, pixelOf } from '../../../../renderer/theme/palette.ts';
import { arrowsOf, drawSlices, eventLines, eventName, slicesOf } from '../../../../renderer/tracks/event-slices.ts';
import { SvgPen } from '../../../../renderer/tracks/svg-pen.ts';
import { threadCountWords, ThreadOrder } from '../../../../renderer/tracks/thread-order.ts';
import { ThreadTimes } from '../../../../renderer/tracks/thread-times.ts';
import { stretchAt, timeInStates, visitStretches } from '../../../../renderer/tracks/thread-states.ts';
import { SharePainter } from '../../../../renderer/tracks/share-pixels.ts';
import {
  ColumnTimes,
  timelineOrder,
  timelineStates,
  timelineTiles,
  weighThreads,
} from '../../../../renderer/tracks/timeline-columns.ts';

const state = (name: (typeof threadStates)[number]): number => threadStates.indexOf(name);
const kind = (name: (typeof switchKinds)[number]): number => switchKinds.indexOf(name);

type Switch = readonly [timeNs: number, kind: (typeof switchKinds)[number]];

function threadWith(switches: readonly Switch[]): { store: ThreadStore; thread: ThreadRecord } {
  const store = new ThreadStore();
  store.takeStarted({ threadId: 1, tid: 1001, name: 'worker 1' }, 0);
  store.takeSwitches({
    timeNs: 1e6,
    count: switches.length,
    timesNs: Float64Array.from(switches, ([timeNs]) => timeNs),
    threadIds: new Uint32Array(switches.length).fill(1),
    kinds: Uint8Array.from(switches, ([, name]) => kind(name)),
  });
  const thread = store.byId.get(1);
  if (thread === undefined) throw new Error('The thread is not known.');
  return { store, thread };
}

/** On a core for 10 of each 100 ns, with more switches than a chunk holds. */
const many = Array.from({ length: 5000 }, (_, i): Switch => [
  50 + i * 50 + (i % 2 === 0 ? 0 : -40),
  i % 2 === 0 ? 'in' : 'blocked',
]);

describe('what a thread did', () => {
  it('is not known where the window was too slow for it, until it began what it does then', () => {
    const { store, thread } = threadWith([
      [100, 'in'],
      [200, 'blocked'],
      [250, 'in'],
    ]);
    store.takeStarted({ threadId: 2, tid: 1002, name: 'worker 2' }, 0);
    const asleep = (timeNs: number, threadId: number, sinceNs: number): void =>
      store.takeStates({
        ...{ timeNs, count: 1, threadIds: Uint32Array.of(threadId), states: Uint8Array.of(state('blocked')) },
        ...{ syscalls: Uint16Array.of(0), fds: Int32Array.of(4), sinceNs: Float64Array.of(sinceNs) },
      });
    asleep(260, 2, 120);
    store.leaveOut(300);
    // Merged: worker 1 sleeps since 900. Of worker 2 nothing is told, as it sleeps on.
    asleep(1000, 1, 900);
    const at = (threadId: number, timeNs: number): number | undefined => {
      const record = store.byId.get(threadId);
      return record && stretchAt(store, record, timeNs, 2000)?.state;
    };
    expect([299, 301, 899, 901].map((timeNs) => at(1, timeNs))).toEqual(
      (['running', 'unknown', 'unknown', 'blocked'] as const).map(state),
    );
    expect(at(2, 500)).toBe(state('blocked'));
    // What comes from then on is whole.
    store.takeSwitches({
      ...{ timeNs: 1100, count: 1, timesNs: Float64Array.of(1050) },
      ...{ threadIds: Uint32Array.of(1), kinds: Uint8Array.of(kind('in')) },
    });
    asleep(1200, 1, 1150);
    expect([1049, 1060, 1149, 1160].map((timeNs) => at(1, timeNs))).toEqual(
      (['blocked', 'running', 'running', 'blocked'] as const).map(state),
    );
    expect(thread.changedNs).toBe(1150);
  });

  it('is not known while nobody looks, and known again from when somebody does', () => {
    const { store, thread } = threadWith([[100, 'in']]);
    store.loseSight(300);
    store.loseSight(350);
    // It has slept since before nobody looked, as the first sample behind that says.
    store.takeStates({
      ...{ timeNs: 600, count: 1, threadIds: Uint32Array.of(1), states: Uint8Array.of(state('blocked')) },
      ...{ syscalls: Uint16Array.of(noSyscall), fds: Int32Array.of(noFd), sinceNs: Float64Array.of(200) },
    });
    const seen: (readonly [string | undefined, number, number])[] = [];
    visitStretches(store, thread, 100, 1000, 700, (code, from, to) => seen.push([threadStates[code], from, to]));
    expect(seen).toEqual([
      ['running', 100, 300],
      ['unknown', 300, 600],
      ['blocked', 600, 700],
    ]);
  });

  it('goes from state to state without gaps, and lasts until now', () => {
    const { store, thread } = threadWith([
      [100, 'in'],
      [130, 'preempted'],
      [150, 'in'],
      [180, 'blocked'],
    ]);
    const seen: (readonly [string | undefined, number, number])[] = [];
    visitStretches(store, thread, 0, 1000, 500, (code, from, to) => seen.push([threadStates[code], from, to]));
    expect(seen).toEqual([
      ['unknown', 0, 100],
      ['running', 100, 130],
      ['ready', 130, 150],
      ['running', 150, 180],
      ['blocked', 180, 500],
    ]);
  });

  it('begins a window in the state that it was in', () => {
    const { store, thread } = threadWith(many);
    const seen: [number, number, number][] = [];
    visitStretches(store, thread, 100_005, 100_065, 1e6, (code, from, to) => seen.push([code, from, to]));
    expect(seen[0]?.[1]).toBe(100_005);
    expect(seen.at(-1)?.[2]).toBe(100_065);
    seen.slice(1).forEach(([, from], i) => expect(from).toBe(seen[i]?.[2]));
  });

  it('adds up to the length of the window', () => {
    const { store, thread } = threadWith(many);
    const times = timeInStates(store, thread, 10_000, 210_000, 1e6);
    expect(times.reduce((sum, ns) => sum + ns, 0)).toBe(200_000);
    expect((times[state('running')] ?? 0) / 200_000).toBeCloseTo(0.1, 2);
  });

  it('ends with the thread', () => {
    const { store, thread } = threadWith([[100, 'in']]);
    store.takeTotals({
      timeNs: 300,
      threads: [{ threadId: 1, hasEnded: true, indexes: new Uint16Array(0), values: new Float64Array(0) }],
    });
    expect(timeInStates(store, thread, 0, 1000, 1000)[state('running')]).toBe(200);
  });

  it('names the call it sleeps in', () => {
    const { store, thread } = threadWith([[100, 'blocked']]);
    const read = syscallNames.indexOf('read');
    store.takeStates({
      timeNs: 200,
      count: 1,
      threadIds: Uint32Array.of(1),
      states: Uint8Array.of(state('blocked')),
      syscalls: Uint16Array.of(read),
      fds: Int32Array.of(7),
      sinceNs: Float64Array.of(100),
    });
    expect(stretchAt(store, thread, 180, 300)).toMatchObject({
      state: state('blocked'),
      fromNs: 100,
      syscall: read,
      fd: 7,
    });
    expect(stretchAt(store, thread, 50, 300)).toMatchObject({ state: state('unknown'), syscall: noSyscall, fd: noFd });
    expect(stretchAt(store, thread, 400, 300)).toBeUndefined();
  });
});

describe('pixels of threads', () => {
  const stateTimes = (times: ColumnTimes, columns: number, threads = 1): number[][] => {
    const weights = new Float32Array(columns * timelineStates);
    times.write(threads, columns * 10, weights, 0);
    return Array.from({ length: columns }, (_, i) => [
      ...weights.subarray(i * timelineStates, (i + 1) * timelineStates),
    ]);
  };
  const absent = timelineStates - 1;

  it('spreads a stretch over the columns that it touches, and what nobody had is nobody’s', () => {
    const times = new ColumnTimes();
    times.begin(5, 10);
    times.add(state('running'), 5, 38);
    times.add(state('blocked'), 38, 39);
    const columns = stateTimes(times, 5);
    expect(columns.map((of) => of[state('running')])).toEqual([5, 10, 10, 8, 0]);
    expect(columns.map((of) => of[absent])).toEqual([5, 0, 0, 1, 0]);
    times.begin(2, 10);
    times.add(state('running'), -30, 50);
    expect(stateTimes(times, 2).map((of) => of[state('running')])).toEqual([10, 10]);
  });

  it('every pixel is a colour of the legend, as many as the time in its state', () => {
    const { store, thread } = threadWith(many);
    const palette = palettes.dark;
    const tiles = timelineTiles(palette);
    const colours = new Map(threadStates.map((name) => [pixelOf(palette.threads[name]), name]));
    const [columns, columnNs, first, linePx] = [400, 130, 300, 9];
    const timeline = { store, threads: [thread], first: 0, end: 1, lines: 1, columnNs, newestNs: 1e6 };
    const pixels = new Uint32Array(columns * linePx);
    const plan = { key: '', lines: 1, linePx, gapPx: 0, firstLine: 0, tiles, order: timelineOrder, isStacked: false };
    new SharePainter().paint(
      {
        ...plan,
        settledColumn: 1e9,
        weigh: (from, count, weights) => weighThreads({ ...timeline, times: new ColumnTimes() }, from, count, weights),
      },
      first,
      columns,
      pixels,
    );
    const counts = new Map<string | undefined, number>();
    for (const pixel of pixels) counts.set(colours.get(pixel), (counts.get(colours.get(pixel)) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['blocked', 'running']);
    const times = timeInStates(store, thread, first * columnNs, (first + columns) * columnNs, 1e6);
    const share = (times[state('running')] ?? 0) / (columns * columnNs);
    expect(Math.abs((counts.get('running') ?? 0) / pixels.length - share)).toBeLessThan(0.002);
  });

  it('leaves what came before a thread empty', () => {
    const { store, thread } = threadWith([[40, 'in']]);
    thread.startedNs = 40;
    const weights = new Float32Array(10 * timelineStates);
    const one = { store, threads: [thread], first: 0, end: 1, lines: 1, columnNs: 10, newestNs: 80 };
    weighThreads({ ...one, times: new ColumnTimes() }, 0, 10, weights);
    const running = Array.from({ length: 10 }, (_, i) => weights[i * timelineStates + state('running')]);
    expect(running).toEqual([0, 0, 0, 0, 10, 10, 10, 10, 0, 0]);
  });
});

describe('whose threads', () => {
  it('are the model’s and the lab’s, which come last and are counted apart', () => {
    const history = new TelemetryHistory();
    ['telemetry', 'commands', 'main', 'lingering', 'supervisor'].forEach((name, i) =>
      history.threads.takeStarted({ threadId: i + 1, tid: 100 + i, name }, 0),
    );
    const order = new ThreadOrder();
    const threads = order.between(history, 0, 1);
    expect(threads.all.map(({ name }) => name)).toEqual(['main', 'telemetry', 'commands', 'lingering', 'supervisor']);
    expect(threadCountWords(threads)).toBe('1 thread, and 4 of the lab');
    history.threads.takeStarted({ threadId: 6, tid: 106, name: 'worker' }, 50);
    expect(order.between(history, 0, 1).modelCount).toBe(1);
    expect(threadCountWords(order.between(history, 0, 60))).toBe('2 threads, and 4 of the lab');
    expect(labThreadsAt(history, 60)).toBe(4);
    history.threads.endProcess(70);
    expect([labThreadsAt(history, 69), labThreadsAt(history, 70)]).toEqual([4, 0]);
  });

  it('sums of seconds that are past are kept, and are what they were', () => {
    const switches = Array.from({ length: 4000 }, (_, i): Switch => [i * 1e6, i % 4 === 0 ? 'in' : 'blocked']);
    const { store } = threadWith(switches);
    const history = { threads: store, isWatchedFromOutside: false, newestNs: 4e9, epoch: 1 };
    const times = new ThreadTimes(new ThreadOrder());
    for (const [fromNs, toNs] of [
      [0.3e9, 3.7e9],
      [0.3e9, 3.7e9],
      [1e9, 2e9],
      [2.1e9, 2.2e9],
    ] as const) {
      const found = times.between(history, fromNs, toNs, 0);
      const thread = store.byId.get(1);
      const expected = thread && timeInStates(store, thread, fromNs, toNs, 4e9);
      expect([...found]).toEqual([...(expected ?? [])]);
    }
  });
});

describe('slices', () => {
  const record = (
    timeNs: number,
    durationNs: number,
    name: keyof typeof eventKinds,
    fd: number,
    code = 0,
  ): number[] => [timeNs, durationNs, eventKinds[name], code, fd];
  function eventsOf(threadId: number, records: readonly number[][]): Events {
    const column = (at: number): number[] => records.map((one) => one[at] ?? 0);
    return {
      timeNs: 1000,
      threadId,
      dropped: 0,
      count: records.length,
      timesNs: Float64Array.from(column(0)),
      durationsNs: Float64Array.from(column(1)),
      kinds: Uint16Array.from(column(2)),
      codes: Uint16Array.from(column(3)),
      fds: Int32Array.from(column(4)),
      results: new Int32Array(records.length).fill(-11),
      connectionIds: new Uint32Array(records.length).fill(5),
    };
  }
  const read = syscallNames.indexOf('read');
  const { thread } = threadWith([]);
  const other = { ...thread, threadId: 2 };
  const rows = { threads: [thread, other], first: 0, end: 2, rowPx: 16, topOf: (place: number) => place * 16 };
  const view = { fromNs: 0, toNs: 1000, widthPx: 1000, heightPx: 32, pixelRatio: 1, palette: palettes.dark };

  it('lie where they happened, and every one is a pixel wide at least', () => {
    const store = new EventStore();
    store.take(eventsOf(1, [record(100, 50, 'syscall', 7, read), record(300, 0, 'syscall', 7, read)]));
    const slices = slicesOf(store, rows, view) ?? [];
    expect(slices.map(({ left, right }) => [left, right])).toEqual([
      [100, 150],
      [300, 301],
    ]);
    expect(slices.every(({ top, bottom }) => top >= 0 && bottom <= 16)).toBe(true);
  });

  it('have their names behind that of the row', () => {
    const store = new EventStore();
    store.take(eventsOf(1, [record(-50, 500, 'syscall', 7, read), record(600, 100, 'syscall', 7, read)]));
    const pen = new SvgPen();
    drawSlices(pen, view, slicesOf(store, rows, view) ?? []);
    const [first, second] = [...pen.document(1000, 32, '').matchAll(/<text x="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(first).toBeGreaterThan('worker 1'.length * 6);
    expect(second).toBe(603);
  });

  it('are not drawn where there are too many to be told apart', () => {
    const store = new EventStore();
    store.take(
      eventsOf(
        1,
        Array.from({ length: 5000 }, (_, i) => record(i / 10, 0.05, 'syscall', 7, read)),
      ),
    );
    expect(slicesOf(store, rows, view)).toBeUndefined();
  });

  it('are joined by an arrow from the report to the first call on the same fd, on any thread', () => {
    const store = new EventStore();
    store.take(
      eventsOf(1, [record(100, 0, 'ready', 7, 1), record(110, 0, 'ready', 8, 1), record(200, 10, 'syscall', 8, read)]),
    );
    store.take(eventsOf(2, [record(400, 10, 'syscall', 7, read), record(500, 10, 'syscall', 7, read)]));
    const arrows = arrowsOf(slicesOf(store, rows, view) ?? []);
    expect(arrows.map(({ from, to }) => [from.event.fd, from.event.timeNs, to.event.timeNs])).toEqual([
      [8, 110, 200],
      [7, 100, 400],
    ]);
  });

  it('are named, with what they returned', () => {
    const store = new EventStore();
    store.take(eventsOf(1, [record(100, 50, 'syscall', 7, read)]));
    const event = slicesOf(store, rows, view)?.[0]?.event;
    if (event === undefined) throw new Error('There is no slice.');
    expect(eventName(event)).toBe('read');
    expect(eventLines(event)).toEqual(['50 ns', 'fd 7', 'failed: EAGAIN', 'connection 5']);
  });
});
