/** What is asked of a server of the user's own, as other people's servers read it: Node's http, and redis. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadOnce } from '../../main/lab/load.ts';
import type { LoadResult } from '../../shared/run-result.ts';
import { loadSettingsSchema, type LoadSettingsInput } from '../../shared/schemas/settings.ts';
import { isInstalled, itWith } from '../support/tools.ts';
import { runCli } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-requests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server of Node's that notes what it is asked; on a port, or on a socket of the file system. */
async function listening(where: string | number): Promise<{ target: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      response.end('hello');
    });
  });
  const mine = server;
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') mine.listen(where, resolve);
    else mine.listen(where, '127.0.0.1', resolve);
  });
  const address = mine.address();
  return { target: typeof address === 'object' && address ? `127.0.0.1:${address.port}` : `unix:${where}`, seen };
}

const load = (settings: Pick<LoadSettingsInput, 'target'> & Partial<LoadSettingsInput>): Promise<LoadResult> =>
  loadOnce(
    loadSettingsSchema.parse({
      ...{ protocol: 'http', clients: [{ profile: 'closed' }], connections: 2, durationSeconds: 0.5, warmupSeconds: 0 },
      ...settings,
    }),
    {},
  );

const failures = ({ errors }: LoadResult): number => Object.values(errors).reduce((sum, count) => sum + count, 0);

describe('requests of http', () => {
  it('have the method, the headers and the body that were asked for', async () => {
    const { target, seen } = await listening(0);
    const bodyFile = file('body.json', '{"a":1}');
    const headers = ['Content-Type: application/json', 'Host: example.org'];
    const result = await load({ target, request: { method: 'PUT', headers, bodyFile } });
    expect(result.requests).toBeGreaterThan(0);
    expect(failures(result)).toBe(0);
    expect(seen.length).toBeGreaterThanOrEqual(result.requests);
    for (const { method, url, body, headers: fields } of seen) {
      expect({ method, url, body }).toEqual({ method: 'PUT', url: '/', body: '{"a":1}' });
      expect(fields).toMatchObject({ 'content-type': 'application/json', host: 'example.org', 'content-length': '7' });
    }
  });

  it('of HEAD have replies without a body, whatever their length says', async () => {
    const { target, seen } = await listening(0);
    const result = await load({ target, request: { method: 'HEAD' } });
    expect(result.requests).toBeGreaterThan(2);
    expect(failures(result)).toBe(0);
    expect(seen.every(({ method }) => method === 'HEAD')).toBe(true);
  });

  it('go to several paths by weight, and each to one of them', async () => {
    const { target, seen } = await listening(0);
    const paths = [{ path: '/often?q=1', weight: 3 }, { path: '/seldom' }];
    await load({ target, durationSeconds: 1, request: { paths } });
    const of = (path: string): number => seen.filter(({ url }) => url === path).length;
    expect(of('/often?q=1') + of('/seldom')).toBe(seen.length);
    expect(of('/seldom')).toBeGreaterThan(0);
    // Which path has its turn is given by the request's number alone; of a hundred, three quarters are far from half.
    if (seen.length >= 100) expect(of('/often?q=1') / seen.length).toBeGreaterThan(0.55);
  });

  it('reach a server on a socket of the file system', async () => {
    const { target, seen } = await listening(join(folder, 'server.sock'));
    const result = await load({ target });
    expect(result.requests).toBeGreaterThan(0);
    expect(failures(result)).toBe(0);
    expect(seen.length).toBeGreaterThanOrEqual(result.requests);
    expect(result.target).toBe(target);
  });
});

describe('commands of redis', () => {
  const password = 'a secret';
  let redis: ReturnType<typeof spawn> | undefined;
  const socket = join(folder, 'redis.sock');

  beforeAll(async () => {
    if (!isInstalled('redis-server')) return;
    const settings = ['--port', '0', '--unixsocket', socket, '--save', '', '--requirepass', password];
    redis = spawn('redis-server', settings, { stdio: 'ignore', cwd: folder });
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (await new Promise((resolve) => answers(resolve))) return;
      await sleep(50);
    }
    throw new Error('redis-server did not listen');
  }, 60_000);
  afterAll(() => void redis?.kill());

  const answers = (resolve: (does: boolean) => void): void => {
    const client = connect(socket, () => {
      client.destroy();
      resolve(true);
    });
    client.on('error', () => resolve(false));
  };

  /** What redis itself counted, by command. */
  async function counted(): Promise<Record<string, number>> {
    const text = await new Promise<string>((resolve, reject) => {
      const client = connect(socket, () => client.write(`AUTH "${password}"\r\nINFO commandstats\r\nDBSIZE\r\n`));
      let all = '';
      client.on('data', (chunk) => {
        all += chunk.toString();
        if (!/\r\n:\d+\r\n$/.test(all)) return;
        client.destroy();
        resolve(all);
      });
      client.on('error', reject);
    });
    const calls = [...text.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(
      ([, name = '', n]) => [name, Number(n)] as const,
    );
    return { ...Object.fromEntries(calls), size: Number(/:(\d+)\r\n$/.exec(text)?.[1]) };
  }

  itWith(
    'redis-server',
    'are let in with a password, and come as often as their weights say, which redis counted too',
    async () => {
      const before = await counted();
      const request = {
        commands: { get: 3, set: 1 },
        keys: 40,
        valueBytes: 10,
        passwordFile: file('pw', `${password}\n`),
      };
      const result = await load({ target: `unix:${socket}`, protocol: 'resp', request });
      expect(failures(result)).toBe(0);
      const after = await counted();
      const grew = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
      expect(grew('get') + grew('set')).toBeGreaterThanOrEqual(result.requests);
      // One that was under way when the clients stopped may not have come.
      expect(result.requestsSent - (grew('get') + grew('set'))).toBeLessThanOrEqual(2);
      expect(grew('set')).toBeGreaterThan(0);
      expect(grew('get')).toBeGreaterThan(grew('set'));
      expect(after.size).toBeGreaterThan(0);
      expect(after.size).toBeLessThanOrEqual(40);
    },
  );

  itWith('redis-server', 'with a wrong password nobody is let in, and it is said with the word of redis', async () => {
    const request = { passwordFile: file('wrong', 'not it') };
    const result = await load({ target: `unix:${socket}`, protocol: 'resp', request });
    expect(result.requests).toBe(0);
    expect(result.errors.reply).toBeGreaterThan(0);
    const texts = result.notices.map(({ text }) => text).join('\n');
    expect(texts).toContain('The server let no client in: -WRONGPASS');
    expect(JSON.stringify(result)).not.toContain('not it');
  });

  itWith('redis-server', 'by the command line, whose result does not hold the password', async () => {
    const flags = ['--target', `unix:${socket}`, '--protocol', 'resp', '--password-file', file('pw', password)];
    const { code, stdout } = await runCli(['load', ...flags, '--commands', 'get=1', '--duration', '300ms', '--json']);
    expect(code).toBe(0);
    expect(stdout).not.toContain(password);
    expect((JSON.parse(stdout) as { runs: { requests: number }[] }).runs[0]?.requests).toBeGreaterThan(0);
  });
});

describe('what cannot be asked is one sentence, and exit code 2', () => {
  const base = ['load', '--target', '127.0.0.1:9'];
  it.each([
    [['--protocol', 'http', '--method', 'GE T'], '--method must be a method such as GET or PUT'],
    [['--protocol', 'http', '-H', 'nothing'], 'must be a name, a colon and a value on one line'],
    [['--protocol', 'http', '-H', 'Content-Length: 3'], 'leave it out'],
    [['--protocol', 'http', '--body-file', '/nothing/there'], 'cannot be read'],
    [['--protocol', 'http', '--commands', 'get=1'], "request's commands is of the protocol resp"],
    [['--protocol', 'resp', '--commands', 'flushall=1'], '--commands takes weights of get, set and ping'],
    [['--protocol', 'resp', '--password-file', '/nothing/there'], 'cannot be read'],
    [['--protocol', 'resp', '--user', 'me'], 'A user needs a passwordFile'],
    [['--protocol', 'http', '--expect', 'exact', '--method', 'PUT'], 'needs check framing'],
    [['--protocol', 'http', '--paths-file', '/nothing/there'], '--paths-file /nothing/there cannot be read'],
  ])('%j', async (flags, sentence) => {
    const { code, stdout, stderr } = await runCli([...base, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a pipe, for which it would wait, in place of a file', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const body = await runCli([...base, '--protocol', 'http', '--body-file', pipe]);
    expect([body.code, body.stderr]).toEqual([2, `The body ${pipe} is not a file: give one that is.\n`]);
    const paths = await runCli([...base, '--protocol', 'http', '--paths-file', pipe]);
    expect([paths.code, paths.stderr]).toEqual([2, `--paths-file ${pipe} cannot be read: it is a pipe.\n`]);
  });

  it('a line of --paths-file is named', async () => {
    const paths = file('paths', '/a\n/b 2\nno-slash\n');
    const { code, stderr } = await runCli([...base, '--protocol', 'http', '--paths-file', paths]);
    expect(code).toBe(2);
    expect(stderr).toContain(`Line 3 of --paths-file ${paths} is not a path and a weight`);
  });

  it('one of the lab’s own servers, whose replies are known to the byte', async () => {
    const { code, stderr } = await runCli(['run', '--model', 'epoll-lt', '--method', 'HEAD', '--duration', '200ms']);
    expect(code).toBe(2);
    expect(stderr).toContain('is for servers of your own, with the model external');
  });
});
