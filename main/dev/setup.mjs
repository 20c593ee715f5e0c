/**
 * Brings a fresh clone to the point where its programs run: npm packages, the engine, the TypeScript bundles.
 *
 * Uses Node's own modules only, because it runs before anything is installed. Each step does nothing and says nothing
 * where it is up to date; otherwise it says in one line what it does. All messages go to stderr, so that a program that
 * calls this may keep stdout for its own output. Several processes may call it at once: one works, the others wait.
 *
 * Faults that the user can mend are SetupErrors, whose message is one sentence; see `exitWithSentence`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

/** The checkout's top folder, absolute. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const engineVariants = ['release', 'bare', 'asan', 'tsan'];

/** Absolute path of an engine binary, built or not. */
export const enginePath = (variant = 'release') => join(root, 'build/engine', variant, 'fdscope-engine');

/** Something that the user can mend; the message says how. */
export class SetupError extends Error {}

/** Ends the process with code 1: a SetupError in one sentence, anything else, being our own mistake, with its stack. */
export function exitWithSentence(error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exit(1);
}

const say = (text) => console.error(text);
const setupLock = (work) => withLock(join(root, 'build/setup.lock'), work, say);

/** Runs a command to its end. Resolves to {code, output}; rejects with the system's error where it cannot start. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() + (signal ? `ended by ${signal}\n` : '') });
    });
  });
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * npm keeps a copy of the lock file beside the packages it installed and writes it last, so that comparing the two
 * tells whether they fit, however they came there. Packages for other systems are optional and may be absent.
 */
function packagesAreCurrent() {
  const installedPath = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  let installed;
  try {
    installed = readJson(installedPath).packages;
  } catch {
    return false;
  }
  const wanted = readJson(join(root, 'package-lock.json')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    return there ? there.version === entry.version && there.integrity === entry.integrity : entry.optional === true;
  });
}

/** Installs exactly what package-lock.json names. Throws SetupError where npm is missing or fails. */
export async function ensurePackages() {
  if (packagesAreCurrent()) return;
  await setupLock(async () => {
    if (packagesAreCurrent()) return;
    say('installing npm packages ...');
    // Development packages are wanted even where NODE_ENV=production; no package of ours needs its install script.
    const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { code, output } = await run('npm', args).catch((error) => {
      throw error.code === 'ENOENT'
        ? new SetupError('npm is missing: install it together with Node 20 or newer.')
        : error;
    });
    if (code === 0) return;
    say(output.trimEnd());
    throw new SetupError(`npm ci failed (exit code ${code}); its messages are above.`);
  });
}

const isMissing = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error?.code === 'ENOENT';

/** Throws SetupError where the compiler is missing or does not know C++20 coroutines. */
function checkCompiler(compiler) {
  const install = 'install g++ 11 or newer (Debian, Ubuntu: apt-get install g++ make)';
  if (isMissing(compiler)) throw new SetupError(`The C++ compiler ${compiler} is missing: ${install}.`);
  const probe = spawnSync(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], {
    input: '#include <coroutine>\n#include <span>\nint main() {}\n',
    encoding: 'utf8',
  });
  if (probe.status !== 0) {
    throw new SetupError(`The C++ compiler ${compiler} does not know C++20 with coroutines: ${install}.`);
  }
}

/**
 * Builds an engine variant where a source, a flag or the compiler changed. `CXX` in the environment names another
 * compiler. Throws SetupError where a tool is missing or the build fails; the compiler's messages come first.
 */
export async function ensureEngine(variant = 'release') {
  if (!engineVariants.includes(variant)) {
    throw new SetupError(`There is no engine variant "${variant}": choose ${engineVariants.join(', ')}.`);
  }
  if (process.platform !== 'linux') {
    throw new SetupError(`The engine measures Linux system calls and does not build on ${process.platform}.`);
  }
  if (isMissing('make')) {
    throw new SetupError('make is missing: install GNU make (Debian, Ubuntu: apt-get install g++ make).');
  }
  const make = (...args) => run('make', ['-C', join(root, 'main/engine'), `VARIANT=${variant}`, ...args]);
  const isCurrent = async () => (await make('-q')).code === 0;
  if (await isCurrent()) return;
  await setupLock(async () => {
    if (await isCurrent()) return;
    checkCompiler((process.env.CXX ?? 'g++').split(' ')[0]);
    say(`building the engine (${variant}) ...`);
    const { code, output } = await make('--no-print-directory', `-j${availableParallelism()}`);
    const notes = output.split('\n').filter((line) => line.startsWith('note:'));
    if (code === 0) return notes.forEach(say);
    say(output.trimEnd());
    throw new SetupError(`The engine (${variant}) did not build; the compiler's messages are above.`);
  });
}

/** What a file looked like when it was bundled; a change of content without a change of either is not made by tools. */
function fingerprint(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : 'missing';
}

function bundlesAreCurrent(recordFile) {
  if (!existsSync(recordFile)) return false;
  const { inputs, outputs } = readJson(recordFile);
  return (
    outputs.every((path) => existsSync(join(root, path))) &&
    Object.entries(inputs).every(([path, print]) => fingerprint(path) === print)
  );
}

/** One run of esbuild, with its faults in our words. */
async function bundle(options) {
  const { build } = await import('esbuild');
  const common = { absWorkingDir: root, bundle: true, metafile: true, write: false, logLevel: 'silent' };
  return build({ ...common, ...options }).catch((error) => {
    for (const { text, location } of error.errors ?? []) {
      say(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text);
    }
    throw new SetupError('The TypeScript sources did not bundle; the messages are above.');
  });
}

/**
 * Runs esbuild with each of `builds` where a source changed.
 * @param {string} name of the record in out/ that tells what the bundles were made of
 * @param {string[]} makers files whose change makes all of them anew
 */
export async function ensureBundles(name, builds, makers = []) {
  const recordFile = join(root, 'out', `${name}.json`);
  if (bundlesAreCurrent(recordFile)) return;
  await setupLock(async () => {
    if (bundlesAreCurrent(recordFile)) return;
    say('bundling TypeScript ...');
    const results = [];
    for (const options of builds) results.push(await bundle(options));
    // Renamed into place: a program that starts just now reads the old bundle or the new one, never half of it.
    const replace = (path, contents) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, contents);
      renameSync(`${path}.new`, path);
    };
    const files = results.flatMap((result) => result.outputFiles);
    for (const file of files) replace(file.path, file.contents);
    const sources = results.flatMap((result) => Object.keys(result.metafile.inputs));
    const inputs = [...new Set([...sources, 'main/dev/setup.mjs', 'package-lock.json', ...makers])];
    const outputs = files.map((file) => relative(root, file.path));
    const record = { inputs: Object.fromEntries(inputs.map((path) => [path, fingerprint(path)])), outputs };
    replace(recordFile, JSON.stringify(record, null, 2));
  });
}

/** For Node 20, as modules. */
export const nodeBundle = { platform: 'node', format: 'esm', target: 'node20', sourcemap: true };

/** With the packages in them: one file is read and compiled in half the time of hundreds. */
export const wholeBundle = {
  ...nodeBundle,
  outExtension: { '.js': '.mjs' },
  // Packages of the older kind ask for Node's modules by `require`, which a module has to make for itself.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
};

/** The thread that opens session files, whole: it is started from its text. */
export const sessionReader = (outfile) => ({
  ...{ platform: 'node', format: 'cjs', target: 'node20', outfile },
  entryPoints: ['main/lab/sessions/session-reader-worker.ts'],
});

/** Bundles the TypeScript programs into out/*.mjs where a source changed. Only what is machine code stays a package. */
export const ensureBuild = () =>
  ensureBundles('build', [
    {
      ...wholeBundle,
      entryPoints: {
        cli: 'main/cli/index.ts',
        'node-server': 'main/engine/node/server.ts',
        pictures: 'renderer/tracks/pictures.ts',
      },
      outdir: 'out',
      external: ['@napi-rs/canvas'],
    },
    sessionReader('out/session-reader.cjs'),
  ]);

const rendererRecord = () => join(root, 'out/renderer.json');

/** Everything that the renderer is made of; its packages are those of the lock file. */
function rendererInputs() {
  const files = ['renderer', 'shared'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name))),
  );
  return Object.fromEntries([...files.sort(), 'package-lock.json'].map((path) => [path, fingerprint(path)]));
}

function rendererIsCurrent() {
  if (!existsSync(rendererRecord()) || !existsSync(join(root, 'out/renderer/index.html'))) return false;
  return readFileSync(rendererRecord(), 'utf8') === JSON.stringify(rendererInputs());
}

/** Builds the app's page into out/renderer where a source changed. Throws SetupError. */
export async function ensureRenderer() {
  if (rendererIsCurrent()) return;
  await setupLock(async () => {
    if (rendererIsCurrent()) return;
    say("building the app's page ...");
    const inputs = rendererInputs();
    const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'renderer/vite.config.ts'];
    const { code, output } = await run(process.execPath, args);
    if (code !== 0) {
      say(output.trimEnd());
      throw new SetupError("The app's page did not build; the messages are above.");
    }
    writeFileSync(rendererRecord(), JSON.stringify(inputs));
  });
}

/**
 * All of the above, for programs that need everything: packages, an engine and the bundles.
 * @param {string} variant engine variant; FDSCOPE_ENGINE_VARIANT in the environment chooses another than release.
 */
export async function ensureEverything(variant = process.env.FDSCOPE_ENGINE_VARIANT ?? 'release') {
  await ensurePackages();
  await ensureEngine(variant);
  await ensureBuild();
}
