/**
 * What is packaged, without Electron's program: electron-builder's own folder around a stand-in for it, and the packaged
 * main bundle, engine and node server run under plain Node.
 */
import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extractAll, listPackage } from '@electron/asar';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../support/engines.ts';
import { isInstalled, itWith, output } from '../support/tools.ts';

const run = promisify(execFile);
const limitMs = 600_000;

const configSchema = z.object({
  files: z.array(z.string()),
  extraResources: z.array(z.object({ from: z.string(), to: z.string() })),
  electronFuses: z.record(z.string(), z.boolean()),
  linux: z.object({ icon: z.string(), target: z.array(z.string()) }),
  fileAssociations: z.array(z.object({ ext: z.string(), mimeType: z.string() })),
});
const config = configSchema.parse(parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8')));

/** The folders above a pattern's first star, or the file itself. */
const placeOf = (pattern: string): string => pattern.replace('${arch}', process.arch).split('/*')[0] ?? '';

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-package-'));
  const resources = join(folder, 'out/linux-unpacked/resources');
  const archive = join(resources, 'app.asar');
  let messages = '';

  beforeAll(async () => {
    const dist = join(folder, 'electron');
    for (const each of ['resources', 'locales']) mkdirSync(join(dist, each), { recursive: true });
    for (const language of ['en-US', 'de']) writeFileSync(join(dist, 'locales', `${language}.pak`), '');
    writeFileSync(join(dist, 'electron'), '#!/bin/sh\n');
    chmodSync(join(dist, 'electron'), 0o755);
    writeFileSync(join(dist, 'version'), '0.0.0');
    const what = isInstalled('dpkg-deb') ? '--deb' : '--dir';
    const args = ['main/dev/dist.mjs', what, '--no-fuses', '--output', join(folder, 'out')];
    const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: dist };
    const { stdout, stderr } = await run(process.execPath, args, { cwd: root, env });
    messages = stdout + stderr;
  }, limitMs);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is made by npm run dist', () => {
    expect(messages).toContain('linux-unpacked');
    accessSync(join(folder, 'out/linux-unpacked/fdscope'), constants.X_OK);
  });

  it('names no file that is not there', () => {
    const named = [
      ...config.files.filter((file) => !file.startsWith('!')),
      ...config.extraResources.map((r) => r.from),
    ];
    expect([...named, config.linux.icon].map(placeOf).filter((file) => !existsSync(join(root, file)))).toEqual([]);
    for (const { to } of config.extraResources) expect(existsSync(join(resources, to)), to).toBe(true);
  });

  it('has bundles, page and icon in its archive, and neither packages nor sources of the app', () => {
    const inside = listPackage(archive, { isPack: false });
    for (const file of ['main.mjs', 'cli.mjs', 'preload.cjs', 'session-reader.cjs'])
      expect(inside).toContain(`/out/electron/${file}`);
    expect(inside).toContain('/out/renderer/index.html');
    expect(inside).toContain('/main/electron/resources/icons/256x256.png');
    expect(inside).toContain('/package.json');
    expect(readdirSync(join(folder, 'out/linux-unpacked/locales'))).toEqual(['en-US.pak']);
    expect(
      inside.filter((file) => /node_modules|^\/(test|shared|renderer)|\.map$|main\/(lab|cli|web|engine)/.test(file)),
    ).toEqual([]);
  });

  it('is hardened, opens its files, and goes to an AppImage', () => {
    // The one that is on lets the model node be a process of its own; the configuration says so.
    const on = Object.entries(config.electronFuses).filter(([, isOn]) => isOn);
    expect(on.map(([fuse]) => fuse).sort()).toEqual([
      ...['enableCookieEncryption', 'enableEmbeddedAsarIntegrityValidation', 'onlyLoadAppFromAsar', 'runAsNode'],
    ]);
    expect(config.fileAssociations.map(({ ext }) => ext)).toEqual(['fdscope', 'fdscope.yaml']);
    expect(config.linux.target).toEqual(['AppImage']);
  });

  itWith('dpkg-deb', 'is a deb: app, starter, entry, types, icons, and what keeps it right', async () => {
    const deb = join(folder, 'out', `fdscope_0.1.0_${process.arch === 'x64' ? 'amd64' : process.arch}.deb`);
    const tree = join(folder, 'deb');
    await run('dpkg-deb', ['--raw-extract', deb, tree]);
    const text = (path: string): string => readFileSync(join(tree, path), 'utf8');
    const listed = await output('dpkg-deb', '--contents', deb);
    expect(listed.split('\n').filter((line) => line !== '' && !/^[-dl][rwxs-]{9} root\/root /.test(line))).toEqual([]);
    expect(listed).toMatch(/^-rwxr-xr-x .* \.\/opt\/fdscope\/resources\/engine\/fdscope-engine$/m);
    expect(listed).toMatch(/^-rwxr-xr-x .* \.\/usr\/bin\/fdscope$/m);
    for (const size of [16, 256, 512])
      expect(existsSync(join(tree, `usr/share/icons/hicolor/${size}x${size}/apps/fdscope.png`))).toBe(true);
    expect(text('usr/share/applications/fdscope.desktop')).toMatch(/^Exec=fdscope %U$/m);
    for (const { mimeType, ext } of config.fileAssociations) {
      expect(text('usr/share/applications/fdscope.desktop')).toContain(`${mimeType};`);
      expect(text('usr/share/mime/packages/fdscope.xml')).toContain(`<mime-type type="${mimeType}">`);
      expect(text('usr/share/mime/packages/fdscope.xml')).toContain(`<glob pattern="*.${ext}"`);
    }
    const control = text('DEBIAN/control');
    expect(control).toMatch(/^Version: 0\.1\.0$/m);
    for (const needed of ['libgtk-3-0 | libgtk-3-0t64', 'libnss3', 'libgbm1', 'libasound2 | libasound2t64'])
      expect(control).toContain(needed);
    // Scripts of a package that do not parse leave it half installed.
    for (const script of ['DEBIAN/postinst', 'DEBIAN/prerm', 'usr/bin/fdscope'])
      await run('sh', ['-n', join(tree, script)]);
    const sums = text('DEBIAN/md5sums').trim().split('\n');
    expect(sums).toHaveLength(listed.split('\n').filter((line) => line.startsWith('-')).length);
    expect(sums.filter((line) => !/^[0-9a-f]{32} {2}[^/]/.test(line))).toEqual([]);
  });

  itWith('dpkg-deb', 'starts as window or command line by what it is given', async () => {
    // A tree of its own beside the system's: the starter with the place of the app in it, and an app that says what it is.
    const place = join(folder, 'started');
    mkdirSync(place);
    const starter = join(place, 'starter');
    const text = readFileSync(join(folder, 'deb/usr/bin/fdscope'), 'utf8');
    writeFileSync(starter, text.replaceAll('/opt/fdscope', place).replace('$(id -u)', '1000'), { mode: 0o755 });
    writeFileSync(join(place, 'fdscope'), '#!/bin/sh\necho "${ELECTRON_RUN_AS_NODE:-window}" "$@"\n', { mode: 0o755 });
    writeFileSync(join(place, 'run'), '');
    const cli = `1 ${place}/resources/app.asar/out/electron/cli.mjs`;
    const cases: [string[], string][] = [
      [[], 'window'],
      [['a b.fdscope'], 'window a b.fdscope'],
      [['file:///a%20b.fdscope', './x'], 'window file:///a%20b.fdscope ./x'],
      [['--remote-debugging-port=1'], 'window --remote-debugging-port=1'],
      [['--version'], `${cli} --version`],
      [['switch-cost', '--json'], `${cli} switch-cost --json`],
      [['rnu'], `${cli} rnu`],
    ];
    for (const [args, said] of cases) {
      const { stdout } = await run(starter, args, { cwd: folder });
      expect([args, stdout.trim()]).toEqual([args, said]);
    }
    // A file of that name is a file.
    expect((await run(starter, ['run'], { cwd: place })).stdout.trim()).toBe('window run');
  });

  it('has the command line in it', async () => {
    const { stdout } = await run(process.execPath, [join(root, 'out/electron/cli.mjs'), '--version']);
    expect(stdout).toMatch(/^0\.1\.0/);
  });

  it('runs: the packaged main finds its engine, node server, scenarios and sources, and a lab switches models', async () => {
    const packed = join(folder, 'packed.asar');
    renameSync(archive, packed);
    // Plain Node reads no archive: a folder of its name takes its place.
    extractAll(packed, archive);
    await build({
      absWorkingDir: root,
      entryPoints: ['test/support/electron/stand-in.ts'],
      outfile: join(archive, 'node_modules/electron/index.mjs'),
      ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent' },
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const manifest = { name: 'electron', type: 'module', exports: './index.mjs' };
    writeFileSync(join(archive, 'node_modules/electron/package.json'), JSON.stringify(manifest));
    const env = { PATH: process.env.PATH ?? '', HOME: folder };
    const { stdout } = await run(process.execPath, [join(archive, 'out/electron/main.mjs')], { cwd: folder, env });
    const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
    expect(seen).toMatchObject({ host: 'electron', version: '0.1.0', pageStatus: 200, switchedTo: 'node', errors: [] });
    const scenarios = readdirSync(join(root, 'shared/scenarios')).filter((file) => file.endsWith('.yaml'));
    expect(seen.scenarios).toBeGreaterThan(scenarios.length / 2);
    for (const figure of ['sourceLines', 'nodeSourceLines', 'frameBytes']) expect(seen[figure]).toBeGreaterThan(20);
  }, 60_000);
});
