/** Where the programs and files of this installation are. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './errors.ts';

/** What to spawn: a program and the arguments that come before all others. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** The package's top folder: the nearest one above this file (a source, or the bundle in out/) with our package.json. */
export function findRoot(from = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'fdscope') return folder;
    }
    if (dirname(folder) === folder) throw new LabError('failed', `No fdscope package was found above ${from}.`);
  }
}

/** Of this installation. */
export function version(root = findRoot()): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

export const scenarioFolder = (root = findRoot()): string => join(root, 'shared/scenarios');

/**
 * The engine: FDSCOPE_ENGINE names a binary, FDSCOPE_ENGINE_VARIANT a variant of the checkout's build.
 * Throws LabError where there is none.
 */
export function engineCommand(env: NodeJS.ProcessEnv = process.env, root = findRoot()): Command {
  const given = env.FDSCOPE_ENGINE;
  if (given) {
    if (existsSync(given)) return { file: given, args: [] };
    throw new LabError('failed', `FDSCOPE_ENGINE names ${given}, but there is no such file.`);
  }
  const variant = env.FDSCOPE_ENGINE_VARIANT ?? 'release';
  const file = join(root, 'build/engine', variant, 'fdscope-engine');
  if (existsSync(file)) return { file, args: [] };
  const build = variant === 'release' ? 'npm run engine' : `npm run engine:${variant}`;
  throw new LabError('failed', `The engine is not built: ${file} is missing; \`${build}\` builds it.`);
}

/** The model `node`: Node itself, with the bundled server. Throws LabError where it is not bundled. */
export function nodeServerCommand(root = findRoot()): Command {
  const script = join(root, 'out/node-server.mjs');
  if (existsSync(script)) return { file: process.execPath, args: [script] };
  throw new LabError(
    'failed',
    `The server of the model node is not built: ${script} is missing; \`npm run build\` builds it.`,
  );
}

/** The program that serves a model. */
export const serverCommand = (model: string): Command => (model === 'node' ? nodeServerCommand() : engineCommand());
