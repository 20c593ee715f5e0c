/** Events, one by one, against the counters, which are complete; and what happens where they find no room. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf, syscallOf, type Counters } from '../../shared/telemetry/codec.ts';
import { awaits, eventKinds, syscallNames } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, isSanitized } from '../support/engines.ts';
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

describe.each(models)('events of $id against its counters', ({ id: model, execution }) => {
  it('a record for each call, step, accept and close', async () => {
    const server = await ServerUnderTest.start(model, {});
    const inspection = new Inspection(server);
    try {
      expect(await server.command('level', { level: 'events', switches: false })).toBeUndefined();
      // A call that was under way leaves no record: all that waited are woken once.
      await ask(server, 1, 1);
      const before = await server.snapshot();
      const eventsBefore = inspection.eventCounts();
      await ask(server, 40, model === 'blocking-iterative' ? 1 : 2);
      await sleep(100);
      const after = await server.snapshot();
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
        expect(runs.get('nothing') ?? 0, 'coroutines that ended').toBe(3);
      }
      expect(await server.stop()).toMatchObject({ code: 0 });
    } finally {
      server.kill();
    }
  });
});

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
      // It slept for as long as the test did between the two requests, both clocks being the kernel's monotonic one.
      const sleeping = records.filter((r) => r.name === 'epoll_wait' && r.durationNs > 150e6).at(-1);
      expect(sleeping?.result).toBe(1);
      expect(sleeping?.durationNs).toBeLessThan(endNs - startNs);
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
  it('are counted, memory stays bounded, and the server serves on', { timeout: 120_000 }, async () => {
    const server = await ServerUnderTest.start('polling-scan', {});
    const inspection = new Inspection(server);
    try {
      await server.command('level', { level: 'events', switches: false });
      const client = await RawClient.connect(server.port);
      await client.ask(request, replyBytes);
      // The pipe fills, the telemetry thread waits, and a thread that polls fills all rings.
      server.pauseReading();
      await sleep(isSanitized ? 20_000 : 8_000);
      await client.ask(request, replyBytes);
      server.resumeReading();
      const counters = await settled(
        () => server.snapshot(),
        (now) => counterOf(now, 'eventsDropped') > 0,
        20_000,
      );
      expect(counterOf(counters, 'eventsDropped')).toBeGreaterThan(0);
      expect(gaugeOf(counters, 'ringBytes')).toBeLessThanOrEqual(64 * 2 ** 20);
      await client.ask(request, replyBytes);
      client.close();
      await server.command('level', { level: 'counters', switches: false });
      // What was not recorded is in the frames as well, to the last one.
      await sleep(200);
      const last = await server.snapshot();
      const told = inspection.events.reduce((sum, { dropped }) => sum + dropped, 0);
      expect(told).toBe(counterOf(last, 'eventsDropped'));
      await server.stop();
    } finally {
      server.kill();
    }
  });
});

describe('the level is changed while the server runs', () => {
  it('each level has its frames, and none of the levels above', async () => {
    const server = await ServerUnderTest.start('epoll-lt', {});
    const inspection = new Inspection(server);
    try {
      const load = runLoad({
        ...{ protocol: 'http', target: `127.0.0.1:${server.port}`, durationMs: 4000 },
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
        await sleep(200);
        const before = seen();
        await sleep(400);
        return Object.fromEntries(Object.entries(seen()).map(([key, count]) => [key, count - (before[key] ?? 0)]));
      };
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

describe('time of steps', () => {
  it('the steps of a loop take the time that the loop runs', async () => {
    const server = await ServerUnderTest.start('epoll-lt', {});
    try {
      await server.command('level', { level: 'fds', switches: false });
      await ask(server, 10, 1);
      const before = await server.snapshot();
      await sleep(500);
      await ask(server, 10, 1);
      const after = await server.snapshot();
      const sum = (counters: Counters): number => counters.stepNs.reduce((a, b) => a + b, 0);
      const tookNs = sum(after) - sum(before);
      // One thread passes from step to step; at each look it is in one that has not ended.
      expect(tookNs).toBeGreaterThan(400e6);
      expect(tookNs).toBeLessThan(after.timeNs - before.timeNs + 400e6);
      await server.stop();
    } finally {
      server.kill();
    }
  });
});
