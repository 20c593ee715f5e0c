/** One result in every form: JSON by its schema, CSV, Markdown, tables; Ctrl-C; the question before a scenario. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { resultSchemas } from '../../shared/schemas/results.ts';
import { root } from '../support/engines.ts';
import { itWith } from '../support/tools.ts';
import { hasClients, onlyRun, runCli, startCli, withFolder } from './command-line.ts';

const small = ['-c', '4', '-d', '300ms', '-w', '0'];
const escape = '\u001b';

interface Schema {
  readonly definitions: Readonly<Record<string, object>>;
}
let definitions: Schema['definitions'] = {};

beforeAll(async () => {
  const { code, stdout } = await runCli(['schema', '--results']);
  expect(code).toBe(0);
  ({ definitions } = JSON.parse(stdout) as Schema);
});

/** Undefined where the text is as the schema of the command says, else what is wrong. */
function faultIn(command: string, text: string): string | undefined {
  const schema = definitions[command];
  if (!schema) return `there is no schema of ${command}`;
  const ajv = new Ajv({ allErrors: true });
  return ajv.validate(schema, JSON.parse(text)) === true ? undefined : ajv.errorsText();
}

describe('--json', () => {
  const session = ['run', '-m', 'epoll-lt', ...small, '--json', '--record'];
  const simple: readonly (readonly [keyof typeof resultSchemas, readonly string[]])[] = [
    ['run', ['run', '-m', 'poll', ...small, '--histogram']],
    ['run', ['run', '-m', 'node', ...small]],
    ['serve', ['serve', '-m', 'epoll-et', '-d', '200ms']],
    ['load', ['load', '-T', '127.0.0.1:1', '-P', 'http', '-c', '1', '-d', '100ms']],
    ['compare', ['compare', 'epoll-lt', 'poll', '-r', '1', ...small]],
    ['sweep', ['sweep', 'epoll-lt', '--over', 'threads=1', '-r', '1', ...small]],
    ['models', ['models']],
    ['places', ['places']],
    ['doctor', ['doctor']],
    ['walks', ['walks']],
    ['walk', ['walk', 'six-steps']],
    ['switch-cost', ['switch-cost', '-r', '1']],
  ];

  it.each(simple)('%s is as its schema says: %j', async (command, args) => {
    const { stdout } = await runCli([...args, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1 });
    expect(faultIn(command, stdout)).toBeUndefined();
  });

  it('of sessions, too', () =>
    withFolder(async (folder) => {
      const [a, b] = ['a', 'b'].map((name) => join(folder, `${name}.fdscope`));
      for (const file of [a, b]) expect((await runCli([...session, file ?? ''])).code).toBe(0);
      const told = async (command: string, ...args: (string | undefined)[]): Promise<void> => {
        const { stdout } = await runCli([...args.map((each) => each ?? ''), '--json']);
        expect(faultIn(command, stdout)).toBeUndefined();
      };
      await told('info', 'info', a);
      await told('sessions', 'sessions', '--folder', folder);
      await told('compare-of-sessions', 'compare', a, b);
      await told('export', 'export', a, '-f', 'hlog', '-o', join(folder, 'out.hlog'));
    }));

  it('has a schema that finds what is wrong', () => {
    expect(faultIn('run', '{"version":1,"runs":[]}')).toContain('notRun');
    expect(faultIn('run', '{"version":2,"runs":[],"notRun":[]}')).toContain('version');
    expect(faultIn('doctor', '{"version":1,"items":[{"id":"x"}]}')).toContain('meaning');
    expect(Object.keys(definitions)).toEqual(Object.keys(resultSchemas).map((name) => name.replaceAll(' ', '-')));
  });
});

describe('other forms', () => {
  it('--csv: a line a figure, with its unit', async () => {
    const { code, stdout } = await runCli(['run', '-m', 'epoll-lt', ...small, '--csv']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run,model,label,variant,figure,unit,value,meaning\r\n/);
    expect(stdout).toMatch(/^1,epoll-lt,,,throughput,requests\/s,\d+(\.\d+)?,replies/m);
    const load = await runCli(['load', '-T', '127.0.0.1:1', '-P', 'http', '-c', '1', '-d', '100ms', '--csv']);
    // Of no reply there is no latency, and no 0 either.
    expect(load.stdout).toMatch(/^127\.0\.0\.1:1,p50,µs,,/m);
  });

  it('--markdown: tables for an issue; --histogram: one more', async () => {
    const { code, stdout } = await runCli(['run', '-m', 'epoll-lt', ...small, '--markdown', '--histogram']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\| model \| req\/s \|.*\n\| --- \| ---: \|/);
    expect(stdout).toMatch(/^\| latency of epoll-lt, at most \|/m);
    expect(stdout).not.toMatch(/[─-╿]/);
  });

  it.each([60, 200])('tables are %d columns wide at most', async (columns) => {
    const { stdout } = await runCli(['run', '-m', 'epoll-lt', ...small], { COLUMNS: String(columns) });
    const lines = stdout.split('\n').filter((line) => /[─│]/.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('LANG=C: ASCII; JSON stays what it is', async () => {
    const env = { LC_ALL: '', LC_CTYPE: '', LANG: 'C' };
    const { stdout } = await runCli(['run', '-m', 'epoll-lt', ...small], env);
    expect(stdout).toMatch(/^[\n -~]*$/);
    expect(stdout).toMatch(/^\| model +\| req\/s \| p50 us/m);
    expect((await runCli(['doctor', '--json'], env)).stdout).toContain('’');
  });

  itWith('script', 'colours are for terminals, and not with NO_COLOR', async () => {
    const shown = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const line = `${process.execPath} ${join(root, 'main/cli/bin.mjs')} doctor`;
      const child = spawn('script', ['-qec', line, '/dev/null'], {
        env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await new Promise((resolve) => child.on('close', resolve));
      return text;
    };
    expect(await shown({})).toContain(`${escape}[32mok${escape}[0m`);
    expect(await shown({ NO_COLOR: '1' })).not.toContain(escape);
  });
});

describe('Ctrl-C', () => {
  /** Until there are clients that have something to show. */
  const interrupt = async (args: readonly string[]): Promise<Awaited<ReturnType<typeof runCli>>> => {
    const started = startCli([...args, '-v']);
    await started.until('stderr', /The load engine started/);
    await expect.poll(() => hasClients(started.pid), { timeout: 60_000 }).toBe(true);
    // What is measured begins when all have connected; on a busy machine that takes its time.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    started.kill('SIGINT');
    return started.ended;
  };

  it('run: what was measured until then, with a notice, exit code 130', async () => {
    const { code, stdout } = await interrupt(['run', '-m', 'epoll-lt', '-c', '4', '-d', '10m', '-w', '0', '--json']);
    expect(code).toBe(130);
    const run = onlyRun(stdout) as {
      requests: number;
      durationSeconds: number;
      replies: object;
      notices: { code: string }[];
    };
    expect(run.requests).toBeGreaterThan(0);
    expect(run.durationSeconds).toBeLessThan(500);
    expect(run.notices.map((notice) => notice.code)).toContain('interrupted');
    expect(run.replies).toMatchObject({ 200: expect.any(Number) as number });
    expect(faultIn('run', stdout)).toBeUndefined();
  });

  it('load: the same', async () => {
    const serve = startCli(['serve', '-m', 'epoll-lt', '--json']);
    const [, target = ''] = await serve.until('stderr', / on (127\.0\.0\.1:\d+)[;\n]/);
    const { code, stdout } = await interrupt([
      'load',
      '-T',
      target,
      '-P',
      'http',
      '-c',
      '4',
      '-d',
      '10m',
      '-w',
      '0',
      '--json',
    ]);
    serve.kill('SIGTERM');
    await serve.ended;
    expect(code).toBe(130);
    expect((onlyRun(stdout) as { requests: number }).requests).toBeGreaterThan(0);
    expect(faultIn('load', stdout)).toBeUndefined();
  });
});

describe('a scenario with a prediction', () => {
  const text = `version: 1
title: Mine
question: Does it answer?
watch: [replies]
connections: 2
durationSeconds: 0.3
clients: [{ profile: closed }]
models: [epoll-lt]
predict:
  ask: How many are answered?
  choices:
    - { text: None., when: requests(epoll-lt) < 1 }
    - { text: Some., when: requests(epoll-lt) > 0 }
`;

  itWith('script', 'is asked for on a terminal, and stands beside what was measured', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'mine.yaml');
      writeFileSync(file, text);
      const line = `${process.execPath} ${join(root, 'main/cli/bin.mjs')} run ${file}`;
      const child = spawn('script', ['-qec', line, '/dev/null'], {
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let shown = '';
      child.stdout.on('data', (chunk: Buffer) => {
        const before = shown;
        shown += chunk.toString();
        const asks = 'Your prediction, 1 to 2';
        if (shown.includes(asks) && !before.includes(asks)) child.stdin.write('1\n');
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(code).toBe(0);
      expect(shown).toContain('How many are answered?');
      expect(shown).toMatch(/Your prediction: None\.\s+Measured here: Some\./);
      const piped = await runCli(['run', file]);
      expect(piped.code).toBe(0);
      expect(piped.stdout + piped.stderr).not.toContain('Your prediction');
    }),
  );
});
