/** Models take turns on open connections under load: none is dropped, and no byte is lost or repeated. */
import { afterEach, describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { seededRandom } from '../../shared/statistics/random.ts';
import { allModels, isSanitized, slowdown } from '../support/engines.ts';
import { errorsIn, LiveEngines } from '../support/live-engines.ts';

let engines: LiveEngines | undefined;
afterEach(() => engines?.end());

const start = async (model: string, serve: object, load: object): Promise<LiveEngines> =>
  (engines = await LiveEngines.start(model, { ...serve }, { ...load }));

/** Those that can follow one another, except fork, whose connections live in its children: it can only be the last. */
const inProcess = allModels()
  .filter(({ id, available }) => available && id !== 'node' && id !== 'blocking-fork')
  .map(({ id }) => id);

/** Serve only some connections at once: the others wait meanwhile. */
const servesSome = new Set(['blocking-iterative', 'blocking-pool']);

async function expectNothingLost(live: LiveEngines, connections: number): Promise<void> {
  const clients = await live.clients.snapshot();
  expect(errorsIn(clients)).toEqual({});
  expect(counterOf(clients, 'connectsDone')).toBe(connections);
  expect(counterOf(clients, 'closes')).toBe(0);
}

describe('models that take turns', () => {
  const seeds = [process.env.FDSCOPE_SEED ?? Date.now() % 1_000_000, 1].map(Number);
  // The seed is in the name, so that a walk that fails can be walked again.
  it.each(seeds)('walk at random under load (FDSCOPE_SEED=%i)', async (seed) => {
    const random = seededRandom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const connections = 24;
    const live = await start(
      pick(inProcess),
      { protocol: pick(['http', 'echo', 'resp']), chunks: 2, responseBytes: 5000 },
      {
        clients: [
          { profile: 'closed', connections: 12 },
          { profile: 'rate', rate: 200, connections: 8 },
          { profile: 'slow-writer', chunkBytes: 7, intervalMs: 3, connections: 4 },
        ],
      },
    );
    const walk: string[] = [];
    for (let step = 0; step < 12; step++) {
      const model = pick(inProcess);
      walk.push(model);
      const { keptConnections } = await live.switchTo(model);
      expect(keptConnections, walk.join(' → ')).toBeLessThanOrEqual(connections);
      await live.answered(servesSome.has(model) ? 5 : 60);
    }
    // Those that waited are served as well.
    await live.switchTo('epoll-lt');
    await live.answered(connections * 4);
    await expectNothingLost(live, connections);
  });

  it('chain through every one with many connections open', { timeout: 240_000 * slowdown }, async () => {
    const connections = isSanitized ? 200 : 1000;
    const live = await start(
      'epoll-lt',
      {},
      { sourceAddresses: 4, clients: [{ profile: 'closed', thinkMs: 100, connections }] },
    );
    const pauses: string[] = [];
    let previous = 'epoll-lt';
    for (const model of [...inProcess, 'epoll-lt']) {
      const { pauseMs, keptConnections } = await live.switchTo(model);
      pauses.push(`${previous} → ${model}: ${pauseMs.toFixed(1)} ms, ${keptConnections}`);
      expect(pauseMs).toBeGreaterThan(0);
      // A thousand threads that spin leave the clients little of a machine that does other things as well.
      await live.answered(servesSome.has(model) ? 5 : 100, 60_000 * slowdown);
      previous = model;
    }
    console.info(pauses.join('\n'));
    await live.answered(connections);
    expect(gaugeOf(await live.server.snapshot(), 'openConnections')).toBe(connections);
    await expectNothingLost(live, connections);
  });
});

describe('a switch that cannot be', () => {
  it('to select beyond FD_SETSIZE is refused, and the old model goes on', async () => {
    const connections = 1100;
    const live = await start('epoll-lt', {}, { clients: [{ profile: 'closed', thinkMs: 100, connections }] });
    expect(await live.refusalOf('select')).toMatch(/1024|FD_SETSIZE/);
    await live.answered(connections);
    await expectNothingLost(live, connections);
  });

  it.each([
    ['epoll-lt', 'node', 'process of its own'],
    ['blocking-fork', 'epoll-lt', 'cannot hand over its connections'],
    ['node', 'epoll-lt', 'cannot hand over its connections'],
  ])('from %s to %s is refused, and the old model goes on', async (from, to, sentence) => {
    const live = await start(from, {}, { clients: [{ profile: 'closed', connections: 5 }] });
    expect(await live.refusalOf(to)).toContain(sentence);
    await live.answered(20);
    await expectNothingLost(live, 5);
  });
});

it.each(['blocking-iterative', 'blocking-pool'])('%s keeps those waiting that it does not serve', async (model) => {
  const live = await start('epoll-lt', {}, { clients: [{ profile: 'closed', connections: 40 }] });
  await live.switchTo(model, model === 'blocking-pool' ? { poolSize: 4 } : {});
  await live.answered(20);
  await expectNothingLost(live, 40);
  await live.switchTo('epoll-lt');
  await live.answered(200);
  await expectNothingLost(live, 40);
});

it.each(['epoll-lt', 'node'])('%s answers at another cost from now on', async (model) => {
  const live = await start(model, {}, { clients: [{ profile: 'closed', connections: 1 }] });
  const replies = async (): Promise<number> => {
    const from = await live.count('requests');
    await new Promise((resolve) => setTimeout(resolve, 400));
    return (await live.count('requests')) - from;
  };
  await live.answered(10);
  await live.server.command('handler', { waitMs: 100, chunks: 2 });
  // The one that was under way, and one every 100 ms.
  expect(await replies()).toBeLessThanOrEqual(6);
  await expect(live.server.command('handler', { responseBytes: 3 })).rejects.toThrow('cannot be changed');
  await expect(live.server.command('handler', { waitMs: -1 })).rejects.toThrow();
  await live.server.command('handler', { waitMs: 0, chunks: 1 });
  await live.answered(50);
  await expectNothingLost(live, 1);
});
