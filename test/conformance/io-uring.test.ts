/** What only io_uring has: queues and buffers that run out, and receiving that goes on unasked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, slowdown } from '../support/engines.ts';
import { errorsOf, runLoad } from '../support/load-engine.ts';
import { RawClient, withClient } from '../support/raw-client.ts';
import { ServerUnderTest, steady } from '../support/server-under-test.ts';

const model = allModels().find(({ id }) => id === 'io_uring');
const tiny = { entries: 8, buffers: 8, bufferBytes: 256 };
const { request, reply } = dialects.echo;

describe.skipIf(model?.available !== true)(
  `io_uring${model?.available ? '' : ` — skipped: ${model?.reason ?? ''}`}`,
  () => {
    it('serves 300 clients with 8 entries and 8 buffers of 256 bytes: queues and buffers overflow, no byte is lost', async () => {
      const settings = { protocol: 'echo', handler: 'echo', options: tiny };
      const server = await ServerUnderTest.start('io_uring', settings);
      try {
        const load = await runLoad({
          protocol: 'echo',
          target: `127.0.0.1:${server.port}`,
          durationMs: 60_000 * slowdown,
          requests: 1200,
          timeoutMs: 30_000 * slowdown,
          handler: 'echo',
          requestBytes: 3000,
          clients: [{ profile: 'closed', connections: 300, thinkMs: 0 }],
        });
        expect(errorsOf(load)).toEqual({});
        const after = await server.snapshot();
        expect(counterOf(after, 'accepts')).toBe(300);
        expect(counterOf(after, 'requests')).toBe(1200);
        expect(await server.stop()).toMatchObject({ code: 0, reason: 'stopped' });
        expect(server.findings).toBe('');
      } finally {
        server.kill();
      }
    });

    it('does not take in more from a client that reads no replies', async () => {
      const server = await ServerUnderTest.start('io_uring', {
        protocol: 'echo',
        handler: 'respond',
        responseBytes: 1 << 20,
      });
      try {
        await withClient(server.port, async (client) => {
          client.socket.pause();
          const flood = Buffer.concat(Array.from({ length: 1024 }, () => request(Buffer.alloc(16_000))));
          void client.write(flood).catch(() => {
            // The client leaves before all of it is written: that is what the test is about.
          });
          // The first requests are answered as far as the socket takes it; then it must stand still.
          const taken = await steady(async () => counterOf(await server.snapshot(), 'bytesIn'));
          expect(taken).toBeGreaterThan(0);
          expect(taken).toBeLessThan(2 << 20);
        });
      } finally {
        server.kill();
      }
    });

    it('goes on receiving once such a client reads', async () => {
      const server = await ServerUnderTest.start('io_uring', { protocol: 'echo', handler: 'echo' });
      try {
        const client = await RawClient.connect(server.port);
        const body = pattern(50_000);
        const count = 200;
        client.socket.pause();
        const writing = client.write(Buffer.concat(Array.from({ length: count }, () => request(body))));
        await sleep(200 * slowdown);
        client.socket.resume();
        const got = await client.read(count * reply(body).length);
        expect(got.equals(Buffer.concat(Array.from({ length: count }, () => reply(body))))).toBe(true);
        await writing;
        client.close();
      } finally {
        server.kill();
      }
    });

    it('keeps bytes that come while their forerunner is forwarded', async () => {
      const upstream = await ServerUnderTest.start('epoll-lt', { protocol: 'echo', handler: 'echo' });
      const server = await ServerUnderTest.start('io_uring', {
        protocol: 'echo',
        handler: 'forward',
        upstream: `127.0.0.1:${upstream.port}`,
        options: tiny,
      });
      try {
        const bodies = Array.from({ length: 12 }, (_, i) => pattern(i % 3 === 0 ? 400_000 : 700 + i));
        const wanted = Buffer.concat(bodies.map((body) => reply(body)));
        await withClient(server.port, async (client) => {
          const [, got] = await Promise.all([
            client.write(Buffer.concat(bodies.map((body) => request(body)))),
            client.read(wanted.length),
          ]);
          expect(got.equals(wanted)).toBe(true);
        });
        expect(server.findings).toBe('');
      } finally {
        server.kill();
        upstream.kill();
      }
    });
  },
);
