/** The scripts of package.json, as somebody meets them who asks for what is not there, or on a machine that lacks something. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/engines.ts';

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

const launcher = join(root, 'main/dev/launch.mjs');

/** A script to its end, as npm runs it. */
const run = (args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const script = options.cwd === undefined ? launcher : join(options.cwd, 'main/dev/launch.mjs');
    const child = spawn(process.execPath, [script, ...args], {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });

describe('bad input to a script is one sentence, with exit code 2', () => {
  it.concurrent.each([
    ['build x', '`npm run build` takes no arguments, and was given "x".'],
    ['check x', '`npm run check` takes no arguments, and was given "x".'],
    ['format x', '`npm run format` takes no arguments, and was given "x".'],
    ['icons x', '`npm run icons` takes no arguments, and was given "x".'],
    ['wire x', '`npm run wire` takes no arguments, and was given "x".'],
    ['engine release x', '`npm run engine` takes no arguments, and was given "x".'],
    ['engine x', 'There is no engine variant "x": choose release, bare, asan, tsan.'],
    ['dist --arch x', 'There is no package for x: choose --arch x64 or arm64.'],
    ['dist --nonsense', "Unknown option '--nonsense'. `npm run dist` takes --dir, --deb and --arch x64 or arm64."],
    ['conformance asan x', '`npm run conformance:asan` takes vitest\'s options, and was given "x".'],
  ])('%s', async (line, sentence) => {
    expect(await run(line.split(' '))).toEqual({ code: 2, output: `${sentence}\n` });
  });

  it.concurrent.each([
    ['test nonsense', /^There is no suite "nonsense": choose check, engine-unit, unit, .*\.\n$/],
    ['pictures nonsense', /^There is no picture "nonsense": choose scope, sockets, conclusion, compare, desktop\.\n$/],
    ['test-long nonsense', /^There is no part "nonsense": choose .*\.\n$/],
    ['scenarios nonsense', /^There is no scenario "nonsense": choose .*six-steps.*\.\n$/],
    ['bench --nonsense', /unknown option '--nonsense'/],
  ])('%s', async (line, sentence) => {
    const { code, output } = await run(line.split(' '));
    expect(output).toMatch(sentence);
    expect(code).toBe(2);
  });
});

describe('npm start on a machine that lacks something', () => {
  // A checkout without packages and builds: what is brought first is what is missed first.
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-bare-'));
  const checkout = join(folder, 'checkout');
  const programs = join(folder, 'programs');
  beforeAll(() => {
    mkdirSync(checkout);
    for (const name of readdirSync(root)) {
      if (['node_modules', 'build', 'out', '.git'].includes(name)) continue;
      cpSync(join(root, name), join(checkout, name), { recursive: true });
    }
    mkdirSync(programs);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A PATH with these programs of the machine alone, and with those that are given as scripts. */
  function path(names: readonly string[], scripts: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const place = mkdtempSync(join(programs, 'path-'));
    const folders = (process.env.PATH ?? '').split(delimiter);
    for (const name of names) {
      const found = folders.map((each) => join(each, name)).find((file) => existsSync(file));
      if (found !== undefined) symlinkSync(found, join(place, name));
    }
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(place, name), text, { mode: 0o755 });
    return { PATH: place, HOME: folder };
  }
  const start = (env: NodeJS.ProcessEnv): Promise<Ran> => run(['start', '--no-open'], { cwd: checkout, env });
  const npmThatFails = (words: string): string => `#!/bin/sh\necho '${words}' >&2\nexit 1\n`;
  const basics = ['sh', 'mkdir', 'cat', 'rm', 'seq'];

  it('make', async () => {
    const { code, output } = await start(path(basics, { npm: npmThatFails('nothing') }));
    expect(output).toContain('make is missing: install GNU make');
    expect(code).toBe(1);
  });

  it('a compiler', async () => {
    const { code, output } = await start(path([...basics, 'make'], { npm: npmThatFails('nothing') }));
    expect(output).toContain('The C++ compiler g++ is missing: install g++ 11 or newer');
    expect(code).toBe(1);
  });

  // An engine that need not be built, so that the words of npm are the last.
  const made = { make: '#!/bin/sh\nexit 0\n' };

  it('npm', async () => {
    const { output, code } = await start(path(basics, made));
    expect(output).toContain('npm is missing: install it together with Node 20 or newer.');
    expect(code).toBe(1);
  });

  it.each([
    ['a registry', 'npm error code ENOTFOUND', /npm did not reach its registry: connect this machine/],
    ['space', 'npm error nospc ENOSPC: no space left on device, write', /There is no space left for .*checkout/],
    ['leave to write', 'npm error code EACCES', /You may not write in .*checkout/],
  ])('%s', async (_, words, sentence) => {
    const { output, code } = await start(path(basics, { ...made, npm: npmThatFails(words) }));
    expect(output).toMatch(sentence);
    expect(code).toBe(1);
  });

  it('a folder that it may write in', (test) => {
    if (process.getuid?.() !== 0) return test.skip('another file system is mounted by root alone');
    const mounted = spawnSync('unshare', ['-m', 'true']).status === 0;
    if (!mounted) return test.skip('this machine does not let root mount');
    const script = `mount --bind "${checkout}" "${checkout}" && mount -o remount,bind,ro "${checkout}" && exec "${process.execPath}" main/dev/launch.mjs start --no-open`;
    const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script], {
      ...{ cwd: checkout, encoding: 'utf8', timeout: 300_000 },
      env: { ...process.env, HOME: folder },
    });
    expect(stdout + stderr).toMatch(/is on a read-only file system, and fdscope builds itself there/);
  });

  it('space on its disk', (test) => {
    if (process.getuid?.() !== 0) return test.skip('another file system is mounted by root alone');
    if (spawnSync('unshare', ['-m', 'true']).status !== 0) return test.skip('this machine does not let root mount');
    // As large as the checkout itself, and no larger.
    const kib = Number(execFileSync('du', ['-sk', checkout], { encoding: 'utf8' }).split('\t')[0]) + 600;
    const small = join(folder, 'small');
    mkdirSync(small);
    const script = `mount -t tmpfs -o size=${kib}k tmpfs "${small}" && cp -r "${checkout}/." "${small}" && cd "${small}" && exec "${process.execPath}" main/dev/launch.mjs start --no-open`;
    const { PATH: few = '' } = path([...basics, 'make', 'g++', 'as', 'ld', 'gcc']);
    const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script], {
      ...{ encoding: 'utf8', timeout: 500_000 },
      env: {
        ...process.env,
        HOME: folder,
        TMPDIR: small,
        PATH: `${few}${delimiter}${process.env.PATH ?? ''}`,
        npm_config_cache: small,
      },
    });
    expect(stdout + stderr).toMatch(/There is no space left for .*small/);
  });
});

it('a port that is taken is told with what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { code, output } = await run(['start', '--port', `${port}`, '--no-open']);
  server.close();
  expect(output).toContain(`${port}`);
  expect(output).toMatch(/in use|taken/);
  expect(code).toBe(2);
});

describe.each([
  ['the launcher of scripts', 'main/dev/launch.mjs', 'start'],
  ['the command line', 'main/cli/bin.mjs', 'models'],
])('an old Node reads %s, and is told what is needed', (_, file, word) => {
  it('as it is the first thing that is looked at', () => {
    // What an old Node says of itself, in one that runs here.
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '12.22.12' } }); Object.defineProperty(process, 'version', { value: 'v12.22.12' });`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, join(root, file), word],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe(
      'fdscope needs Node 20 or newer, and this is v12.22.12: install one from nodejs.org, or with nvm.\n',
    );
    expect(status).toBe(2);
  });

  it('as nothing in it is newer than Node 12', () => {
    const texts = [file, 'main/dev/node-version.mjs'].map((path) => readFileSync(join(root, path), 'utf8'));
    const code = texts.join('\n').replaceAll(/^\s*\/\/.*$/gm, '');
    // What is imported by a statement is read before the first line runs.
    expect([...code.matchAll(/^import\b(?!\().*$/gm)].map(([line]) => line)).toEqual([
      expect.stringMatching(/node-version\.mjs';$/),
    ]);
    expect(code).not.toMatch(/\bawait\b|\?\.|\?\?|\|\|=|&&=|#[a-z]/);
  });
});
