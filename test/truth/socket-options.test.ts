/** Options of sockets that are asked for, on both sides, as the kernel has them: `ss` for what it shows, `strace` for the rest. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { engine } from '../support/engines.ts';
import { ServerUnderTest, type ServeSettings } from '../support/server-under-test.ts';
import { itWith, output } from '../support/tools.ts';

async function withServer(
  settings: ServeSettings,
  work: (server: ServerUnderTest) => Promise<void>,
  wrapper: readonly string[] = [],
): Promise<void> {
  const own = { protocol: 'http', handler: 'respond', responseBytes: 64, ...settings };
  const server = await ServerUnderTest.start('epoll-lt', own, wrapper);
  try {
    await work(server);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    server.kill();
  }
}

/** rb and tb of skmem: what SO_RCVBUF and SO_SNDBUF read back, twice what was asked for. Source: socket(7), ss(8). */
async function buffersOf(filter: string): Promise<string[]> {
  const text = await output('ss', '-tmnH', filter);
  return [...text.matchAll(/skmem:\(r\d+,rb(\d+),t\d+,tb(\d+)/g)].map(([, rb = '', tb = '']) => `${rb} ${tb}`);
}

const load = (port: number, client: object, durationMs = 300): Record<string, unknown> => ({
  ...{ target: `127.0.0.1:${port}`, protocol: 'http', handler: 'respond', responseBytes: 64, durationMs },
  clients: [{ profile: 'closed', connections: 2, ...client }],
});

describe('options of sockets', () => {
  itWith('ss', 'buffers are those that were asked for, on either side, and the backlog is that of listen', () =>
    withServer({ sendBufferBytes: 100_000, receiveBufferBytes: 90_000, options: { backlog: 7 } }, async ({ port }) => {
      const listener = await output('ss', '-tlnH', `sport = :${port}`);
      expect(listener.trim().split(/\s+/)[2]).toBe('7');
      const running = runLoad(load(port, { sendBufferBytes: 70_000, receiveBufferBytes: 60_000 }, 6000));
      const [server, clients] = [`sport = :${port}`, `dport = :${port}`];
      await expect.poll(() => buffersOf(server), { timeout: 60_000 }).toEqual(['180000 200000', '180000 200000']);
      expect(await buffersOf(clients)).toEqual(['120000 140000', '120000 140000']);
      await running;
    }),
  );

  itWith('ss', 'with deferred accepts a connection without a byte is not accepted, and one with a request is', () =>
    withServer({ deferAcceptSeconds: 20 }, async ({ port }) => {
      const silent = await RawClient.connect(port);
      try {
        expect((await runLoad(load(port, {}))).counters.requests).toBeGreaterThan(0);
        const states = (await output('ss', '-tnaH', `sport = :${port}`)).match(/^[A-Z-]+/gm);
        expect(states).not.toContain('ESTAB');
      } finally {
        silent.socket.destroy();
      }
    }),
  );

  itWith(
    'strace',
    "a server's sockets are without Nagle's algorithm too, and with it where that was asked for",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fdscope-options-'));
      try {
        const callsOf = async (settings: ServeSettings): Promise<string[]> => {
          const file = join(folder, 'server.txt');
          const clients = async ({ port }: ServerUnderTest): Promise<void> => {
            expect((await runLoad(load(port, {}))).counters.requests).toBeGreaterThan(0);
          };
          await withServer(settings, clients, ['strace', '-f', '-e', 'trace=setsockopt', '-o', file]);
          return readFileSync(file, 'utf8').match(/TCP_NODELAY, \[1\], 4\) = 0/g) ?? [];
        };
        expect(await callsOf({})).toHaveLength(2);
        expect(await callsOf({ noDelay: false })).toHaveLength(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  itWith('strace', "Nagle's algorithm is off where nothing else was said, and on where that was asked for", () =>
    withServer({}, async ({ port }) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdscope-options-'));
      try {
        const callsOf = async (client: object): Promise<string[]> => {
          const file = join(folder, 'calls.txt');
          const config = JSON.stringify(load(port, client));
          await output('strace', '-f', '-e', 'trace=setsockopt', '-o', file, engine, 'load', '--config', config);
          return readFileSync(file, 'utf8').match(/TCP_NODELAY, \[1\], 4\) = 0/g) ?? [];
        };
        expect(await callsOf({})).toHaveLength(2);
        expect(await callsOf({ noDelay: false })).toHaveLength(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
  );
});
