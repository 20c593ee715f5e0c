/** What the commands print: the JSON that other programs read, tables for people, and how each of them ends. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelIds, modelListSchema } from '../../shared/catalogue.ts';
import { builtInNames, openScenario } from '../../main/lab/scenario-files.ts';
import { kindOf } from '../../main/lab/models.ts';
import { root } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { RawClient } from '../support/raw-client.ts';
import { isAlive, settled } from '../support/server-under-test.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { itWith, output } from '../support/tools.ts';
import { hasClients, onlyRun, runCli, startCli, withFolder } from './command-line.ts';

const escape = '\u001b';

type Shape = Record<string, unknown>;

/** With --json one object is on stdout and nothing else. */
function objectOf(stdout: string): Shape {
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Shape;
}

/** Kinds of the members that the contract names; keys are only ever added, so others may be there. */
const latency = { p50: 'number', p90: 'number', p99: 'number', p999: 'number', max: 'number', mean: 'number' };
const serverShape = {
  ...{ durationSeconds: 'number', requests: 'number', requestsPerSecond: 'number', bytesIn: 'number' },
  ...{ bytesOut: 'number', errors: {}, syscalls: {}, syscallsPerRequest: 'number', eagain: 'number' },
  ...{ wakeups: 'number', readyEvents: 'number', coroutineSwitches: 'number', maxRssBytes: 'number' },
  ...{ contextSwitches: { voluntary: 'number', involuntary: 'number' }, peakThreads: 'number', peakFds: 'number' },
  ...{ cpuSeconds: { user: 'number', system: 'number' }, notices: {} },
  ...{ model: 'string', protocol: 'string', handler: 'string' },
};
const clientShape = {
  ...{ connections: 'number', clientCpuShare: 'number' },
  latency: { corrected: latency, uncorrected: latency },
};

function missing(shape: Readonly<Record<string, unknown>>, value: unknown, path = ''): string[] {
  return Object.entries(shape).flatMap(([key, kind]) => {
    const member = (value as Shape | undefined)?.[key];
    if (typeof kind === 'string') {
      const isFit = kind === 'number' ? Number.isFinite(member) : typeof member === kind;
      return isFit ? [] : [`${path}${key} is no ${kind}`];
    }
    if (typeof member !== 'object' || member === null) return [`${path}${key} is missing`];
    return missing(kind as Shape, member, `${path}${key}.`);
  });
}

function expectBetween(value: number, low: number, high: number): void {
  expect(value).toBeGreaterThan(low);
  expect(value).toBeLessThan(high);
}

const childrenOf = (pid: number): number[] => {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
};

// Whatever the checkout still lacks is made now, so that no test sees the messages of that.
beforeAll(() => runCli(['--version']));

describe('models', () => {
  it('lists every model of the catalogue, in its order', async () => {
    const { code, stdout, stderr } = await runCli(['models', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const models = modelListSchema.parse(objectOf(stdout).models);
    expect(models.map(({ id }) => id)).toEqual(modelIds);
    expect(models.find(({ id }) => id === 'node')).toMatchObject({ available: true });
    for (const { id, family, execution, available, reason, summary } of models) {
      expect({ id, family, execution }).toEqual({ id, ...kindOf(id) });
      expect(summary, id).toMatch(/\w/);
      if (!available) expect(reason, id).toMatch(/\w/);
    }
  });

  it('for people: a line for each', async () => {
    const { code, stdout } = await runCli(['models']);
    expect(code).toBe(0);
    for (const id of modelIds) expect(stdout).toMatch(new RegExp(`^${id} +\\w`, 'm'));
  });
});

describe('doctor', () => {
  it('names what the machine allows', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const items = objectOf(stdout).items as { id: string; value: string; status: string; forbids?: string }[];
    const ids = items.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['kernel', 'cores', 'io_uring', 'perf', 'open-files', 'ports']));
    for (const { id, value, status, forbids } of items) {
      expect(value, id).toMatch(/\w/);
      if (status !== 'ok') expect(forbids, id).toMatch(/\w/);
    }
    const text = (await runCli(['doctor'])).stdout;
    expect(text).toMatch(/^ok +kernel +\d/m);
    expect(text).toContain('kernel.perf_event_paranoid');
  });
});

describe('run', () => {
  it('--json: the object of the contract, with figures that fit together; --out writes the same', () =>
    withFolder(async (folder) => {
      const out = join(folder, 'result.json');
      const args = ['run', '--model', 'epoll-lt', '--connections', '10', '--duration', '1', '--warmup', '0.1'];
      const { code, stdout, stderr } = await runCli([...args, '--json', '--out', out]);
      expect([code, stderr]).toEqual([0, '']);
      const result = onlyRun(stdout);
      expect(missing({ ...serverShape, ...clientShape }, result)).toEqual([]);
      expect(result).toMatchObject({ model: 'epoll-lt', protocol: 'http', handler: 'respond', connections: 10 });
      const requests = result.requests as number;
      expect(requests).toBeGreaterThan(100);
      // The frames of clients and server that begin the interval fall a moment apart, on a busy machine a long one.
      const served = result.serverRequests as number;
      expectBetween(served / requests, 0.5, 2);
      expectBetween(((result.requestsPerSecond as number) * (result.durationSeconds as number)) / requests, 0.5, 2);
      // One frame has all of the server's: level-triggered epoll reads and writes once a request.
      const { read, write } = result.syscalls as Record<string, number>;
      expect(read).toBeGreaterThanOrEqual(served - 20);
      expect(write).toBeGreaterThanOrEqual(served - 20);
      const calls = Object.values(result.syscalls as Record<string, number>).reduce((sum, count) => sum + count, 0);
      expect(result.syscallsPerRequest).toBeCloseTo(calls / served, 6);
      expect(readFileSync(out, 'utf8')).toBe(stdout);
    }));

  it('a scenario of several runs: a list of such objects, in the order of its models', (context) =>
    measured(context, async () => {
      const args = ['run', 'quick-tour', '--duration', '0.2', '--warmup', '0', '--connections', '5', '--json'];
      const { code, stdout } = await runCli(args);
      const { scenario, title, runs, notRun } = objectOf(stdout);
      const file = openScenario('quick-tour').scenario;
      expect({ scenario, title, notRun }).toEqual({ scenario: 'quick-tour', title: file.title, notRun: [] });
      expect((runs as Shape[]).map(({ model }) => model)).toEqual(file.models);
      for (const result of runs as Shape[]) expect(missing({ ...serverShape, ...clientShape }, result)).toEqual([]);
      // Its expectations are of figures, which a fifth of a second beside others may not bear out: that is 4.
      expect([0, 4]).toContain(code);
      whenQuiet(() => expect(code).toBe(0));
    }));

  it('a scenario with --model: that run alone', async () => {
    const args = ['run', 'busy-polling', '--model', 'poll', '--rate', '100', '--duration', '0.5', '--json'];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(objectOf(stdout)).toMatchObject({ scenario: 'busy-polling' });
    const result = onlyRun(stdout);
    expect(result).toMatchObject({ model: 'poll', connections: 8 });
    expect(result.requests as number).toBeLessThan(100);
  });

  it('for people: a table without escape sequences and without a progress bar where it is piped', async () => {
    const { code, stdout, stderr } = await runCli(['run', '--model', 'poll', '--duration', '0.2', '--warmup', '0']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/│ model +│ +req\/s │/);
    expect(stdout).toMatch(/│ poll +│ +\d+ │/);
    expect(stdout).not.toContain(escape);
  });

  itWith('script', 'on a terminal: a progress bar that is gone in the end', async () => {
    const line = `${process.execPath} ${join(root, 'main/cli/bin.mjs')} run --model poll --duration 0.3 --warmup 0`;
    const text = await output('script', '-qec', line, '/dev/null');
    expect(text).toMatch(/=+-* \d\.\d\/0\.3 s {2}poll/);
    // Cleared, and then the table.
    expect(text).toMatch(new RegExp(`${escape}\\[2K[^\\n]*┌─`));
  });

  it('--threads goes to the models that have threads, and is told of the others', async () => {
    const args = ['run', '--model', 'epoll-reactors', '--threads', '3', '--duration', '0.2', '--json'];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(onlyRun(stdout).options).toMatchObject({ threads: 3 });
  });

  it('Ctrl-C: exit code 130, a sentence, and no engine stays', async () => {
    const run = startCli(['run', '--model', 'epoll-lt', '--duration', '60', '--json']);
    // Server and clients.
    const engines = await settled(
      () => (hasClients(run.pid) ? childrenOf(run.pid) : []),
      (pids) => pids.length === 2,
      90_000,
    );
    expect(engines).toHaveLength(2);
    run.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([130, 'The run was interrupted before its end.\n']);
    expect(
      await settled(
        () => engines.filter(isAlive),
        (pids) => pids.length === 0,
      ),
    ).toEqual([]);
  });

  it.each(builtInNames())('the built-in scenario %s is sound', (name) => {
    expect(openScenario(name).scenario.watch.length).toBeGreaterThan(0);
  });
});

describe('serve', () => {
  it('prints its address, serves, and ends at Ctrl-C with the result and exit code 0', async () => {
    const { request, reply } = dialects.http;
    const serve = startCli(['serve', '--model', 'poll', '--protocol', 'http', '--json']);
    const [, port] = await serve.until('stderr', /^Serving http under poll on 127\.0\.0\.1:(\d+); try: curl /);
    const client = await RawClient.connect(Number(port));
    for (let i = 0; i < 7; ++i) await client.ask(request(Buffer.from('x')), reply(pattern(128)).length);
    serve.kill('SIGINT');
    const { code, stdout } = await serve.ended;
    client.close();
    expect(code).toBe(0);
    const result = onlyRun(stdout);
    expect(missing(serverShape, result)).toEqual([]);
    expect(result).toMatchObject({ model: 'poll', requests: 7, port: Number(port) });
  });

  it('ends by itself after its duration, and tells people its address on stdout', async () => {
    const args = ['serve', '--model', 'node', '--protocol', 'resp', '--duration', '0.3'];
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Serving resp under node on 127\.0\.0\.1:(\d+); try: redis-benchmark -p \1 -t ping\n/);
    expect(stdout).toMatch(/│ node +│ +0 │/);
  });

  it.each([
    ['as Redis does', [], '+PONG\r\n'],
    ['in the size that was asked for', ['--response-bytes', '5'], `$5\r\n${pattern(5).toString('latin1')}\r\n`],
  ])('answers PING %s', async (_how, args, answer) => {
    const serve = startCli(['serve', '--model', 'epoll-lt', '--protocol', 'resp', ...args]);
    const [, port] = await serve.until('stdout', / on 127\.0\.0\.1:(\d+);/);
    const client = await RawClient.connect(Number(port));
    const reply = await client.ask(Buffer.from('*1\r\n$4\r\nPING\r\n'), answer.length);
    expect(reply.toString('latin1')).toBe(answer);
    client.close();
    serve.kill('SIGINT');
    expect((await serve.ended).code).toBe(0);
  });
});

describe('load', () => {
  it('drives a server that it did not start, whose count agrees', async () => {
    const serve = startCli(['serve', '--model', 'epoll-et', '--protocol', 'echo', '--handler', 'echo', '--json']);
    const [, target = ''] = await serve.until('stderr', / on (127\.0\.0\.1:\d+)\n/);
    const args = ['load', '--target', target, '--protocol', 'echo', '--connections', '5', '--duration', '1'];
    const exact = ['--rate', '200', '--warmup', '0', '--expect', 'exact', '--handler', 'echo', '--json'];
    const { code, stdout } = await runCli([...args, ...exact]);
    expect(code).toBe(0);
    const result = onlyRun(stdout);
    expect(missing({ ...clientShape, requests: 'number', errors: {}, target: 'string' }, result)).toEqual([]);
    const requests = result.requests as number;
    expect(requests).toBeGreaterThan(50);
    serve.kill('SIGTERM');
    const served = onlyRun((await serve.ended).stdout).requests as number;
    // The clients' interval begins when all are connected and is told a moment later, when some were served already.
    expect(served).toBeGreaterThanOrEqual(requests);
    expect(served).toBeLessThanOrEqual(2 * requests);
  });

  it('where nothing listens: the result, exit code 1 and a sentence', async () => {
    const args = ['load', '--target', '127.0.0.1:1', '--protocol', 'http', '--connections', '2', '--duration', '0.1'];
    const { code, stdout, stderr } = await runCli([...args, '--json']);
    expect(code).toBe(1);
    expect(onlyRun(stdout)).toMatchObject({ requests: 0 });
    expect(stderr).toMatch(/^No request to 127\.0\.0\.1:1 was answered; the clients met errors: refused \d+\.\n$/);
  });
});
