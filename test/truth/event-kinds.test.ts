/** Events of coroutines, timers and completions, and hits of steps, where the test knows what they must be. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { modelSourceSchema } from '../../shared/contract/lab.ts';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { awaits, eventKinds, readinessBits, type EventKind } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, engine } from '../support/engines.ts';
import { Inspection } from '../support/inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled, type ServeSettings } from '../support/server-under-test.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;
const models = allModels().filter(({ id, available }) => available && id !== 'node');
const these = (...ids: string[]): string[] => models.map(({ id }) => id).filter((id) => ids.includes(id));

interface EventRecord {
  readonly kind: number;
  readonly code: number;
  readonly connectionId: number;
  readonly result: number;
  readonly timeNs: number;
  readonly durationNs: number;
}

/** Events of one kind, in the order in which they came. */
const recordsOf = (inspection: Inspection, kind: EventKind): EventRecord[] =>
  inspection.events.flatMap((frame) =>
    [...frame.kinds].flatMap((each, i) => {
      if (each !== eventKinds[kind]) return [];
      return {
        kind: each,
        code: frame.codes[i] ?? -1,
        connectionId: frame.connectionIds[i] ?? 0,
        result: frame.results[i] ?? 0,
        timeNs: frame.timesNs[i] ?? 0,
        durationNs: frame.durationsNs[i] ?? 0,
      };
    }),
  );

/** Clients ask so many requests each, all at once, and leave; resolves once their ends are told as well. */
async function withRequests(
  model: string,
  settings: ServeSettings,
  { clients, requests }: { clients: number; requests: number },
  judge: (server: ServerUnderTest, inspection: Inspection) => Promise<void>,
): Promise<void> {
  const server = await ServerUnderTest.start(model, settings);
  const inspection = new Inspection(server);
  try {
    expect(await server.command('level', { level: 'events', switches: false })).toBeUndefined();
    const converse = async (): Promise<void> => {
      const client = await RawClient.connect(server.port);
      for (let i = 0; i < requests; i++) await client.ask(request, replyBytes);
      client.close();
    };
    await Promise.all(Array.from({ length: clients }, converse));
    await settled(
      async () => gaugeOf(await server.snapshot(), 'openConnections'),
      (open) => open === 0,
    );
    await settled(
      () => recordsOf(inspection, 'closed').length,
      (count) => count === clients,
    );
    await judge(server, inspection);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    server.kill();
  }
}

describe.each(these('coroutine-stackless', 'coroutine-stackful'))('coroutines of %s', (model) => {
  const clients = 3;
  const requests = 10;

  it('are told as they are created, run, and wait for something', () =>
    withRequests(model, { workUs: 5000, waitMs: 5 }, { clients, requests }, async (server, inspection) => {
      const counters = await server.snapshot();
      const created = recordsOf(inspection, 'coroutineCreated');
      const ran = recordsOf(inspection, 'coroutineRan');
      expect(counterOf(counters, 'eventsDropped')).toBe(0);
      expect(created).toHaveLength(counterOf(counters, 'coroutinesCreated'));
      expect(created).toHaveLength(clients);
      // There and back. The first run of a stackless one is its creation, which switches no context.
      const switched = model === 'coroutine-stackless' ? ran.length - clients : ran.length;
      expect(switched * 2).toBe(counterOf(counters, 'coroutineSwitches'));
      const runsUntil = (awaited: (typeof awaits)[number]): EventRecord[] =>
        ran.filter(({ code }) => awaits[code] === awaited);
      expect(runsUntil('timer'), 'each request waits for a time').toHaveLength(clients * requests);
      expect(runsUntil('nothing'), 'each ends once').toHaveLength(clients);
      // The handler computes before it waits, in a run that therefore takes so long, as near as its rounds are calibrated.
      for (const { durationNs } of runsUntil('timer')) expect(durationNs).toBeGreaterThanOrEqual(0.8 * 5e6);
      expect(new Set(ran.map(({ connectionId }) => connectionId))).toEqual(new Set([1, 2, 3]));
      // They share a thread: one begins once the other is done, by a clock that is matched to the microsecond.
      ran.forEach(({ timeNs }, i) => {
        const earlier = ran[i - 1];
        if (earlier) expect(timeNs).toBeGreaterThanOrEqual(earlier.timeNs + earlier.durationNs - 1000);
      });
    }));
});

describe.each(
  these('select', 'poll', 'epoll-lt', 'coroutine-stackless', 'coroutine-stackful', 'signal-driven', 'io_uring'),
)('timers of %s', (model) => {
  const clients = 2;
  const requests = 5;
  const waitMs = 40;

  it('are set once a request, for the time asked, and do not fire before', () =>
    withRequests(model, { waitMs }, { clients, requests }, (_server, inspection) => {
      const set = recordsOf(inspection, 'timerSet');
      const fired = recordsOf(inspection, 'timerFired');
      expect(set).toHaveLength(clients * requests);
      expect(fired).toHaveLength(clients * requests);
      for (const connectionId of [1, 2]) {
        const own = (list: readonly EventRecord[]): EventRecord[] =>
          list.filter((each) => each.connectionId === connectionId);
        expect(own(set)).toHaveLength(requests);
        own(set).forEach(({ timeNs, result: forUs }, i) => {
          expect(forUs).toBeGreaterThan(0);
          expect(forUs).toBeLessThanOrEqual(waitMs * 1000);
          const end = own(fired)[i];
          const tookUs = ((end?.timeNs ?? 0) - timeNs) / 1000;
          expect(tookUs).toBeGreaterThanOrEqual(forUs - 2);
          // How late it was is told as well: that is what goes beyond the time it was set for.
          expect(Math.abs(tookUs - forUs - (end?.result ?? 0))).toBeLessThan(200);
        });
      }
      return Promise.resolve();
    }));
});

describe.each(these('io_uring'))('completions of %s', (model) => {
  it('are told with what they moved, in place of the calls that were not made', () =>
    withRequests(model, {}, { clients: 2, requests: 20 }, async (server, inspection) => {
      const counters = await server.snapshot();
      const completions = recordsOf(inspection, 'ready').filter(({ code }) => (code & readinessBits.completion) !== 0);
      const moved = (bit: number): EventRecord[] =>
        completions.filter(({ code, connectionId, result }) => (code & bit) !== 0 && connectionId > 0 && result > 0);
      const sum = (list: readonly EventRecord[]): number => list.reduce((total, { result }) => total + result, 0);
      expect(sum(moved(readinessBits.readable))).toBe(40 * request.length);
      expect(moved(readinessBits.writable)).toHaveLength(40);
      expect(sum(moved(readinessBits.writable))).toBe(40 * replyBytes);
      expect(counterOf(counters, 'bytesIn')).toBe(40 * request.length);
      // The end of each client's stream is a completion of nothing; each was accepted by one on the listener.
      expect(completions.filter(({ connectionId, result }) => connectionId > 0 && result === 0)).toHaveLength(2);
      expect(completions.filter(({ connectionId }) => connectionId === 0)).toHaveLength(2);
    }));
});

describe.each(models)('steps of $id', ({ id: model }) => {
  it('the line that sends a reply is hit once for each, as counted and as told one by one', () =>
    withRequests(
      model,
      {},
      { clients: model === 'blocking-iterative' ? 1 : 2, requests: 25 },
      async (server, inspection) => {
        const counters = await server.snapshot();
        const requests = model === 'blocking-iterative' ? 25 : 50;
        const { steps } = modelSourceSchema.parse(
          JSON.parse(execFileSync(engine, ['source', '--model', model], { encoding: 'utf8' })),
        );
        const writes = steps.filter(({ label }) => /write|send the reply/.test(label)).map(({ index }) => index);
        expect(writes, steps.map(({ label }) => label).join(' · ')).toHaveLength(1);
        const [step = -1] = writes;
        expect(counterOf(counters, 'requests')).toBe(requests);
        expect(counters.stepHits[step]).toBe(requests);
        expect(recordsOf(inspection, 'step').filter(({ code }) => code === step)).toHaveLength(requests);
      },
    ));
});
