/** Requests, as the lab counts them, against what other people's clients and servers count. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { allModels } from '../support/engines.ts';
import { errorsOf, runLoad } from '../support/load-engine.ts';
import { RawClient, withClient } from '../support/raw-client.ts';
import { ServerUnderTest, steady } from '../support/server-under-test.ts';
import { itWith, output, toolEnvironment } from '../support/tools.ts';

const models = allModels()
  .filter(({ available }) => available)
  .map(({ id }) => id);

async function withServer(
  model: string,
  protocol: string,
  work: (server: ServerUnderTest) => Promise<void>,
): Promise<void> {
  const server = await ServerUnderTest.start(model, { protocol, handler: protocol === 'resp' ? 'echo' : 'respond' });
  try {
    await work(server);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    server.kill();
  }
}

/** Requests that the server has answered, once the last is counted. */
function requests(server: ServerUnderTest): Promise<number> {
  return steady(async () => counterOf(await server.snapshot(), 'requests'));
}

describe.each(models)('clients of others against %s', (model) => {
  // It serves one client to its end, and kept-alive clients come to theirs together.
  const clients = model === 'blocking-iterative' ? '1' : '10';
  // Threads that poll burn the server's cores, and each of its clients waits for its turn.
  const amount = model === 'polling-threads' ? 300 : 2000;

  itWith('ab', `ab -n ${amount}: exactly as many, without keep-alive`, () =>
    withServer(model, 'http', async (server) => {
      const text = await output('ab', '-q', '-n', String(amount), '-c', '10', `http://127.0.0.1:${server.port}/`);
      expect(text).toMatch(new RegExp(`^Complete requests: +${amount}$`, 'm'));
      expect(text).toMatch(/^Failed requests: +0$/m);
      expect(await requests(server)).toBe(amount);
    }),
  );

  itWith('ab', `ab -k -n ${amount}: exactly as many, kept alive`, () =>
    withServer(model, 'http', async (server) => {
      const text = await output(
        'ab',
        '-q',
        '-k',
        '-n',
        String(amount),
        '-c',
        clients,
        `http://127.0.0.1:${server.port}/`,
      );
      expect(text).toMatch(new RegExp(`^Keep-Alive requests: +${amount}$`, 'm'));
      expect(await requests(server)).toBe(amount);
    }),
  );

  itWith('wrk', 'wrk: as many, but for those in flight at its end', () =>
    withServer(model, 'http', async (server) => {
      const connections = 16;
      const text = await output(
        'wrk',
        '-t1',
        `-c${connections}`,
        '-d1s',
        '--timeout',
        '60s',
        `http://127.0.0.1:${server.port}/`,
      );
      const theirs = Number(/^\s*(\d+) requests in/m.exec(text)?.[1]);
      expect(text).not.toMatch(/Socket errors|Non-2xx/);
      const mine = await requests(server);
      expect(theirs).toBeGreaterThan(model === 'polling-threads' ? 10 : 100);
      expect(mine).toBeGreaterThanOrEqual(theirs);
      expect(mine).toBeLessThanOrEqual(theirs + connections);
    }),
  );

  itWith('redis-benchmark', `redis-benchmark -t ping -n ${amount}: exactly as many, inline and as arrays`, () =>
    withServer(model, 'resp', async (server) => {
      await output(
        'redis-benchmark',
        '-p',
        String(server.port),
        '-t',
        'ping',
        '-n',
        String(amount),
        '-c',
        clients,
        '-q',
      );
      const mine = await requests(server);
      // It runs PING_INLINE and PING_MBULK; CONFIG GET, which it asks for first, is a request too.
      expect(mine).toBeGreaterThanOrEqual(2 * amount);
      expect(mine).toBeLessThanOrEqual(2 * amount + 4);
    }),
  );
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a server of others in a folder of its own until the work is done. */
async function withProgram(
  tool: string,
  args: (port: number, folder: string) => string[],
  work: (port: number) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-truth-'));
  const port = await freePort();
  const child = spawn(tool, args(port, folder), { env: toolEnvironment, cwd: folder, stdio: 'ignore' });
  const exit = once(child, 'close');
  try {
    for (let tries = 0; ; ++tries) {
      try {
        (await RawClient.connect(port)).close();
        break;
      } catch (error) {
        if (tries > 100 || child.exitCode !== null) throw error;
        await sleep(30);
      }
    }
    await work(port);
  } finally {
    child.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true });
  }
}

const load = (protocol: string, port: number) =>
  runLoad({
    protocol,
    target: `127.0.0.1:${port}`,
    durationMs: 1000,
    warmupMs: 0,
    check: 'framing',
    clients: [{ profile: 'closed', connections: 10 }],
  });

describe('our clients against servers of others', () => {
  itWith('redis-server', 'redis-server: total_commands_processed', () =>
    withProgram(
      'redis-server',
      (port) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      async (port) => {
        const processed = async (): Promise<number> => {
          const info = await withClient(port, async (client) => {
            await client.write('INFO stats\r\nQUIT\r\n');
            return (await client.readToEnd()).bytes.toString();
          });
          return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
        };
        const before = await processed();
        const result = await load('resp', port);
        expect(errorsOf(result)).toEqual({});
        const mine = result.counters.requests ?? 0;
        // The first INFO and QUIT are among them, and what was in flight at the end.
        const theirs = (await processed()) - before - 2;
        expect(mine).toBeGreaterThan(100);
        expect(theirs).toBeGreaterThanOrEqual(mine - 1);
        expect(theirs).toBeLessThanOrEqual(mine + 11);
      },
    ),
  );

  itWith('nginx', 'nginx: its own count of requests', () =>
    withProgram(
      'nginx',
      (port, folder) => {
        const config = join(folder, 'nginx.conf');
        writeFileSync(
          config,
          `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
          events { worker_connections 256; }
          http {
            access_log off; keepalive_requests 100000000;
            server {
              listen 127.0.0.1:${port};
              location = /status { stub_status; }
              location / { return 200 "hello"; }
            }
          }`,
        );
        return ['-p', folder, '-c', config, '-e', '/dev/null'];
      },
      async (port) => {
        const handled = async (): Promise<number> => {
          const status = await withClient(port, async (client) => {
            await client.write('GET /status HTTP/1.0\r\n\r\n');
            return (await client.readToEnd()).bytes.toString();
          });
          return Number(/^ \d+ \d+ (\d+) $/m.exec(status)?.[1]);
        };
        const before = await handled();
        const result = await load('http', port);
        expect(errorsOf(result)).toEqual({});
        const mine = result.counters.requests ?? 0;
        const theirs = (await handled()) - before - 1; // Without the second look itself.
        expect(mine).toBeGreaterThan(100);
        expect(theirs).toBeGreaterThanOrEqual(mine);
        expect(theirs).toBeLessThanOrEqual(mine + 10);
      },
    ),
  );
});
