/** Nothing that a file, a server or a program says can give orders to a terminal, whatever verb shows it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../main/cli/index.ts';
import { LabService } from '../../main/lab/lab-service.ts';
import { writeSweep } from '../../main/lab/sweep/resume-file.ts';
import type { SessionDetails } from '../../shared/contract/sessions.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import { root } from '../support/engines.ts';
import {
  forged,
  hostile,
  hostileEngine,
  hostileMistakes,
  hostileScenario,
  hostileSession,
  hostileWalk,
  orders,
} from '../support/hostile.ts';
import { ok, oddServer } from '../support/odd-server.ts';
import { runCli } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-terminal-'));
const at = (name: string): string => join(folder, name);
/** A name that a file can have. */
const fileName = hostile.replaceAll('/', '');
const session = at(`${fileName}.fdscope`);
const engine = at('engine');

const run = runSettingsSchema.parse({
  ...{ server: { model: 'poll' }, clients: [{ profile: 'closed' }], durationSeconds: 0.3, warmupSeconds: 0 },
});

beforeAll(async () => {
  await hostileSession(session);
  writeFileSync(at('broken.fdscope'), hostile);
  writeFileSync(at('mine.yaml'), hostileScenario);
  writeFileSync(at('wrong.yaml'), hostileMistakes);
  writeFileSync(at('odd.yaml'), `version: 1\ntitle: "\x1b[2J ${hostile}`);
  mkdirSync(at('fdscope/walks'), { recursive: true });
  writeFileSync(at('fdscope/walks/hers.yaml'), hostileWalk);
  writeFileSync(at('fdscope/walks/wrong.yaml'), hostileMistakes);
  const places = (settings: object): string => JSON.stringify({ version: 1, places: { far: settings } });
  // What a launcher says on its way out: ssh passes on what the other machine says.
  const says = ['sh', '-c', 'printf "%s\\n" "$0" >&2; exit 3', hostile];
  writeFileSync(at('places.yaml'), places({ kind: 'command', argv: says }));
  writeFileSync(at('places-wrong.yaml'), places({ kind: hostile }));
  const shortfall = { status: 'refused', reason: hostile } as const;
  writeSweep(at('sweep.json'), {
    plan: { axis: 'clients', values: [2], entries: [{ label: hostile, settings: run }], repeats: 1 },
    records: [{ value: 2, label: hostile, repeat: 0, shortfall }],
  });
  hostileEngine(engine);
  await runCli(['--version']);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Try {
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What must be seen of the text: that it is shown at all. */
  readonly shows?: string;
}

const byEngine = { FDSCOPE_ENGINE: engine };

/** Every verb, and each way in which it shows what is not its own. */
const tries: Readonly<Record<string, readonly Try[]>> = {
  models: [{ args: [], env: byEngine }],
  doctor: [{ args: [], env: byEngine }],
  'switch-cost': [{ args: [], env: byEngine }],
  serve: [{ args: ['--model', 'poll', '--duration', '0.1'], env: byEngine }, { args: ['--model', hostile] }],
  run: [
    { args: [at('mine.yaml')], shows: 'owned\\x1b[2J' },
    { args: [at('wrong.yaml')], shows: 'owned\\x1b[2J' },
    { args: [at('odd.yaml')], shows: 'This is not YAML' },
    { args: ['--model', 'external', '--port', '9', '--command', "printf 'owned\\033[2J\\n' >&2; exit 3"] },
  ],
  compare: [
    { args: [session, session] },
    { args: [session, at('broken.fdscope')], shows: 'broken.fdscope' },
    { args: ['--scenario', at('mine.yaml'), '--repeats', '2'] },
  ],
  sweep: [{ args: ['--resume', at('sweep.json')] }, { args: [`poll:${hostile}`, '--over', 'clients=1'] }],
  sessions: [{ args: ['--folder', folder] }],
  info: [{ args: [session] }, { args: [session, '--verify'] }, { args: [at('broken.fdscope')], shows: 'broken' }],
  export: [
    { args: [session, '--format', 'csv', '--table', 'counters', '--out', at(`${fileName}.csv`)] },
    { args: [session, '--format', hostile, '--out', at('x')] },
  ],
  walk: [{ args: [at('fdscope/walks/hers.yaml')] }, { args: [at('wrong.yaml')] }],
  walks: [{ args: [], env: { XDG_DATA_HOME: folder } }],
  web: [{ args: ['--port', hostile] }],
  schema: [{ args: ['--of', hostile] }],
  completion: [{ args: [hostile] }],
  glossary: [{ args: [hostile] }],
  lesson: [{ args: [hostile] }],
  lessons: [{ args: ['--check', at(hostile)] }],
  places: [{ args: ['--places', at('places.yaml')] }, { args: ['--places', at('places-wrong.yaml')] }],
  // Says what is its own alone.
  man: [],
  // Needs a server: below.
  load: [],
};

function expectHarmless({ stdout, stderr }: { stdout: string; stderr: string }, shows = 'owned'): void {
  expect(stdout).not.toMatch(orders);
  expect(stderr).not.toMatch(orders);
  for (const line of `${stdout}\n${stderr}`.split('\n')) expect(line.trimStart().startsWith(forged)).toBe(false);
  expect(stdout + stderr).toContain(shows);
}

describe('what others say', () => {
  it('is tried with every verb', () => {
    const program = createProgram({ lab: new LabService(), signal: new AbortController().signal });
    expect(Object.keys(tries).sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });

  const all = Object.entries(tries).flatMap(([verb, each]) =>
    each.map((one, i) => [`${verb} ${i}`, verb, one] as const),
  );
  it.concurrent.each(all)('is shown and obeyed by nobody: %s', async (_name, verb, { args, env, shows }) => {
    const ran = await runCli([verb, ...args], env);
    expectHarmless(ran, shows);
  });

  it('is shown and obeyed by nobody: a server under load', async () => {
    const reply = ok.replace('Content-Length: 5', 'Content-Length: owned\x1b[2J\x9b31m');
    const server = await oddServer(() => ({ bytes: reply, ends: true }));
    const args = [
      '--target',
      server.target,
      '--protocol',
      'http',
      '--clients',
      '1',
      '--seconds',
      '0.3',
      '--warmup',
      '0',
    ];
    expectHarmless(await runCli(['load', ...args]));
    server.close();
    const gone = createServer((socket) => void socket.on('error', () => {}).end('\x1b[2J\x07owned\r\n\r\n'));
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as { port: number };
    const other = args.map((arg) => (arg === server.target ? `127.0.0.1:${port}` : arg));
    expectHarmless(await runCli(['load', ...other]), 'reply');
    gone.close();
  });

  it('is the same for programs: JSON has every byte of it', async () => {
    const { stdout } = await runCli(['info', session, '--json']);
    expect(stdout).not.toMatch(orders);
    expect((JSON.parse(stdout) as SessionDetails).card).toMatchObject({ name: hostile, notes: hostile });
  });

  it('is shown on a terminal as CSV too, and word for word to a program', async () => {
    const args = ['sweep', '--resume', at('sweep.json'), '--csv'];
    expect((await runCli(args)).stdout).toContain(`"${hostile}"`);
    const line = [process.execPath, join(root, 'main/cli/bin.mjs'), ...args].map((arg) => `'${arg}'`).join(' ');
    const onTerminal = execFileSync('script', ['-qc', line, '/dev/null'], { encoding: 'utf8', stdio: 'pipe' });
    expect(onTerminal.replaceAll('\r\n', '\n')).not.toMatch(orders);
    expect(onTerminal).toContain('owned\\x1b[2J');
  });
});
