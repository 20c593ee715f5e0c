/**
 * A server rests when nobody can go on, whatever each of its clients and upstreams is at: models that do not poll by
 * nature make no system calls then, and use no CPU.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { aSecond, type Second } from '../support/quiet-second.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled, type ServeSettings } from '../support/server-under-test.ts';

const { reply } = dialects.http;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
/** More than the buffers of both ends take in (tcp_wmem and tcp_rmem: 4 and 6 MiB at most by default). */
const large = 24 << 20;

/** An upstream that does to a request what its path says. */
const upstream = createServer((socket: Socket) => {
  socket.on('error', () => {});
  socket.on('data', (request: Buffer) => {
    const path = /^GET (\S+)/.exec(request.toString('latin1'))?.[1];
    if (path === '/half') socket.write(reply(pattern(100)).subarray(0, 90));
    if (path === '/large') socket.write(reply(pattern(large)));
    if (path === '/gone') socket.write(reply(pattern(large)).subarray(0, large / 2), () => socket.resetAndDestroy());
    // '/silent' is never answered.
  });
});
beforeAll(async () => {
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
});
afterAll(() => upstream.close());

type Act = (client: RawClient) => Promise<void>;
const asks =
  (path: string, times = 1): Act =>
  async (client) => {
    client.socket.pause();
    await client.write(get(path).repeat(times));
  };
const then =
  (...acts: readonly Act[]): Act =>
  async (client) => {
    for (const act of acts) await act(client);
  };
const halfCloses: Act = (client) => {
  client.halfClose();
  return Promise.resolve();
};

interface Situation {
  readonly what: string;
  readonly settings: () => ServeSettings;
  readonly clients: readonly Act[];
}

const forward = (): ServeSettings => ({
  handler: 'forward',
  upstream: `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
});
const situations: readonly Situation[] = [
  {
    what: 'clients that are silent, in mid-request, have closed their half, or do not read',
    settings: () => ({ handler: 'respond', responseBytes: 1 << 20 }),
    clients: [
      () => Promise.resolve(),
      (client) => client.write(get('/').slice(0, 9)),
      asks('/', 48),
      then(asks('/', 48), halfCloses),
    ],
  },
  {
    what: 'clients that wait for a handler, one of which has closed its half',
    settings: () => ({ handler: 'respond', waitMs: 60_000 }),
    clients: [asks('/'), asks('/', 3), then(asks('/'), halfCloses)],
  },
  {
    what: 'an upstream that is silent or stops in the middle, and clients that pipeline or close their half meanwhile',
    settings: forward,
    clients: [asks('/silent'), asks('/silent', 3), asks('/half'), then(asks('/silent'), halfCloses)],
  },
  {
    what: 'an upstream that has more than a client takes',
    settings: forward,
    clients: [asks('/large'), asks('/large', 2), then(asks('/large'), halfCloses)],
  },
  {
    what: 'an upstream that went away in the middle of what a client does not take',
    settings: forward,
    clients: [asks('/gone'), asks('/gone', 2)],
  },
];

const total = ({ calls }: Second): number => Object.values(calls).reduce((a, b) => a + b, 0);
// A wait that has a limit comes back now and then: signal-driven looks ten times a second whether it is to stop.
const mostCalls = 60;

describe.each(allModels().filter(({ id }) => id !== 'node'))('$id', (model) => {
  if (!model.available) {
    it.skip(`rest — skipped: ${model.reason ?? 'the model is unavailable here'}`);
    return;
  }
  if (model.family === 'non-blocking') {
    it.skip('rest — skipped: it polls by nature');
    return;
  }

  it.concurrent.each(situations)('rests: $what', async ({ settings, clients: acts }) => {
    const server = await ServerUnderTest.start(model.id, { protocol: 'http', ...settings() });
    const clients: RawClient[] = [];
    try {
      for (const act of acts) {
        const client = await RawClient.connect(server.port);
        clients.push(client);
        await act(client);
      }
      // What is on its way arrives, which takes a moment.
      const second = await settled(
        () => aSecond(server),
        (seen) => total(seen) <= mostCalls && seen.ticks <= 1,
        30_000,
      );
      expect(second.calls, 'system calls in a second').toSatisfy(() => total(second) <= mostCalls);
      expect(second.ticks, 'CPU in a second, in 10 ms').toBeLessThanOrEqual(1);
      for (const client of clients) client.reset();
      expect(await server.stop()).toMatchObject({ code: 0 });
    } finally {
      for (const client of clients) client.close();
      server.kill();
    }
  });
});
