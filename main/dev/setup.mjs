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
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { say, step } from './steps.mjs';

/** The checkout's top folder, absolute. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const engineVariants = ['release', 'bare', 'asan', 'tsan'];

/** Absolute path of an engine binary, built or not. */
export const enginePath = (variant = 'release') => join(root, 'build/engine', variant, 'fdscope-engine');

/** Absolute path of the C++ tests of a variant, built or not. */
export const engineUnitPath = (variant = 'release') => join(root, 'build/engine', variant, 'unit/engine-unit');

/** Something that the user can mend; the message says how. */
export class SetupError extends Error {}

/** What was asked for cannot be: a word that is not known, a value that is none. Exit code 2, as the command line has it. */
export class BadInput extends SetupError {}

const diskSentences = {
  ENOSPC: `There is no space left for ${root}: free some (packages, engine and page take about 1.5 GB) and start again.`,
  EDQUOT: `Your quota is used up for ${root}: free some space (packages, engine and page take about 1.5 GB) and start again.`,
  EROFS: `${root} is on a read-only file system, and fdscope builds itself there: use a copy that you may write to.`,
  EACCES: `You may not write in ${root}, and fdscope builds itself there: use a copy of your own, or have it given to you.`,
};
const diskCodes = [
  [/ENOSPC|No space left on device/i, 'ENOSPC'],
  [/EDQUOT|Disk quota exceeded/i, 'EDQUOT'],
  [/EROFS|Read-only file system/i, 'EROFS'],
  [/EACCES|EPERM|Permission denied/i, 'EACCES'],
];

/** The sentence for a disk that is full or may not be written, where the messages of a program say so; or undefined. */
const diskSentence = (messages) => diskSentences[diskCodes.find(([pattern]) => pattern.test(messages))?.[1]];

/**
 * Ends the process: with code 2 for bad input, with 1 for what else the user can mend, in one sentence each; anything else,
 * being our own mistake, shows its stack.
 */
export function exitWithSentence(error) {
  const disk = diskSentences[error?.code];
  console.error(disk ?? (error instanceof SetupError ? error.message : error));
  process.exit(error instanceof BadInput ? 2 : 1);
}

/** For scripts that take no arguments. Ends the process with code 2 where there are some. */
export function refuseArguments(script) {
  const [first] = process.argv.slice(2);
  if (first !== undefined)
    exitWithSentence(new BadInput(`\`npm run ${script}\` takes no arguments, and was given "${first}".`));
}

/** What is prepared at the same time has locks of its own. */
const locked = (name, work) => withLock(join(root, 'build', `${name}.lock`), work, say);

/**
 * Runs a command to its end. Resolves to {code, output}; rejects with the system's error where it cannot start. `onOutput` is
 * given what it prints as it comes.
 */
function run(command, args, onOutput = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => {
      chunks.push(chunk);
      onOutput(chunk.toString());
    });
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

/** Why npm failed, where its messages say it in a way that the user can mend. */
function npmAdvice(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i.test(output))
    return 'npm did not reach its registry: connect this machine, or set npm up for a registry that it reaches, and start again.';
  return undefined;
}

/** Installs exactly what package-lock.json names. Throws SetupError where npm is missing or fails. */
export async function ensurePackages() {
  if (packagesAreCurrent()) return;
  await locked('packages', async () => {
    if (packagesAreCurrent()) return;
    // Development packages are wanted even where NODE_ENV=production; no package of ours needs its install script.
    const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
    await step('installing npm packages', async () => {
      const { code, output } = await run('npm', args).catch((error) => {
        throw error.code === 'ENOENT'
          ? new SetupError('npm is missing: install it together with Node 20 or newer.')
          : error;
      });
      if (code === 0) return;
      say(output.trimEnd());
      const advice = diskSentence(output) ?? npmAdvice(output);
      throw new SetupError(advice ?? `npm ci failed (exit code ${code}); its messages are above.`);
    });
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
export const ensureEngine = (variant = 'release') => ensureMade(variant, 'all', 'building the engine');

/** The same for the engine's C++ tests, `engineUnitPath`, which link the objects of that variant. */
export const ensureEngineUnit = (variant = 'release') =>
  ensureMade(variant, 'unit', 'building the C++ tests of the engine');

/** @param {string} goal of the Makefile */
async function ensureMade(variant, goal, what) {
  if (!engineVariants.includes(variant)) {
    throw new BadInput(`There is no engine variant "${variant}": choose ${engineVariants.join(', ')}.`);
  }
  if (process.platform !== 'linux') {
    throw new SetupError(`The engine measures Linux system calls and does not build on ${process.platform}.`);
  }
  if (isMissing('make')) {
    throw new SetupError('make is missing: install GNU make (Debian, Ubuntu: apt-get install g++ make).');
  }
  const make = (args, onOutput) =>
    run('make', ['-C', join(root, 'main/engine'), `VARIANT=${variant}`, goal, ...args], onOutput);
  const isCurrent = async () => (await make(['-q'])).code === 0;
  if (await isCurrent()) return;
  await locked(`engine-${variant}`, async () => {
    if (await isCurrent()) return;
    checkCompiler((process.env.CXX ?? 'g++').split(' ')[0]);
    await step(variant === 'release' ? what : `${what} (${variant})`, async (progress) => {
      const compiled = (text) => text.match(/^compile /gm)?.length ?? 0;
      // What would be done, as the commands that say so.
      const files = (await make(['-n'])).output.match(/echo "compile /g)?.length ?? 0;
      let done = 0;
      const onOutput = (text) => {
        done += compiled(text);
        if (files > 0) progress(Math.min(done, files), files);
      };
      const { code, output } = await make(['--no-print-directory', `-j${availableParallelism()}`], onOutput);
      const notes = output.split('\n').filter((line) => line.startsWith('note:'));
      if (code === 0) return notes.forEach(say);
      say(output.trimEnd());
      const disk = diskSentence(output);
      throw new SetupError(
        disk ??
          `The ${goal === 'unit' ? 'tests of the engine' : 'engine'} (${variant}) did not build; the compiler's messages are above.`,
      );
    });
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
  await locked(name, async () => {
    if (bundlesAreCurrent(recordFile)) return;
    const results = await step('bundling TypeScript', async () => {
      const made = [];
      for (const options of builds) made.push(await bundle(options));
      return made;
    });
    // Renamed into place: a program that starts just now reads the old bundle or the new one, never half of it.
    const replace = (path, contents) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, contents);
      renameSync(`${path}.new`, path);
    };
    const files = results.flatMap((result) => result.outputFiles);
    // Names of parts tell what is in them: those of the last time are in nobody's way, but would be packaged.
    const before = existsSync(recordFile) ? readJson(recordFile).outputs : [];
    for (const path of before)
      if (!files.some((file) => file.path === join(root, path))) rmSync(join(root, path), { force: true });
    for (const file of files) replace(file.path, file.contents);
    const sources = results.flatMap((result) => Object.keys(result.metafile.inputs));
    const inputs = [...new Set([...sources, 'main/dev/setup.mjs', 'package-lock.json', ...makers])];
    const outputs = files.map((file) => relative(root, file.path));
    const record = { inputs: Object.fromEntries(inputs.map((path) => [path, fingerprint(path)])), outputs };
    replace(recordFile, JSON.stringify(record, null, 2));
  });
}

/**
 * zod brings its messages in every language, which nothing here asks for, and esbuild takes all of them along: half of zod.
 * English itself is elsewhere.
 */
const zodInEnglish = {
  name: 'zod-in-english',
  setup: (build) =>
    build.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({ contents: 'export {};' })),
};

/** For Node 20, as modules. */
export const nodeBundle = {
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  plugins: [zodInEnglish],
};

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
  ...{ platform: 'node', format: 'cjs', target: 'node20', plugins: [zodInEnglish], outfile },
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
  await locked('renderer', async () => {
    if (rendererIsCurrent()) return;
    const inputs = rendererInputs();
    const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--config', 'renderer/vite.config.ts'];
    await step("building the app's page", async () => {
      const { code, output } = await run(process.execPath, args);
      if (code === 0) return;
      say(output.trimEnd());
      throw new SetupError(diskSentence(output) ?? "The app's page did not build; the messages are above.");
    });
    writeFileSync(rendererRecord(), JSON.stringify(inputs));
  });
}

/**
 * All of the above, for programs that need everything: packages, an engine, the bundles and, with `page`, the app's page. The
 * engine needs no package, so that it is built while the others come. Waits for all, so that nothing goes on behind a fault.
 * @param {string} variant engine variant; FDSCOPE_ENGINE_VARIANT in the environment chooses another than release.
 */
export async function ensureEverything({
  variant = process.env.FDSCOPE_ENGINE_VARIANT ?? 'release',
  page = false,
} = {}) {
  const packagesAndBundles = async () => {
    await ensurePackages();
    await ensureBuild();
    if (page) await ensureRenderer();
  };
  const ends = await Promise.allSettled([ensureEngine(variant), packagesAndBundles()]);
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}
