/** Clients that are changed while they run: those that stay keep their connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { slowdown } from '../support/engines.ts';
import { errorsIn, LiveEngines } from '../support/live-engines.ts';
import { steady } from '../support/server-under-test.ts';

let engines: LiveEngines | undefined;
afterEach(() => engines?.end());

const start = async (threads: number, ...clients: object[]): Promise<LiveEngines> =>
  (engines = await LiveEngines.start('epoll-lt', {}, { threads, clients }));

/** Connections that the server has open, accepted and closed, once so many are open. */
async function connections(wanted: number): Promise<{ open: number; accepts: number; closes: number }> {
  if (!engines) throw new Error('Nothing was started.');
  const { server } = engines;
  const look = async (): Promise<{ open: number; accepts: number; closes: number }> => {
    const counters = await server.snapshot();
    const [accepts, closes] = [counterOf(counters, 'accepts'), counterOf(counters, 'closes')];
    return { open: gaugeOf(counters, 'openConnections'), accepts, closes };
  };
  let now = await look();
  const end = performance.now() + 5000 * slowdown;
  while (now.open !== wanted && performance.now() < end) {
    await sleep(10);
    now = await look();
  }
  return now;
}

describe.each([1, 2])('clients of %i threads, changed while they run', (threads) => {
  const change = (...clients: object[]): Promise<void> | undefined => engines?.clients.command('clients', { clients });

  it('grow and shrink without anybody else losing a connection', async () => {
    const live = await start(threads, { profile: 'closed', connections: 20 });
    expect(await connections(20)).toEqual({ open: 20, accepts: 20, closes: 0 });
    await change({ profile: 'closed', connections: 61 });
    expect(await connections(61)).toEqual({ open: 61, accepts: 61, closes: 0 });
    await change({ profile: 'closed', connections: 7 });
    expect(await connections(7)).toEqual({ open: 7, accepts: 61, closes: 54 });
    await live.answered(500);
    expect(errorsIn(await live.clients.snapshot())).toEqual({});
  });

  it('take on other profiles on the connections that they have', async () => {
    const { clients } = await start(threads, { profile: 'closed', connections: 30 });
    await change({ profile: 'rate', rate: 400, connections: 20 }, { profile: 'idle', connections: 10 });
    await sleep(100);
    expect(await connections(30)).toEqual({ open: 30, accepts: 30, closes: 0 });
    await change(
      { profile: 'closed', connections: 5 },
      { profile: 'idle', connections: 20 },
      { profile: 'churn', thinkMs: 20, connections: 5 },
    );
    await engines?.answered(200);
    expect(errorsIn(await clients.snapshot())).toEqual({});
    // Twenty-five of the thirty stayed what is alike; the other five were given up for clients that come and go.
    await change({ profile: 'closed', connections: 25 });
    const { open } = await connections(25);
    expect(open).toBe(25);
    expect(errorsIn(await clients.snapshot())).toEqual({});
  });

  it('ask at another rate, from now on', async () => {
    const live = await start(threads, { profile: 'rate', rate: 100, connections: 10 });
    const perSecond = async (): Promise<number> => {
      const from = await live.clients.snapshot();
      await sleep(600);
      const to = await live.clients.snapshot();
      return (
        (counterOf(to, 'requestsSent') - counterOf(from, 'requestsSent')) / ((to.timeNs - from.timeNs) / 1_000_000_000)
      );
    };
    const before = await perSecond();
    await change({ profile: 'rate', rate: 1000, connections: 10 });
    expect((await perSecond()) / before).toBeGreaterThan(4);
    expect(await connections(10)).toEqual({ open: 10, accepts: 10, closes: 0 });
  });

  it('pause: what is under way is finished, nothing more is asked, and they go on', async () => {
    const live = await start(
      threads,
      { profile: 'closed', connections: 10 },
      { profile: 'rate', rate: 300, connections: 5 },
      { profile: 'churn', connections: 5 },
    );
    await live.answered(100);
    await live.clients.command('pause', { paused: true });
    const sent = async (): Promise<number> => live.count('requestsSent');
    // Loops look every 20 ms whether they are to pause, and what was asked by then is answered.
    const last = await steady(sent);
    await sleep(200);
    expect(await sent()).toBe(last);
    expect(await live.count('requests')).toBe(last);
    await live.clients.command('pause', { paused: false });
    await live.answered(200);
    // What an open loop did not send meanwhile is not due.
    expect(errorsIn(await live.clients.snapshot())).toEqual({});
  });

  it('refuse what cannot be, and go on', async () => {
    const live = await start(threads, { profile: 'closed', connections: 3 });
    await expect(live.clients.command('clients', { clients: [] })).rejects.toThrow('at least one profile');
    await expect(live.clients.command('clients', { clients: [{ profile: 'nobody' }] })).rejects.toThrow('nobody');
    await expect(live.clients.command('pause')).rejects.toThrow('"paused" must be true or false');
    await expect(
      live.clients.command('clients', { clients: [{ profile: 'idle', connections: 100_000_000 }] }),
    ).rejects.toThrow();
    await live.answered(20);
  });
});
