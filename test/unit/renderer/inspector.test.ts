import { describe, expect, it } from 'vitest';
import { eventKinds, syscallNames } from '../../../shared/telemetry/wire.ts';
import { eventsHeading, momentToTell } from '../../../renderer/screens/scope/inspector-moment.ts';
import { tell } from '../../../renderer/screens/scope/inspector-words.ts';
import { EventStore } from '../../../renderer/stores/history-events.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import type { PickedSocket, PickedThread } from '../../../renderer/stores/selection.ts';
import { fdFrame } from './tracks/given.ts';

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
  const held = { picked, wantsNewest: false, isFollowing: false, cursorNs: 6e9, newestNs: 9e9 };

  it('is the cursor where the tracks are held, else the click, and the newest on demand', () => {
    expect(eventsHeading(momentToTell(held), 1e9)).toBe('Events around the cursor, 5.0 s');
    expect(eventsHeading(momentToTell({ ...held, cursorNs: undefined }), 1e9)).toBe('Events around the click, 4.0 s');
    expect(momentToTell({ ...held, isFollowing: true }).timeNs).toBe(5e9);
    expect(momentToTell({ ...held, wantsNewest: true })).toEqual({ from: 'newest', timeNs: 9e9 });
  });
});

describe('the inspector', () => {
  const history = new TelemetryHistory();
  Object.assign(history, { oldestNs: 0, newestNs: 3_999_000 });
  history.sockets.take(fdFrame(0, [{ id: 1, state: 'idle' }]));
  take(history.events, 1, everyUs);
  const picked: PickedSocket = { kind: 'socket', row: 0, connectionId: 1, role: 'client', fd: 99, timeNs: 2_000_000 };

  it('tells the events around the moment by their distance, and where the moment is among them', () => {
    const { events } = tell(history, picked, { from: 'click', timeNs: 2_000_000 });
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
      const told = tell(from, silent, { from: 'click', timeNs: 2_000_000 });
      expect(told.events).toEqual([]);
      return told.eventsNote;
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
    const told = tell(
      stepped,
      { kind: 'event', event: { ...event, connectionId: 0 }, timeNs: 5 },
      { from: 'click', timeNs: 5 },
    );
    expect(told.events).toMatchObject([{ text: 'wait for readiness', isPicked: true }]);
    expect(told.title).toBe('wait for readiness');
  });

  it('tells the newest events, the newest first', () => {
    const { events } = tell(history, picked, { from: 'newest', timeNs: 3_999_000 });
    expect(events.slice(0, 2).map(({ when }) => when)).toEqual(['0.0040 s', '0.0040 s']);
    expect(events.some(({ isLastBefore }) => isLastBefore)).toBe(false);
  });
});
