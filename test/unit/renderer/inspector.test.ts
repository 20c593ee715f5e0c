import { describe, expect, it } from 'vitest';
import { eventKinds, syscallNames } from '../../../shared/telemetry/wire.ts';
import {
  momentHeading,
  momentToTell,
  nowToTell,
  stretchToTell,
} from '../../../renderer/screens/scope/inspector-moment.ts';
import type { ToldPart, ToldWhen } from '../../../renderer/screens/scope/inspector-told.ts';
import { tell } from '../../../renderer/screens/scope/inspector-words.ts';
import { EventStore } from '../../../renderer/stores/history-events.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import type { PickedSocket, PickedThread } from '../../../renderer/stores/selection.ts';
import { fdFrame, sharesFrame, startNs, tickNs } from './tracks/given.ts';

const read = syscallNames.indexOf('read');

interface Call {
  readonly timeNs: number;
  readonly connectionId: number;
  readonly durationNs?: number;
}

function take(store: EventStore, threadId: number, calls: readonly Call[]): void {
  store.take({
    timeNs: 1,
    threadId,
    dropped: 0,
    count: calls.length,
    timesNs: Float64Array.from(calls, ({ timeNs }) => timeNs),
    durationsNs: Float64Array.from(calls, ({ durationNs }) => durationNs ?? 10),
    kinds: new Uint16Array(calls.length).fill(eventKinds.syscall),
    codes: new Uint16Array(calls.length).fill(read),
    fds: new Int32Array(calls.length).fill(7),
    results: new Int32Array(calls.length).fill(64),
    connectionIds: Uint32Array.from(calls, ({ connectionId }) => connectionId),
  });
}

/** A call every microsecond, in turn of connections 1 and 2: more than one chunk of the store. */
const everyUs = Array.from({ length: 4000 }, (_, i): Call => ({ timeNs: i * 1000, connectionId: 1 + (i % 2) }));
const times = (events: readonly { timeNs: number }[]): number[] => events.map(({ timeNs }) => timeNs);

describe('the events nearest to a moment', () => {
  const store = new EventStore();
  take(store, 1, everyUs);

  it('are half from before it and half from after, and of the connection alone', () => {
    expect(times(store.nearestTo({ connectionId: 1 }, 1_000_500, 4))).toEqual([
      998_000, 1_000_000, 1_002_000, 1_004_000,
    ]);
    expect(times(store.nearestTo({ connectionId: 2 }, 1_000_500, 2))).toEqual([999_000, 1_001_000]);
    expect(store.nearestTo({ connectionId: 3 }, 1_000_500, 4)).toEqual([]);
  });

  it('are more from one side where the other has fewer', () => {
    expect(times(store.nearestTo({ threadId: 1 }, -5, 3))).toEqual([0, 1000, 2000]);
    expect(times(store.nearestTo({ threadId: 1 }, 3_998_500, 4))).toEqual([3_996_000, 3_997_000, 3_998_000, 3_999_000]);
    expect(times(store.newestOf({ threadId: 1 }, 2))).toEqual([3_999_000, 3_998_000]);
  });

  it('are those of all threads that served the connection, and a call that is under way began before', () => {
    const two = new EventStore();
    take(two, 1, [
      { timeNs: 100, connectionId: 1 },
      { timeNs: 300, connectionId: 1 },
    ]);
    take(two, 2, [
      { timeNs: 200, connectionId: 1, durationNs: 1000 },
      { timeNs: 2000, connectionId: 1 },
    ]);
    expect(times(two.nearestTo({ connectionId: 1 }, 250, 2))).toEqual([200, 300]);
    expect(times(two.nearestTo({ threadId: 2 }, 250, 9))).toEqual([200, 2000]);
  });
});

describe('which moment is told', () => {
  const picked: PickedThread = { kind: 'thread', threadId: 1, timeNs: 5e9 };
  const held = { picked, isFollowing: false, cursorNs: 6e9 };

  it('is the cursor where the tracks are held, else the click', () => {
    expect(momentHeading(momentToTell(held), 1e9)).toBe('At 5.0 s, the cursor');
    expect(momentHeading(momentToTell({ ...held, cursorNs: undefined }), 1e9)).toBe('At 4.0 s, where you clicked');
    expect(momentToTell({ ...held, isFollowing: true }).timeNs).toBe(5e9);
  });

  it('is beside it what is now, which stands still while the picture is held', () => {
    const history = { newestNs: 9e9, originNs: 1e9 };
    expect(nowToTell(history, undefined, true)).toEqual({ timeNs: 9e9, words: 'Now, 8.0 s' });
    expect(nowToTell(history, 7e9, true)).toEqual({ timeNs: 7e9, words: 'As of the hold, 6.0 s' });
    expect(nowToTell(history, undefined, false).words).toBe('At the end, 8.0 s');
  });

  it('is the selection or the window, and of both nothing that came after', () => {
    const window = { selection: undefined, fromNs: 2e9, toNs: 12e9 };
    expect(stretchToTell(window, 7e9)).toEqual({ words: 'window', fromNs: 2e9, toNs: 7e9 });
    const selection = { fromNs: 3e9, toNs: 4e9 };
    expect(stretchToTell({ ...window, selection }, 7e9)).toEqual({ words: 'selection', ...selection });
  });
});

/** A click at a moment, in a run that has come to `nowNs`. */
const clicked = (timeNs: number, nowNs = timeNs, fromNs = 0): ToldWhen => ({
  at: { from: 'click', timeNs },
  now: { timeNs: nowNs, words: 'Now' },
  over: { words: 'window', fromNs, toNs: nowNs },
});
const namesOf = ({ facts }: ToldPart): string[] => facts.map(({ name }) => name);

describe('the inspector of a socket', () => {
  const tick = (n: number): number => startNs + n * tickNs;
  const history = new TelemetryHistory();
  Object.assign(history, { oldestNs: startNs, newestNs: tick(9) });
  const { sockets } = history;
  for (let n = 0; n <= 9; n++) {
    const serving = { id: 1, ns: { idle: 20e6, unsure: 10e6, waiting: 5e6, serving: 15e6 } };
    if (n <= 6) sockets.takeShares(sharesFrame(tick(n), n === 0 ? [] : [serving]));
    const state = n === 6 ? 'closed' : 'serving';
    sockets.take(fdFrame(tick(n), n === 7 ? [] : [{ id: n < 7 ? 1 : 2, state, fd: 9 }]));
  }
  const row = 0;
  const picked: PickedSocket = { kind: 'socket', row, connectionId: 1, role: 'client', fd: 9, timeNs: tick(3) };
  const partsOf = (when: ToldWhen): readonly [ToldPart, ToldPart, ToldPart] => {
    const [then, now, over] = tell(history, picked, when).parts;
    if (!then || !now || !over) throw new Error('A part is missing.');
    return [then, now, over];
  };

  it('tells the moment, now and the stretch under headings of their own, and agrees on whether it is there', () => {
    const [then, now, over] = partsOf(clicked(tick(3), tick(4), startNs));
    expect([then.heading, now.heading, over.heading]).toEqual([
      'At 0.2 s, where you clicked',
      'Now',
      'Over the window, 0.0 s to 0.2 s',
    ]);
    expect(now.sentence).toMatch(/^Open; /);
    expect(namesOf(now)).toContain('receive queue');
    const [still, gone] = partsOf(clicked(tick(3), tick(9)));
    // What the moment was does not count on.
    expect({ ...still, events: [] }).toEqual({ ...then, events: [] });
    expect(gone.sentence).toBe('Closed since 0.3 s. Its descriptor is now that of connection 2.');
    expect(gone.facts).toEqual([]);
    const [closed, closedNow] = partsOf(clicked(tick(6) + 1, tick(6) + 1));
    expect(closed.sentence).toBe('It was closed by then, at 0.3 s.');
    expect(closedNow.sentence).toBe('Closed since 0.3 s.');
  });

  it('tells how long it was in which state over the stretch, with the bound', () => {
    const [, , over] = partsOf(clicked(tick(3), tick(4), tick(0)));
    expect(over.facts).toEqual([
      { name: 'idle', value: '80 ms, 40%' },
      { name: 'being served', value: '60 ms, 30%' },
      { name: 'idle or waiting', value: '40 ms, 20%' },
      { name: 'data waits', value: '20 ms, 10%' },
    ]);
    expect(over.note).toMatch(/^Data waited for 20(\.0)? ms at least and 60(\.0)? ms at most/);
  });
});

describe('the inspector', () => {
  const history = new TelemetryHistory();
  Object.assign(history, { oldestNs: 0, newestNs: 3_999_000 });
  history.sockets.take(fdFrame(0, [{ id: 1, state: 'idle' }]));
  take(history.events, 1, everyUs);
  const picked: PickedSocket = { kind: 'socket', row: 0, connectionId: 1, role: 'client', fd: 99, timeNs: 2_000_000 };

  it('tells the events around the moment by their distance, and where the moment is among them', () => {
    const events = tell(history, picked, clicked(2_000_000, 3_999_000)).parts[0]?.events ?? [];
    expect(events).toHaveLength(14);
    const at = events.findIndex(({ isLastBefore }) => isLastBefore);
    expect(events.slice(at - 1, at + 2).map(({ when }) => when)).toEqual(['−2 µs', '0', '+2 µs']);
    expect(events.filter(({ isLastBefore }) => isLastBefore)).toHaveLength(1);
  });

  it('says whether the level of detail is why there are no events', () => {
    const silent: PickedThread = { kind: 'thread', threadId: 2, timeNs: 2_000_000 };
    const noteOf = (from: TelemetryHistory): string => {
      from.threads.takeStarted({ threadId: 1, tid: 11, name: 'main' }, 0);
      from.threads.takeStarted({ threadId: 2, tid: 12, name: 'supervisor' }, 0);
      const [told] = tell(from, silent, clicked(2_000_000, 3_999_000)).parts;
      expect(told?.events).toEqual([]);
      return told?.eventsNote ?? '';
    };
    const withoutEvents = new TelemetryHistory();
    Object.assign(withoutEvents, { oldestNs: 0, newestNs: 3_999_000 });
    expect(noteOf(withoutEvents)).toBe('Its system calls are recorded at the detail level "events".');
    expect(noteOf(history)).toBe('No call or report of it was recorded around this moment.');
  });

  it('names a step as the source of the model does', () => {
    const stepped = new TelemetryHistory();
    Object.assign(stepped, { oldestNs: 0, newestNs: 9 });
    const steps = [{ index: 44, line: 29, label: 'wait for readiness' }];
    stepped.moments.models.push({ model: 'epoll-lt', timeNs: 0, options: {}, sourceFile: 'x.cpp', steps });
    const event = { threadId: 1, timeNs: 5, durationNs: 0, kind: eventKinds.step, code: 44, fd: -1, result: 0 };
    stepped.events.take({
      timeNs: 9,
      threadId: 1,
      dropped: 0,
      count: 1,
      timesNs: Float64Array.of(event.timeNs),
      durationsNs: new Float64Array(1),
      kinds: Uint16Array.of(event.kind),
      codes: Uint16Array.of(event.code),
      fds: Int32Array.of(event.fd),
      results: new Int32Array(1),
      connectionIds: new Uint32Array(1),
    });
    const told = tell(stepped, { kind: 'event', event: { ...event, connectionId: 0 }, timeNs: 5 }, clicked(5));
    expect(told.parts[0]?.events).toMatchObject([{ text: 'wait for readiness', isPicked: true }]);
    expect(told.title).toBe('wait for readiness');
  });

  it('tells the newest events up to now, the newest first, and none that came after', () => {
    const now = tell(history, picked, clicked(2_000_000, 3_000_500)).parts[1];
    expect(now?.events?.slice(0, 2).map(({ when }) => when)).toEqual(['0.0030 s', '0.0030 s']);
    const [then] = tell(history, picked, clicked(2_000_000, 2_001_000)).parts;
    expect(then?.events?.at(-1)?.when).toBe('0');
  });
});
