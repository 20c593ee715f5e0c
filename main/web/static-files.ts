/** The built renderer: the only files that a host hands out, each by its exact name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { LabError } from '../lab/errors.ts';
import { codeOf } from '../lab/sessions/faults.ts';

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
  addFolder(files, folder, '/');
  return files;
}

/** Folder by folder: Electron's archives are no file system, and what `recursive` does in them has changed. */
function addFolder(files: Map<string, StaticFile>, folder: string, prefix: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const type = types[extname(entry.name)];
    if (entry.isDirectory()) addFolder(files, path, `${prefix}${entry.name}/`);
    else if (entry.isFile() && type !== undefined) {
      const name = `${prefix}${entry.name}`;
      files.set(name === '/index.html' ? '/' : name, { path, type });
    }
  }
}

/** Undefined where it is gone: the page is being built anew. Throws what else the file system says. */
export function readStatic({ path }: StaticFile): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
