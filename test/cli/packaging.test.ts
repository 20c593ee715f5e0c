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

const run = promisify(execFile);
const limitMs = 110_000;

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
    writeFileSync(join(dist, 'electron'), '#!/bin/sh\n');
    chmodSync(join(dist, 'electron'), 0o755);
    writeFileSync(join(dist, 'version'), '0.0.0');
    const args = ['main/dev/dist.mjs', '--dir', '--no-fuses', '--output', join(folder, 'out')];
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
    for (const file of ['main.mjs', 'preload.cjs', 'session-reader.cjs'])
      expect(inside).toContain(`/out/electron/${file}`);
    expect(inside).toContain('/out/renderer/index.html');
    expect(inside).toContain('/main/electron/resources/icons/256x256.png');
    expect(inside).toContain('/package.json');
    expect(
      inside.filter((file) => /node_modules|^\/(test|shared|renderer)|\.map$|main\/(lab|cli|web|engine)/.test(file)),
    ).toEqual([]);
  });

  it('is hardened, opens its files, and goes to AppImage and deb', () => {
    // The one that is on lets the model node be a process of its own; the configuration says so.
    const on = Object.entries(config.electronFuses).filter(([, isOn]) => isOn);
    expect(on.map(([fuse]) => fuse).sort()).toEqual([
      ...['enableCookieEncryption', 'enableEmbeddedAsarIntegrityValidation', 'onlyLoadAppFromAsar', 'runAsNode'],
    ]);
    expect(config.fileAssociations.map(({ ext }) => ext)).toEqual(['fdscope', 'fdscope.yaml']);
    expect(config.linux.target).toEqual(['AppImage', 'deb']);
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
