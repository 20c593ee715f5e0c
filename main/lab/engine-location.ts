/** Where the programs and files of this installation are. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './errors.ts';

/** What to spawn: a program and the arguments that come before all others. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** What its environment has beside that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** In a session of its own: Ctrl-C of a terminal is for fdscope, which ends it in good order. */
  readonly isApart?: boolean;
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

/** What the manifest of this installation says of it; `commit` is put there when it is packaged. */
export function manifestOf(root = findRoot()): { readonly version: string; readonly commit?: string } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; commit?: string };
}

/** Of this installation. */
export const version = (root = findRoot()): string => manifestOf(root).version;

/**
 * A packaged app has its own code in an archive, which other programs cannot read, and what they must read or run in the
 * folder around it. Undefined in a checkout.
 */
export function packagedResources(root = findRoot()): string | undefined {
  return basename(root) === 'app.asar' ? dirname(root) : undefined;
}

function sharedFolder(name: string, root: string): string {
  const resources = packagedResources(root);
  return resources === undefined ? join(root, 'shared', name) : join(resources, name);
}

export const scenarioFolder = (root = findRoot()): string => sharedFolder('scenarios', root);
export const walkFolder = (root = findRoot()): string => sharedFolder('walks', root);
export const lessonFolder = (root = findRoot()): string => sharedFolder('lessons', root);
export const glossaryFolder = (root = findRoot()): string => sharedFolder('glossary', root);

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
  const resources = packagedResources(root);
  if (resources !== undefined) {
    const packaged = join(resources, 'engine/fdscope-engine');
    if (existsSync(packaged)) return { file: packaged, args: [] };
    throw new LabError('failed', `The engine is missing from this installation (${packaged}): install fdscope again.`);
  }
  const variant = env.FDSCOPE_ENGINE_VARIANT ?? 'release';
  const file = join(root, 'build/engine', variant, 'fdscope-engine');
  if (existsSync(file)) return { file, args: [] };
  const build = variant === 'release' ? 'npm run engine' : `npm run engine:${variant}`;
  throw new LabError('failed', `The engine is not built: ${file} is missing; \`${build}\` builds it.`);
}

/**
 * The engine for clients that speak TLS: the same program, which may load OpenSSL, as a static one cannot. Sanitized
 * engines can themselves. Throws LabError where there is none.
 */
export function secureEngineCommand(env: NodeJS.ProcessEnv = process.env, root = findRoot()): Command {
  const { file, args } = engineCommand(env, root);
  const beside = `${file}-tls`;
  if (existsSync(beside)) return { file: beside, args };
  const variant = env.FDSCOPE_ENGINE_VARIANT;
  if (variant === 'asan' || variant === 'tsan') return { file, args };
  throw new LabError('unavailable', `TLS needs ${beside}, which is missing: \`npm run engine\` builds it.`);
}

/** The folder of the bundle that this is in; undefined where it runs from its source. */
export function bundleFolder(self = fileURLToPath(import.meta.url)): string | undefined {
  return self.endsWith('.mjs') ? dirname(self) : undefined;
}

/** The bundled server of the model `node`, there or not. */
export function nodeServerScript(root = findRoot()): string {
  const resources = packagedResources(root);
  return resources === undefined ? join(root, 'out/node-server.mjs') : join(resources, 'engine/node-server.mjs');
}

/** The model `node`: Node itself, with the bundled server. Throws LabError where it is not bundled. */
export function nodeServerCommand(root = findRoot()): Command {
  const resources = packagedResources(root);
  const script =
    resources === undefined ? join(root, 'out/node-server.mjs') : join(resources, 'engine/node-server.mjs');
  // Electron's program is Node too, where this asks it to be.
  const isElectron = 'electron' in process.versions;
  const env = isElectron ? { env: { ELECTRON_RUN_AS_NODE: '1' } } : {};
  if (existsSync(script)) return { file: process.execPath, args: [script], ...env };
  throw new LabError(
    'failed',
    `The server of the model node is not built: ${script} is missing; \`npm run build\` builds it.`,
  );
}

/** The program that serves a model. */
export const serverCommand = (model: string): Command => (model === 'node' ? nodeServerCommand() : engineCommand());
