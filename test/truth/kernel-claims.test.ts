/** What scenarios, lessons and Doctor say of this kernel's queues and of whom it wakes, tried. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { median } from '../../shared/expectations/evaluate.ts';
import { BenchUnderTest } from '../support/bench/bench-under-test.ts';
import { ServerUnderTest, settled, steady } from '../support/server-under-test.ts';

describe('an accept queue', () => {
  it.each([0, 1, 8, 30])('of a listener with a backlog of %i holds one more', { timeout: 120_000 }, (backlog) =>
    BenchUnderTest.with(async (under) => {
      await under.do('server', 'socket', { family: 'inet', type: 'stream' }, 'guard');
      await under.do('server', 'bind', { fd: 'guard', address: '127.0.0.1:$port' });
      await under.do('server', 'listen', { fd: 'guard', backlog });
      for (let client = 0; client < backlog + 3; client++) {
        const fd = `client${client}`;
        await under.do('client', 'socket', { family: 'inet', type: 'stream', nonblock: true }, fd);
        await under.call('client', 'connect', { fd, address: '127.0.0.1:$port' });
      }
      const { sockets } = await under.bench.look();
      expect(sockets.find(({ state }) => state === 'LISTEN')).toMatchObject({ backlog, acceptQueue: backlog + 1 });
    }),
  );
});

/** Voluntary context switches of each thread: it slept and was woken so often. */
const sleepsOf = (pid: number): Map<string, number> =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((tid) => [
      tid,
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8'))?.[1]),
    ]),
  );

/** How many of the threads that serve were woken by clients that connect at once and say nothing, round by round. */
async function wokenBy(clients: number, exclusive: boolean): Promise<number[]> {
  const server = await ServerUnderTest.start('epoll-shared', {
    protocol: 'echo',
    handler: 'echo',
    options: { threads: 4, exclusive },
  });
  const woken: number[] = [];
  try {
    const serving = (): string[] =>
      [...server.threadNames].filter(([, name]) => name.startsWith('loop')).map(([tid]) => String(tid));
    const tids = await settled(serving, ({ length }) => length === 4);
    expect(tids, [...server.threadNames.values()].join()).toHaveLength(4);
    // All of them sleep again, however long a busy machine lets them wait for a core.
    const asleep = async (): Promise<Map<string, number>> => {
      await steady(() => {
        const sleeps = sleepsOf(server.pid);
        return tids.reduce((sum, tid) => sum + (sleeps.get(tid) ?? 0), 0);
      });
      return sleepsOf(server.pid);
    };
    for (let round = 0; round < 9; round++) {
      const before = await asleep();
      const sockets: Socket[] = Array.from({ length: clients }, () => connect(server.port, '127.0.0.1'));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      const after = await asleep();
      woken.push(tids.filter((tid) => (after.get(tid) ?? 0) > (before.get(tid) ?? 0)).length);
      for (const socket of sockets) socket.destroy();
    }
    return woken;
  } finally {
    await server.stop();
  }
}

describe('threads that wait for one listener', { timeout: 240_000 }, () => {
  it('are all woken by one client; with EPOLLEXCLUSIVE one is, or a few', async () => {
    const all = await wokenBy(1, false);
    const few = await wokenBy(1, true);
    expect(median(all), all.join()).toBe(4);
    expect(median(few), few.join()).toBeLessThanOrEqual(2);
    expect(Math.min(...few), few.join()).toBeGreaterThanOrEqual(1);
  });

  it('with EPOLLEXCLUSIVE some are woken by four clients that come at once, seldom all', async () => {
    const woken = await wokenBy(4, true);
    expect(Math.min(...woken), woken.join()).toBeGreaterThanOrEqual(1);
    expect(median(woken), woken.join()).toBeLessThan(4);
  });
});
