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
import { palettes } from '../../../../renderer/theme/palette.ts';
import { arrowsOf, drawSlices, eventLines, eventName, slicesOf } from '../../../../renderer/tracks/event-slices.ts';
import { SvgPen } from '../../../../renderer/tracks/svg-pen.ts';
import { stretchAt, timeInStates, visitStretches } from '../../../../renderer/tracks/thread-states.ts';
import { Mixture, paintTimeline, spread } from '../../../../renderer/tracks/timeline-columns.ts';

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
  it('spreads a stretch over the columns that it touches', () => {
    const times = new Float64Array(4 * threadStates.length);
    spread(times, state('running'), 5, 27, 10);
    const inColumns = [0, 1, 2, 3].map((column) => times[column * threadStates.length + state('running')]);
    expect(inColumns).toEqual([5, 10, 7, 0]);
  });

  it('a run of microseconds is seen in a pixel of milliseconds, and more of it is seen more', () => {
    const mixture = new Mixture(palettes.dark);
    const pixel = (runningNs: number): number => {
      const times = new Float64Array(threadStates.length);
      times[state('running')] = runningNs;
      times[state('blocked')] = 1e6 - runningNs;
      return mixture.pixel(times, 0, 1e6);
    };
    const blocked = pixel(0);
    expect(pixel(10)).not.toBe(blocked);
    expect(pixel(1e6)).not.toBe(pixel(10));
    expect(mixture.pixel(new Float64Array(threadStates.length), 0, 1e6)).toBe(mixture.background);
  });

  it('paints a line per thread and leaves what came before it empty', () => {
    const { store, thread } = threadWith([[40, 'in']]);
    thread.startedNs = 40;
    const mixture = new Mixture(palettes.dark);
    const pixels = new Uint32Array(10);
    const one = { store, threads: [thread], first: 0, end: 1, lines: 1, linePx: 1, gapPx: 0, mixture };
    paintTimeline({ ...one, columnNs: 10, newestNs: 80 }, 0, 10, pixels);
    const isEmpty = [...pixels].map((colour) => colour === mixture.background);
    expect(isEmpty).toEqual([true, true, true, true, false, false, false, false, true, true]);
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
