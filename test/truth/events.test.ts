/** Events, one by one, against the counters, which are complete; and what happens where they find no room. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf, syscallOf, type Counters } from '../../shared/telemetry/codec.ts';
import { awaits, eventKinds, frameIntervalMs, syscallNames } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, isSanitized } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;
const models = allModels().filter(({ id, available }) => available && id !== 'node');

/** Asks until so many requests are answered, two clients at a time where the model serves two. */
async function ask(server: ServerUnderTest, requests: number, clients: number): Promise<void> {
  const ask = async (): Promise<void> => {
    const client = await RawClient.connect(server.port);
    for (let i = 0; i < requests / clients; i++) await client.ask(request, replyBytes);
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, ask));
  await settled(
    async () => gaugeOf(await server.snapshot(), 'openConnections'),
    (open) => open === 0,
  );
}

/** Calls by which a busy server of these models asks again and again: two looks cannot be at the same moment. */
const isBusy = (model: string): boolean => model.startsWith('polling-');

/** Counters of a moment at which every thread sleeps: nothing grew for a while. A model that polls never does. */
async function quiet(server: ServerUnderTest, model: string): Promise<Counters> {
  const sum = ({ syscalls, stepHits }: Counters): number => [...syscalls, ...stepHits].reduce((a, b) => a + b, 0);
  let last: Counters | undefined;
  return settled(
    async () => {
      await sleep(100);
      return server.snapshot();
    },
    (now) => {
      const isQuiet = isBusy(model) || (last !== undefined && sum(last) === sum(now));
      last = now;
      return isQuiet;
    },
    90_000,
  );
}

describe.each(models)('events of $id against its counters', ({ id: model, execution }) => {
  it('a record for each call, step, accept and close', async () => {
    // From the start: a call that is under way when the level is raised leaves no record.
    const server = await ServerUnderTest.start(model, { level: 'events' });
    const inspection = new Inspection(server);
    try {
      const before = await quiet(server, model);
      const eventsBefore = inspection.eventCounts();
      await ask(server, 40, model === 'blocking-iterative' ? 1 : 2);
      const after = await quiet(server, model);
      const eventsAfter = inspection.eventCounts();
      const recorded = (kind: number, code = 0): number =>
        (eventsAfter.get(`${kind}:${code}`) ?? 0) - (eventsBefore.get(`${kind}:${code}`) ?? 0);
      const counted = (value: (counters: Counters) => number): number => value(after) - value(before);

      expect(counterOf(after, 'eventsDropped')).toBe(0);
      expect(recorded(eventKinds.accepted)).toBe(counted((c) => counterOf(c, 'accepts')));
      expect(recorded(eventKinds.closed)).toBe(counted((c) => counterOf(c, 'closes')));
      const mine = Object.fromEntries(syscallNames.map((name, code) => [name, recorded(eventKinds.syscall, code)]));
      const theirs = Object.fromEntries(syscallNames.map((name) => [name, counted((c) => syscallOf(c, name))]));
      // Counted where they are made, and not through a wrapper that could time them.
      for (const name of ['clone', 'clone3', 'mmap', 'munmap', 'mprotect'] as const) theirs[name] = mine[name] ?? 0;
      const steps = [...after.stepHits].map((hits, i) => hits - (before.stepHits[i] ?? 0));
      const stepEvents = steps.map((_, i) => recorded(eventKinds.step, i));
      if (isBusy(model)) {
        // Both numbers grow while they are read.
        for (const name of ['write', 'close'] as const) expect(mine[name], name).toBe(theirs[name]);
        expect(Math.abs((mine.read ?? 0) / (theirs.read ?? 1) - 1)).toBeLessThan(0.02);
      } else {
        expect(mine).toEqual(theirs);
        expect(stepEvents).toEqual(steps);
      }
      if (execution === 'coroutine') {
        const runs = recordedRuns(inspection);
        expect(runs.get('read') ?? 0, 'runs that ended in waiting for a request').toBeGreaterThanOrEqual(40);
        expect(runs.get('nothing') ?? 0, 'coroutines that ended').toBe(2);
      }
      expect(await server.stop()).toMatchObject({ code: 0 });
    } finally {
      server.kill();
    }
  });
});

/** Resolves once the engine has sent so many more frames of counters at its own pace. */
async function ticks(server: ServerUnderTest, count: number): Promise<void> {
  const started = server.lastCounters?.timeNs ?? 0;
  await settled(
    () => (server.lastCounters?.timeNs ?? 0) - started,
    (passedNs) => passedNs >= count * frameIntervalMs * 1e6,
    90_000,
  );
}

function recordedRuns(inspection: Inspection): Map<string, number> {
  const runs = new Map<string, number>();
  for (const frame of inspection.events) {
    frame.kinds.forEach((kind, i) => {
      if (kind !== eventKinds.coroutineRan) return;
      const awaited = awaits[frame.codes[i] ?? 0] ?? '';
      runs.set(awaited, (runs.get(awaited) ?? 0) + 1);
    });
  }
  return runs;
}

describe('what event records say', () => {
  it('a call has its fd, its result, its time and its connection', async () => {
    const server = await ServerUnderTest.start('epoll-lt', {});
    const inspection = new Inspection(server);
    try {
      await server.command('level', { level: 'events', switches: false });
      await ask(server, 1, 1);
      const client = await RawClient.connect(server.port);
      const connectedNs = (await server.snapshot()).timeNs;
      await client.ask(request, replyBytes);
      const startNs = (await server.snapshot()).timeNs;
      await sleep(200);
      await client.ask(request, replyBytes);
      const endNs = (await server.snapshot()).timeNs;
      const socket = inspection.socketOf(client.socket.localPort);
      const records = inspection.events.flatMap((frame) =>
        [...frame.kinds].map((kind, i) => ({
          kind,
          name: kind === eventKinds.syscall ? syscallNames[frame.codes[i] ?? 0] : '',
          fd: frame.fds[i],
          result: frame.results[i],
          timeNs: frame.timesNs[i] ?? 0,
          durationNs: frame.durationsNs[i] ?? 0,
          connectionId: frame.connectionIds[i],
        })),
      );
      const last = (name: string): (typeof records)[number] | undefined => records.findLast((r) => r.name === name);
      const about = { fd: socket?.fd, connectionId: socket?.connectionId };
      expect(last('read')).toMatchObject({ ...about, result: request.length });
      expect(last('write')).toMatchObject({ ...about, result: replyBytes });
      expect(records.findLast((r) => r.kind === eventKinds.ready)).toMatchObject(about);
      for (const name of ['read', 'write']) {
        expect(last(name)?.timeNs, name).toBeGreaterThan(startNs);
        expect(last(name)?.timeNs, name).toBeLessThan(endNs);
      }
      // It slept for as long as the test did between the two requests, from some time after the first.
      const sleeping = records.filter((r) => r.name === 'epoll_wait' && r.durationNs > 150e6).at(-1);
      expect(sleeping?.result).toBe(1);
      expect(sleeping?.durationNs).toBeLessThan(endNs - connectedNs);
      for (const frame of inspection.events) {
        const ends = [...frame.timesNs].map((time, i) => time + (frame.durationsNs[i] ?? 0));
        // Two clocks are matched anew at every tick, which may move a time by a few nanoseconds.
        ends.forEach((end, i) => expect(end).toBeGreaterThanOrEqual((ends[i - 1] ?? 0) - 1000));
      }
      client.close();
      await server.stop();
    } finally {
      server.kill();
    }
  });
});

describe('events that find no room', () => {
  it('are counted, memory stays bounded, and the server serves on', { timeout: 400_000 }, (context) =>
    measured(context, async () => {
      const server = await ServerUnderTest.start('polling-scan', {});
      const inspection = new Inspection(server);
      try {
        await server.command('level', { level: 'events', switches: false });
        const client = await RawClient.connect(server.port);
        await client.ask(request, replyBytes);
        const dropped = (): number => (server.lastCounters ? counterOf(server.lastCounters, 'eventsDropped') : 0);
        // The pipe fills, the telemetry thread waits, and a thread that polls fills all rings: in seconds, or more of
        // them where it does not get a core of its own.
        for (const seconds of [2, 4, 6, 8, 8, 8]) {
          server.pauseReading();
          await sleep(seconds * (isSanitized ? 3000 : 1000));
          await client.ask(request, replyBytes);
          server.resumeReading();
          if ((await settled(dropped, (count) => count > 0, 2000)) > 0) break;
        }
        whenQuiet(() => expect(dropped()).toBeGreaterThan(0));
        const ringBytes = server.lastCounters ? gaugeOf(server.lastCounters, 'ringBytes') : NaN;
        expect(ringBytes).toBeLessThanOrEqual(64 * 2 ** 20);
        await client.ask(request, replyBytes);
        client.close();
        expect(await server.command('level', { level: 'counters', switches: false })).toBeUndefined();
        // What was not recorded is in the frames as well, to the last one.
        await ticks(server, 3);
        const last = await server.snapshot();
        const told = inspection.events.reduce((sum, { dropped }) => sum + dropped, 0);
        expect(told).toBe(counterOf(last, 'eventsDropped'));
        await server.stop();
      } finally {
        server.kill();
      }
    }),
  );
});

describe('the level is changed while the server runs', () => {
  it('each level has its frames, and none of the levels above', async () => {
    const server = await ServerUnderTest.start('epoll-lt', {});
    const inspection = new Inspection(server);
    try {
      const load = runLoad({
        ...{ protocol: 'http', target: `127.0.0.1:${server.port}`, durationMs: 6000 },
        clients: [{ profile: 'closed', connections: 20 }],
      });
      const seen = (): Record<string, number> => ({
        fds: inspection.fdStates.length,
        threads: inspection.threadStates.length,
        events: inspection.events.length,
      });
      /** Frames that come at a level, those of the change itself not among them. */
      const framesAt = async (level: string): Promise<Record<string, number>> => {
        expect(await server.command('level', { level, switches: false })).toBeUndefined();
        await ticks(server, 3);
        const before = seen();
        await ticks(server, 6);
        return Object.fromEntries(Object.entries(seen()).map(([key, count]) => [key, count - (before[key] ?? 0)]));
      };
      await settled(
        async () => counterOf(await server.snapshot(), 'requests'),
        (requests) => requests > 0,
        90_000,
      );
      expect(await framesAt('counters')).toEqual({ fds: 0, threads: 0, events: 0 });
      const atFds = await framesAt('fds');
      expect(atFds.fds).toBeGreaterThan(0);
      expect(atFds.threads).toBeGreaterThan(0);
      expect(atFds.events).toBe(0);
      expect(gaugeOf(await server.snapshot(), 'detailLevel')).toBe(1);
      const atEvents = await framesAt('events');
      expect(atEvents.fds).toBeGreaterThan(0);
      expect(atEvents.events).toBeGreaterThan(0);
      expect(await framesAt('counters')).toEqual({ fds: 0, threads: 0, events: 0 });
      expect(await server.command('level', { level: 'all' })).toMatch(/counters, fds, events/);
      const { counters } = await load;
      expect(counters.requests).toBeGreaterThan(0);
      expect(Object.entries(counters).filter(([name, count]) => name.startsWith('error') && count > 0)).toEqual([]);
      await server.stop();
    } finally {
      server.kill();
    }
  });
});

const oneLoop = models.filter(({ id }) =>
  ['select', 'poll', 'epoll-lt', 'coroutine-stackful', 'io_uring'].includes(id),
);

describe.each(oneLoop)('time of steps of $id', ({ id: model }) => {
  it('one thread passes from step to step: they take the time that passes, also while it waits in one of them', async () => {
    const server = await ServerUnderTest.start(model, {});
    try {
      await server.command('level', { level: 'fds', switches: false });
      await ask(server, 10, 1);
      const looks: Counters[] = [];
      for (const waitMs of [0, 600, 600]) {
        await sleep(waitMs);
        looks.push(await server.snapshot());
      }
      await ask(server, 2000, 1);
      looks.push(await server.snapshot());
      const sum = ({ stepNs }: Counters): number => stepNs.reduce((a, b) => a + b, 0);
      for (const [i, after] of looks.entries()) {
        const before = looks[i - 1];
        if (!before) continue;
        // The two clocks of a look are read one after the other, and the thread that reads may lose its core between.
        const apartMs = (sum(after) - sum(before) - (after.timeNs - before.timeNs)) / 1e6;
        expect(Math.abs(apartMs), `look ${i}`).toBeLessThan(300);
      }
      await server.stop();
    } finally {
      server.kill();
    }
  });
});
