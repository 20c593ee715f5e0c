/** `fdscope walk` and `walks`: real calls without the app, what programs get of them, and how they end. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { callNames } from '../../shared/bench/calls.ts';
import { readPerfettoTrace } from '../unit/perfetto-trace.ts';
import { hasEngine, runCli, startCli, withFolder } from './command-line.ts';

const walk = (steps: string): string => `version: 1
title: A walk of one's own
question: What comes of it?
steps:
${steps}`;

const socketStep = (more = ''): string =>
  `  - { actor: server, call: socket, arguments: { family: inet, type: stream }, as: guard, notice: One.${more} }\n`;

/** What the JSON is promised to be. */
const promised = z.object({
  walk: z.string(),
  steps: z.array(
    z.object({
      actor: z.string(),
      call: z.string(),
      arguments: z.record(z.string(), z.unknown()),
      result: z.number().nullable(),
      errno: z.string().nullable(),
      blocked: z.boolean(),
      durationNs: z.number().nullable(),
      expectations: z.array(z.object({ expect: z.string(), held: z.boolean() })),
      state: z.object({
        processes: z.array(z.object({ pid: z.number(), fds: z.array(z.object({ fd: z.number(), file: z.string() })) })),
        sockets: z.array(
          z.object({
            ...{ inode: z.number(), owner: z.array(z.string()), family: z.string(), type: z.string() },
            ...{ state: z.string(), local: z.unknown(), peer: z.unknown(), recvQueue: z.number() },
            ...{ sendQueue: z.number(), acceptQueue: z.number().nullable(), backlog: z.number().nullable() },
            timer: z.unknown(),
          }),
        ),
        epollSets: z.array(z.unknown()),
      }),
    }),
  ),
});

const stepInSchema = z.object({
  properties: z.object({
    call: z.object({ const: z.string() }),
    arguments: z.object({ properties: z.record(z.string(), z.unknown()).optional() }),
  }),
});

describe('fdscope walk', () => {
  it('prints each step, what came of it and what held', async () => {
    const { code, stdout, stderr } = await runCli(['walk', 'six-steps']);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Six steps\nWhich system calls/);
    expect(stdout).toMatch(/^ {2}1 {2}server: socket\(AF_INET, SOCK_STREAM, 0\) = 3$/m);
    expect(stdout).toMatch(/^ 13 {2}server: close\(4\) = 0$/m);
    expect(stdout).toContain('     + state(client) == TIME_WAIT\n');
    expect(stdout).not.toMatch(/^ {5}- /m);
  });

  it('--json is what is promised, and --out has the same', async () =>
    withFolder(async (folder) => {
      const out = join(folder, 'walk.json');
      const { code, stdout } = await runCli(['walk', 'epoll-by-hand', '--json', '--out', out]);
      expect(code).toBe(0);
      expect(readFileSync(out, 'utf8')).toBe(stdout);
      const told = promised.parse(JSON.parse(stdout));
      expect(told.walk).toBe('epoll-by-hand');
      const wanted = new WalkLibrary().named('epoll-by-hand').walk.steps;
      expect(told.steps.map(({ call }) => call)).toEqual(wanted.map(({ call }) => call));
      expect(told.steps.flatMap(({ expectations }) => expectations).every(({ held }) => held)).toBe(true);
      expect(told.steps.some(({ state }) => state.epollSets.length > 0)).toBe(true);
      for (const { state } of told.steps) for (const { pid } of state.processes) expect(pid).toBeGreaterThan(1);
    }));

  it('tells a call that sleeps as blocked, and what woke', async () => {
    const { code, stdout } = await runCli(['walk', 'asleep-in-read']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/server: .*read\(.* = sleeps in the kernel/);
    expect(stdout).toMatch(/server wakes: /);
  });

  it('exit code 4 where an expectation does not hold, with what was seen', async () =>
    withFolder(async (folder) => {
      const file = join(folder, 'own.yaml');
      writeFileSync(file, walk(socketStep(', expect: [result == 4, result == 3]')));
      const { code, stdout, stderr } = await runCli(['walk', file]);
      expect(code).toBe(4);
      expect(stdout).toContain('     - result == 4   (result = 3)\n');
      expect(stdout).toContain('     + result == 3\n');
      expect(stderr).toBe('1 of 2 expectations did not hold: result == 4.\n');
    }));

  it('exit code 2 and each mistake with its line and column, before any call is made', async () =>
    withFolder(async (folder) => {
      const file = join(folder, 'own.yaml');
      writeFileSync(
        file,
        walk(`${socketStep()}  - { actor: server, call: listn, arguments: { fd: guard }, notice: x }\n`),
      );
      const { code, stdout, stderr } = await runCli(['walk', file]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/own\.yaml:6:\d+: .*listn.*listen/);
      writeFileSync(
        file,
        walk(`${socketStep()}  - { actor: client, call: close, arguments: { fd: gurd }, notice: x }\n`),
      );
      const second = await runCli(['walk', file, '--json']);
      expect(second).toMatchObject({ code: 2, stdout: '' });
      expect(second.stderr).toMatch(/own\.yaml:6:\d+: No step before this one makes an fd called "gurd"/);
    }));

  it.each([
    [['walk', 'six-stpes'], /There is no walk "six-stpes"; did you mean "six-steps"\?/],
    [['walk', './no-such-walk.yaml'], /There is no file \.\/no-such-walk\.yaml\./],
    [['walk', '/dev/zero.yaml'], /There is no file/],
    [['walk', 'six-steps', '--out', '/no/such/folder/x'], /--out .* cannot be written/],
    [['walk', 'six-steps', '--record', '/no/such/folder/x'], /--record .* cannot be written/],
    [['schema', '--of', 'wlak'], /not of "wlak"/],
  ])('%s is one sentence and exit code 2', async (args, sentence) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a pipe, a device and a folder are refused, and nobody waits for them', async () =>
    withFolder(async (folder) => {
      const pipe = join(folder, 'pipe.yaml');
      expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
      for (const place of [pipe, '/dev/zero', folder]) {
        const { code, stdout, stderr } = await runCli(['walk', place]);
        expect({ code, stdout }, place).toEqual({ code: 2, stdout: '' });
        expect(stderr.trim().split('\n'), place).toHaveLength(1);
      }
    }));

  it('Ctrl-C ends it with 130, and its actors with it', async () =>
    withFolder(async (folder) => {
      const file = join(folder, 'long.yaml');
      const wait =
        '  - { actor: server, call: wait, arguments: { mostMs: 10000 }, notice: Time passes., expect: [result == 1] }\n';
      writeFileSync(file, walk(socketStep() + wait.repeat(20)));
      const started = startCli(['walk', file]);
      await started.until('stdout', /socket\(AF_INET/);
      expect(hasEngine(started.pid, 'bench')).toBe(true);
      const actors = actorPids(started.pid);
      expect(actors.length).toBeGreaterThan(0);
      started.kill('SIGINT');
      const { code } = await started.ended;
      expect(code).toBe(130);
      for (const pid of actors) {
        await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 20_000 }).toBe(false);
      }
    }));
});

/** Processes of the actors of this command line's bench. */
function actorPids(pid: number): number[] {
  const children = (of: number): number[] =>
    readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const all = (of: number): number[] => children(of).flatMap((child) => [child, ...all(child)]);
  return all(pid);
}

describe('fdscope walks', () => {
  it('lists those that are shipped, with their questions', async () => {
    const { code, stdout } = await runCli(['walks']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^six-steps +Six steps$/m);
    const { walks } = z
      .object({
        walks: z.array(z.object({ name: z.string(), origin: z.string(), question: z.string(), steps: z.number() })),
      })
      .parse(JSON.parse((await runCli(['walks', '--json'])).stdout));
    expect(walks.length).toBeGreaterThanOrEqual(18);
    for (const { origin, question, steps } of walks) {
      expect(origin).toBe('built-in');
      expect(question).toMatch(/\?$/);
      expect(steps).toBeGreaterThan(4);
    }
  });

  it('has one’s own beside them, and a mistake in it by its line', async () =>
    withFolder(async (folder) => {
      const own = join(folder, 'fdscope/walks');
      expect(spawnSync('mkdir', ['-p', own]).status).toBe(0);
      writeFileSync(join(own, 'mine.yaml'), walk(socketStep()));
      writeFileSync(join(own, 'broken.yaml'), walk('  - { actor: nobody, call: socket }\n'));
      const { code, stdout } = await runCli(['walks'], { XDG_DATA_HOME: folder });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^mine +A walk of one's own$/m);
      expect(stdout).toMatch(/^broken .*\n +line 5: /m);
    }));
});

describe('fdscope schema --of walk', () => {
  it('is a JSON Schema with every call and its arguments, for editors', async () => {
    const { code, stdout } = await runCli(['schema', '--of', 'walk']);
    expect(code).toBe(0);
    const { properties } = z
      .object({
        $schema: z.literal('http://json-schema.org/draft-07/schema#'),
        properties: z.object({ steps: z.object({ items: z.object({ oneOf: z.array(stepInSchema) }) }) }),
      })
      .parse(JSON.parse(stdout));
    const steps = properties.steps.items.oneOf.map(({ properties: { call, arguments: args } }) => [
      call.const,
      Object.keys(args.properties ?? {}),
    ]);
    expect(steps.map(([call]) => call)).toEqual([...callNames, 'signal', 'kill', 'wait']);
    expect(steps).toContainEqual(['bind', ['fd', 'address']]);
  });
});

describe('a kept bench', () => {
  let folder: string;
  let kept: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fdscope-kept-'));
    kept = join(folder, 'kept.fdscope');
    const { code, stderr } = await runCli(['walk', 'six-steps', '--record', kept]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/Recorded to .*13 frames/);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const exported = async (
    format: string,
    ...more: string[]
  ): Promise<{ code: number | null; stderr: string; out: string }> => {
    const out = join(folder, `out.${format}`);
    return { ...(await runCli(['export', kept, '--format', format, '--out', out, ...more])), out };
  };

  it('is a sequence diagram as SVG, as wide and dark as is asked for', async () => {
    const { code, out } = await exported('svg');
    expect(code).toBe(0);
    const svg = readFileSync(out, 'utf8');
    expect(svg).toMatch(/^<svg .*<title>Six steps<\/title>/);
    for (const text of ['accept4', 'SYN', 'server', 'client']) expect(svg).toContain(text);
    await exported('svg', '--width', '900', '--theme', 'dark');
    const dark = readFileSync(out, 'utf8');
    expect(dark).toMatch(/^<svg [^>]*width="900"/);
    expect(dark).not.toContain('fill="#ffffff"');
  });

  it('is the same diagram as PNG, of two pixels for each of the SVG', async () => {
    const { out: svg } = await exported('svg', '--width', '900', '--theme', 'dark');
    const [, height] = /^<svg [^>]*height="(\d+)"/.exec(readFileSync(svg, 'utf8')) ?? [];
    const { code, out } = await exported('png', '--width', '900', '--theme', 'dark');
    expect(code).toBe(0);
    const png = await loadImage(out);
    expect([png.width, png.height]).toEqual([1800, 2 * Number(height)]);
    const canvas = createCanvas(1800, png.height);
    const context = canvas.getContext('2d');
    context.drawImage(png, 0, 0);
    const { data } = context.getImageData(0, 0, 1800, png.height);
    const colours = new Set<number>();
    for (let i = 0; i < data.length; i += 4)
      colours.add((data[i] ?? 0) * 65536 + (data[i + 1] ?? 0) * 256 + (data[i + 2] ?? 0));
    // The background of the dark one, the green of calls that are done, the blue of what crossed; and edges of letters.
    for (const colour of [0x11151b, 0x5ddb9b, 0x5cc8ff]) expect(colours).toContain(colour);
    expect(colours.size).toBeGreaterThan(30);
  });

  it('is a Perfetto trace with a slice for each call on its actor’s track', async () => {
    const { code, out } = await exported('perfetto');
    expect(code).toBe(0);
    const trace = readPerfettoTrace(readFileSync(out));
    expect(trace.slices.map(({ name }) => name)).toEqual(expect.arrayContaining(['socket', 'accept4', 'close']));
  });

  it('is the JSON of the walk', async () => {
    const { code, out } = await exported('json');
    expect(code).toBe(0);
    expect(promised.parse(JSON.parse(readFileSync(out, 'utf8')))).toMatchObject({ walk: 'six-steps' });
  });

  it('has no tables, tracks or times: one sentence, and nothing is written', async () => {
    for (const [format, ...more] of [
      ['csv'],
      ['parquet'],
      ['svg', '--track', 'sockets'],
      ['svg', '--from', '1'],
    ] as const) {
      const { code, stderr, out } = await exported(format, ...more).then((ran) => ran);
      expect(code, `${format} ${more.join(' ')}`).toBe(2);
      expect(stderr).toMatch(/kept bench/);
      if (format !== 'svg') expect(existsSync(out)).toBe(false);
    }
  });

  it('is told as one by info: calls, and no figures that nobody counted', async () => {
    const { code, stdout } = await runCli(['info', kept]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^calls +13/m);
    expect(stdout).not.toMatch(/requests|errors/);
  });
});
