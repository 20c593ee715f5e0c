/** The built renderer: the only files that the web host hands out, each by its exact name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { LabError } from '../lab/errors.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

export interface StaticFile {
  readonly path: string;
  readonly type: string;
}

/** By their paths in addresses, such as "/assets/index.js"; "/" is the page. Throws LabError where nothing is built. */
export function findFiles(folder: string): ReadonlyMap<string, StaticFile> {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new LabError('failed', `The app's page is not built: ${folder} has no index.html; \`npm start\` builds it.`);
  }
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    files.set(name === 'index.html' ? '/' : `/${name}`, { path, type });
  }
  return files;
}

export const readStatic = ({ path }: StaticFile): Buffer => readFileSync(path);
