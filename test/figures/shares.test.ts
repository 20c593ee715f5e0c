/** How long sockets are in which state, where the test knows it: a known schedule, and what CPU time and handler say. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, type ServeSettings } from '../support/server-under-test.ts';
import { sumShares, type ShareSums } from '../support/share-sums.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;
const has = (model: string): boolean => allModels().some(({ id, available }) => id === model && available);

interface Watched extends ShareSums {
  readonly listener: ShareSums;
  readonly requests: number;
  readonly cpuMs: number;
}

/** What a server did for `ms`, while `work` goes on. */
async function watch(
  model: string,
  settings: ServeSettings,
  ms: number,
  work: (server: ServerUnderTest) => Promise<unknown>,
): Promise<Watched> {
  const server = await ServerUnderTest.start(model, { ...settings, level: 'fds' });
  const inspection = new Inspection(server);
  const ended = work(server).catch(() => undefined);
  try {
    await sleep(700);
    const before = await server.snapshot();
    inspection.fdShares.splice(0);
    await sleep(ms);
    const after = await server.snapshot();
    const grew = (name: Parameters<typeof counterOf>[1]): number => counterOf(after, name) - counterOf(before, name);
    return {
      ...sumShares(inspection.fdShares),
      listener: sumShares(inspection.fdShares, 'listener'),
      requests: grew('requests'),
      cpuMs: (grew('cpuUserNs') + grew('cpuSystemNs')) / 1e6,
    };
  } finally {
    server.kill();
    await ended;
  }
}

const load = (clients: readonly object[]) => (server: ServerUnderTest) =>
  runLoad({
    ...{ target: `127.0.0.1:${server.port}`, protocol: 'http', handler: 'respond', responseBytes: 128 },
    ...{ durationMs: 4000, warmupMs: 0, clients },
  });

/** Asks for the next while the one before is being served, so that it lies in the kernel until its turn comes. */
async function askAhead(server: ServerUnderTest): Promise<void> {
  const client = await RawClient.connect(server.port);
  await client.write(request);
  for (;;) {
    await sleep(5);
    await client.write(request);
    await client.read(replyBytes);
  }
}

describe.each(['epoll-lt', 'blocking-threads', 'coroutine-stackful'])('%s that serves 10 ms and sleeps 40', (model) => {
  it.runIf(has(model))('is told with these shares, within 5%', async (test) => {
    await measured(test, async () => {
      const { ms, spanMs, requests } = await watch(model, { workUs: 10_000, waitMs: 40 }, 2000, askAhead);
      expect(requests).toBeGreaterThan(10);
      const off = (toldMs: number, trueMs: number): number => Math.abs(toldMs - trueMs) / spanMs;
      // Whether its thread sleeps for it or a loop is told of what it does not want yet, the next request waits.
      const waited = ms.waiting + ms.reported;
      whenQuiet(() => {
        // A busy machine makes the work longer, and not the sleep.
        expect(off(waited + ms.unsure, 40 * requests)).toBeLessThan(0.05);
        expect(off(waited, 40 * requests)).toBeLessThan(0.05);
        expect(off(ms.serving, spanMs - 40 * requests)).toBeLessThan(0.05);
        expect(ms.serving).toBeGreaterThan(0.95 * 10 * requests);
        expect(ms.unsure / spanMs).toBeLessThan(0.05);
      });
    });
  });
});

describe.each(['epoll-lt', 'io_uring', 'blocking-threads'])('%s under an open-loop load', (model) => {
  it.runIf(has(model))('is serving for what its CPU time and handler say, within 10%', async (test) => {
    await measured(test, async () => {
      // Long enough that what a turn costs beside its handler, 0.2 ms with io_uring, whose one call sends, waits and is
      // woken in, is far below the bound.
      const workUs = 5000;
      const rate = [{ profile: 'rate', connections: 8, rate: 80 }];
      const { ms, requests, cpuMs } = await watch(model, { workUs }, 2000, load(rate));
      expect(requests).toBeGreaterThan(50);
      whenQuiet(() => {
        expect(ms.serving).toBeGreaterThan(0.9 * cpuMs);
        expect(ms.serving).toBeLessThan(1.1 * cpuMs);
        expect(ms.serving).toBeGreaterThan((0.9 * requests * workUs) / 1000);
      });
    });
  });
});

describe('of two models under the same load', () => {
  it('the one that lets fewer wait shows less waiting and reported', async (test) => {
    await measured(test, async () => {
      const clients = [{ profile: 'closed', connections: 4 }];
      const settings = { workUs: 5000 };
      // One thread serves one client after the other; four threads serve all at once, and share the cores.
      const oneByOne = await watch('epoll-lt', settings, 1500, load(clients));
      const together = await watch('blocking-threads', settings, 1500, load(clients));
      const waits = ({ ms }: ShareSums): number => ms.waiting + ms.unsure + ms.reported;
      whenQuiet(() => {
        expect(waits(oneByOne)).toBeGreaterThan(0.6 * 4 * oneByOne.spanMs);
        expect(waits(together)).toBeLessThan(0.5 * waits(oneByOne));
        expect(together.ms.serving).toBeGreaterThan(2 * oneByOne.ms.serving);
      });
    });
  });

  it('a client that nobody has accepted yet waits at the listener', async (test) => {
    await measured(test, async () => {
      const clients = [{ profile: 'closed', connections: 4 }];
      const one = await watch('blocking-iterative', { workUs: 5000 }, 1500, load(clients));
      expect(one.listener.ms.waiting).toBeGreaterThan(0.95 * one.spanMs);
    });
  });
});
