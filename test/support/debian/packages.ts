/** The deb of this checkout and one of before, quickly packed: of the folder that `npm run dist` makes. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createPackage, extractAll } from '@electron/asar';
import { parse } from 'yaml';
import { makeDeb } from '../../../main/dev/deb.mjs';
import { root } from '../engines.ts';

export interface Packages {
  readonly older: string;
  readonly newer: string;
  readonly remove: () => void;
}

export const olderVersion = '0.0.9';
/** A file that only the older one has, within the folder of the app. */
export const goneSince = 'resources/gone-since.txt';

export async function makePackages(electronProgram: string): Promise<Packages> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-debs-'));
  const args = ['main/dev/dist.mjs', '--dir', '--output', folder];
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: dirname(electronProgram) };
  await promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 16 << 20 });
  const packaged = join(folder, 'linux-unpacked');
  const config: unknown = parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8'));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const deb = (version: string): string =>
    makeDeb({ packaged, output: folder, arch: process.arch, version, config, compression: ['-Zgzip', '-z1'] });
  const newer = deb(manifest.version);
  // The same app, that says another version of itself.
  const archive = join(packaged, 'resources/app.asar');
  const files = join(folder, 'app');
  extractAll(archive, files);
  const inside = join(files, 'package.json');
  const own = JSON.parse(readFileSync(inside, 'utf8')) as Record<string, unknown>;
  writeFileSync(inside, JSON.stringify({ ...own, version: olderVersion }));
  await createPackage(files, archive);
  cpSync(join(root, 'LICENSE'), join(packaged, goneSince));
  const older = deb(olderVersion);
  rmSync(packaged, { recursive: true });
  rmSync(files, { recursive: true });
  return { older, newer, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
