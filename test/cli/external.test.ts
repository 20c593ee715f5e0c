/** Servers that the lab did not write, driven by its clients and watched from outside. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { csvCells } from '../support/csv-cells.ts';
import { isAlive } from '../support/server-under-test.ts';
import { itWith, toolEnvironment } from '../support/tools.ts';
import { onlyRun, runCli, withFolder } from './command-line.ts';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

interface Result {
  readonly requests: number;
  readonly pid: number;
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  readonly errors: Readonly<Record<string, number>>;
  readonly notAvailable: Readonly<Record<string, string>>;
  readonly maxRssBytes: number;
  readonly idleRssBytes: number | null;
  readonly peakThreads: number;
  readonly peakFds: number;
  readonly contextSwitches: { readonly voluntary: number; readonly involuntary: number };
}

/** Five seconds at most; what is asserted are counts and presence, never speed. */
const time = ['--connections', '8', '--duration', '0.6', '--warmup', '0.1', '--json'];

async function runExternal(...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await runCli(['run', '--model', 'external', ...args, ...time], toolEnvironment);
  expect([code, stderr]).toEqual([0, '']);
  return onlyRun(stdout) as unknown as Result;
}

function expectWatched(result: Result): void {
  expect(result.requests).toBeGreaterThan(10);
  expect(result.errors).toMatchObject({ mismatch: 0, protocol: 0, timeout: 0, refused: 0 });
  // The kernel may count CPU time in ticks of 10 ms, which a few requests do not take.
  if (result.requests > 2000) expect(result.cpuSeconds.user + result.cpuSeconds.system).toBeGreaterThan(0);
  expect(result.maxRssBytes).toBeGreaterThan(1 << 20);
  expect(result.peakThreads).toBeGreaterThan(0);
  expect(result.peakFds).toBeGreaterThan(4);
  // What cannot be known is null, with the reason; it is never 0.
  for (const [key, reason] of Object.entries(result.notAvailable)) {
    expect(result[key as keyof Result], key).toBeNull();
    expect(reason).toMatch(/not one of the lab/);
  }
  expect(Object.keys(result.notAvailable)).toContain('syscallsPerRequest');
}

// Whatever the checkout still lacks is made now, so that no test sees the messages of that.
beforeAll(() => runCli(['--version']));

describe('run --model external', () => {
  itWith('nginx', 'drives nginx', () =>
    withFolder(async (folder) => {
      const port = await freePort();
      const file = join(folder, 'nginx.conf');
      const site = `server { listen 127.0.0.1:${port}; location / { return 200 hello; } }`;
      const http = `http { access_log off; keepalive_requests 1000000; ${site} }`;
      writeFileSync(file, `daemon off; pid ${folder}/pid; error_log stderr; events {} ${http}\n`);
      const result = await runExternal('--command', `nginx -p ${folder} -c ${file}`, '--port', `${port}`);
      expectWatched(result);
      // Master and worker; the shell in front of them is not counted.
      expect(result.peakThreads).toBeGreaterThanOrEqual(2);
      await expect.poll(() => isAlive(result.pid), { timeout: 60_000 }).toBe(false);
    }),
  );

  itWith('redis-server', 'drives redis', async () => {
    const port = await freePort();
    const result = await runExternal(
      ...['--command', `redis-server --port ${port} --bind 127.0.0.1 --save ''`],
      ...['--port', `${port}`, '--protocol', 'resp'],
    );
    expectWatched(result);
    expect(result.peakFds).toBeGreaterThanOrEqual(8);
  });

  itWith('python3', 'drives the server of Python, a thread for each connection', async () => {
    const port = await freePort();
    const command = `python3 -m http.server ${port} --bind 127.0.0.1`;
    // It answers HTTP/1.0, so that each request has a connection of its own.
    const args = ['--command', command, '--port', `${port}`, '--profile', 'churn', '--duration', '0.6', '--json'];
    const ran = await runCli(['run', '--model', 'external', '--connections', '4', '--warmup', '0.1', ...args]);
    expect(ran.code).toBe(0);
    const result = onlyRun(ran.stdout) as unknown as Result;
    expectWatched(result);
    expect(result.contextSwitches.voluntary).toBeGreaterThan(0);
    // HTTP/1.0 ends each connection as it says: no error, but clients that mean to stay are told why they cannot.
    const stay = ['run', '--model', 'external', '--command', command, '--port', `${port}`, '--connections', '2'];
    const stayed = await runCli([...stay, '--duration', '0.6', '--warmup', '0.1']);
    expect(stayed.stdout).not.toContain('errors that the clients met');
    expect(stayed.stdout).toMatch(/warning: The server ended the connection after .*profile churn/);
  });

  it('attaches to a server of Node that runs already, and leaves it running', () =>
    withFolder(async (folder) => {
      const port = await freePort();
      const script = `require('http').createServer((_, reply) => reply.end('hi')).listen(${port}, '127.0.0.1', () => console.log('on'))`;
      const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        await new Promise((resolve) => server.stdout.once('data', resolve));
        const session = join(folder, 'mine.fdscope');
        const result = await runExternal(
          ...['--pid', `${server.pid}`, '--port', `${port}`, '--no-pin'],
          ...['--out', join(folder, 'mine.json')],
        );
        expectWatched(result);
        // It ran before, so that what its connections take cannot be told from what it holds.
        expect(result.idleRssBytes).toBeNull();
        expect(result.notAvailable).toHaveProperty('idleRssBytes');
        const args = ['run', '--model', 'external', '--pid', `${server.pid}`, '--port', `${port}`, '--seconds', '1'];
        expect(await runCli([...args, '--record', session])).toMatchObject({ code: 0 });
        const { stdout } = await runCli(['info', session]);
        // It was watched: what can be seen from outside is there, and what cannot is not 0.
        expect(stdout).toMatch(/^models +external$/m);
        expect(stdout).toMatch(/^CPU µs per request +\d+\.\d\d$/m);
        expect(stdout).toMatch(/^memory, highest +[1-9]\d*\.\d MiB$/m);
        expect(stdout).toMatch(/^open connections, most +[1-9]\d*$/m);
        expect(stdout).toMatch(/^system calls per request +not available/m);
        const tables = join(folder, 'tables');
        expect(await runCli(['export', session, '--format', 'csv', '--out', tables])).toMatchObject({ code: 0 });
        const [header = '', ...rows] = readFileSync(join(tables, 'fd_states.csv'), 'utf8').trim().split('\n');
        const place = (name: string): number => csvCells(header).indexOf(name);
        // What nobody saw is an empty cell.
        expect(rows.every((row) => csvCells(row)[place('eagain')] === '')).toBe(true);
        const [counted = '', ...counts] = readFileSync(join(tables, 'counters.csv'), 'utf8').trim().split('\n');
        const ofServer = counts.map(csvCells).filter(([, source]) => source === 'server');
        const cellsOf = (name: string): Set<string | undefined> =>
          new Set(ofServer.map((cells) => cells[csvCells(counted).indexOf(name)]));
        for (const name of ['requests', 'eagain', 'syscall_read', 'listen_overflows']) {
          expect(cellsOf(name), name).toEqual(new Set(['']));
        }
        expect(cellsOf('voluntary_switches').size).toBeGreaterThan(2);
        const served = rows.map(csvCells).filter((cells) => cells[place('read')] === 'true');
        expect(new Set(served.map((cells) => cells[place('connection_id')])).size).toBeGreaterThan(10);
        expect(new Set(served.map((cells) => cells[place('role')]))).toEqual(new Set(['client']));
        expect(result.pid).toBe(server.pid);
        expect(isAlive(server.pid ?? 0)).toBe(true);
      } finally {
        server.kill('SIGKILL');
      }
    }));

  it('beside a model of the lab in a scenario, where its command is allowed', () =>
    withFolder(async (folder) => {
      const port = await freePort();
      const file = join(folder, 'mine.yaml');
      const server = `require('http').createServer((_, reply) => reply.end('hi')).listen(${port}, '127.0.0.1')`;
      const scenario = {
        ...{ version: 1, title: 'Mine', question: 'How much dearer is mine?', watch: ['CPU per request'] },
        ...{ durationSeconds: 0.5, connections: 4, clients: [{ profile: 'closed' }] },
        models: [
          'epoll-lt',
          { model: 'external', label: 'mine', port, command: `'${process.execPath}' -e "${server}"` },
        ],
        expectations: [
          { expect: 'cpuPerRequest(mine) > 1.2 * cpuPerRequest(epoll-lt)', because: 'JavaScript', otherwise: 'no' },
          { expect: 'syscallsPerRequest(mine) > 1', because: 'unknown', otherwise: 'unknown' },
        ],
      };
      writeFileSync(file, JSON.stringify(scenario));
      const refused = await runCli(['run', file]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/starts a program.*add --allow-commands/);
      const { code, stdout } = await runCli(['run', file, '--allow-commands', '--json']);
      const { runs, conclusion } = JSON.parse(stdout) as {
        runs: { label?: string; requests: number }[];
        conclusion: { expectations: { held: boolean | null; missing: string[] }[] };
      };
      expect(runs.map(({ label }) => label)).toEqual([undefined, 'mine']);
      expect(runs[1]?.requests).toBeGreaterThan(0);
      // A figure that only the lab's own servers have leaves the expectation unjudged.
      expect(conclusion.expectations[1]).toMatchObject({ held: null, missing: ['syscallsPerRequest(mine)'] });
      expect([0, 4]).toContain(code);
    }));

  it.each([
    [['--port', '9'], 'needs either the command that starts it or the pid'],
    [['--command', 'true'], 'needs its port'],
    [['--command', 'false', '--port', '9'], 'ended with exit code 1.\n'],
    [['--pid', '4194304', '--port', '9'], 'There is no process 4194304'],
  ])('%j is told in a sentence', async (args, sentence) => {
    const { code, stderr } = await runCli(['run', '--model', 'external', ...args, '--duration', '0.3']);
    expect([1, 2]).toContain(code);
    expect(stderr).toContain(sentence);
  });

  it('a command with one of the lab’s models is refused', async () => {
    const { code, stderr } = await runCli(['run', '--model', 'poll', '--command', 'true']);
    expect([code, stderr]).toEqual([2, '--command goes with --model external, not with --model poll.\n']);
  });
});
