// `npm run dist`: packages the app for Linux: deb and AppImage, into out/dist.
// `npm run dist -- --arch arm64` for the other machines (needs their compiler), `--dir` for the bare folder, `--deb` for that
// and the deb, which need nothing that is not here.
// ELECTRON_OVERRIDE_DIST_PATH names a folder with Electron's program where it cannot be downloaded.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDeb } from './deb.mjs';
import { electronBinary, electronDist, electronVersion, fetchElectron } from './electron.mjs';
import {
  BadInput,
  enginePath,
  ensureEngine,
  ensurePackages,
  ensureRenderer,
  exitWithSentence,
  root,
  SetupError,
} from './setup.mjs';
import { ensureShell } from './shell.mjs';
import { step } from './steps.mjs';

/** Electron's names of machines, with the compiler that Debian has for each. */
const machines = { x64: 'x86_64-linux-gnu-g++', arm64: 'aarch64-linux-gnu-g++' };

function parseOptions() {
  const options = {
    arch: { type: 'string', default: process.arch },
    dir: { type: 'boolean', default: false },
    deb: { type: 'boolean', default: false },
    // For tests, which have a stand-in for Electron: no fuses can be set in it.
    output: { type: 'string', default: join(root, 'out/dist') },
    'no-fuses': { type: 'boolean', default: false },
  };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new BadInput(`${error.message.split('. ')[0]}. \`npm run dist\` takes --dir, --deb and --arch x64 or arm64.`);
  }
  if (!Object.hasOwn(machines, values.arch)) {
    throw new BadInput(`There is no package for ${values.arch}: choose --arch ${Object.keys(machines).join(' or ')}.`);
  }
  return values;
}

/** Puts the engines of this kind of machine where the package takes it from. Throws SetupError. */
async function placeEngine(arch) {
  const folder = join(root, 'build/package', arch);
  mkdirSync(folder, { recursive: true });
  const packaged = join(folder, 'fdscope-engine');
  if (arch === process.arch) {
    await ensureEngine('release');
    for (const kind of ['', '-tls']) place(`${enginePath('release')}${kind}`, 'strip', `${packaged}${kind}`);
    return;
  }
  const compiler = machines[arch];
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).error) {
    const name = compiler.replace('g++', '').replaceAll('_', '-');
    throw new SetupError(
      `The compiler ${compiler} is missing: apt-get install g++-${name.slice(0, -1)}, or run this on such a machine.`,
    );
  }
  const build = join(root, 'build/engine', `release-${arch}`);
  const args = ['-C', join(root, 'main/engine'), 'VARIANT=release', `CXX=${compiler}`, `BUILD=${build}`];
  const made = spawnSync('make', [...args, `-j${availableParallelism()}`], { stdio: 'inherit' });
  if (made.status !== 0) throw new SetupError(`The engine for ${arch} did not build; the messages are above.`);
  for (const kind of ['', '-tls'])
    place(join(build, `fdscope-engine${kind}`), compiler.replace(/g\+\+$/, 'strip'), `${packaged}${kind}`);
}

/**
 * Without what is for debuggers alone, two thirds of it; the compiler's own tools have `strip`, without it the engine is larger.
 * Renamed into place, as another one may be packaging at the same time.
 */
function place(engine, strip, packaged) {
  const inWork = `${packaged}.${process.pid}`;
  copyFileSync(engine, inWork);
  spawnSync(strip, [inWork]);
  renameSync(inWork, packaged);
}

/** electron-builder's settings for where Electron comes from. */
function electronSettings(arch) {
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH && !electronBinary()) {
    throw new SetupError(`ELECTRON_OVERRIDE_DIST_PATH names ${electronDist()}, which holds no Electron.`);
  }
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH || (arch === process.arch && fetchElectron().binary)) {
    return [`-c.electronDist=${electronDist()}`];
  }
  return []; // electron-builder downloads it
}

/** electron-builder's configuration. Options of its command line can set a value, and cannot take one away. */
async function configFile(hasFuses) {
  const file = join(root, 'electron-builder.yml');
  if (hasFuses) return file;
  const { parse } = await import('yaml');
  const config = parse(readFileSync(file, 'utf8'));
  const bare = join(root, 'out/electron-builder.json');
  writeFileSync(bare, JSON.stringify({ ...config, electronFuses: null }));
  return bare;
}

const runBuilder = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/electron-builder/cli.js'), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let faults = '';
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      faults += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, faults }));
  });

/** What to do about electron-builder's faults that are those of a machine without a network. */
function adviceOn(faults, arch) {
  if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|status code|statusCode|getaddrinfo|download/i.test(faults))
    return '';
  const name = `electron-v${electronVersion()}-linux-${arch}.zip`;
  return (
    ` It could not download what it needs. Electron itself: unpack ${name} from Electron's releases into a folder and ` +
    'set ELECTRON_OVERRIDE_DIST_PATH to it. The tool that makes AppImages is downloaded too; ' +
    '`npm run dist -- --deb` does not need it.'
  );
}

/** The folder that electron-builder packages into, which it names after the machine, but for its usual one. */
const unpackedFolder = (arch) => (arch === 'x64' ? 'linux-unpacked' : `linux-${arch}-unpacked`);

/** Throws SetupError, with electron-builder's messages shown before. */
async function runBuilderOrThrow(arch, output, hasFuses, what) {
  const { code, faults } = await runBuilder([
    ...['--linux', ...what, `--${arch}`, '--publish', 'never', '--config', await configFile(hasFuses)],
    ...[`-c.electronVersion=${electronVersion()}`, `-c.directories.output=${output}`, ...electronSettings(arch)],
    ...commitSetting(),
  ]);
  if (code !== 0) throw new SetupError(`electron-builder failed; its messages are above.${adviceOn(faults, arch)}`);
}

/** Of this checkout, for Help > About of the package; none where it is no checkout of git. */
function commitSetting() {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? [`-c.extraMetadata.commit=${stdout.trim()}`] : [];
}

async function packageDeb(packaged, arch, output) {
  const { parse } = await import('yaml');
  const config = parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await step('packing the deb', () => makeDeb({ packaged, output, arch, version, config }));
}

async function main() {
  const { arch, dir, deb, output, 'no-fuses': noFuses } = parseOptions();
  if (process.platform !== 'linux') throw new SetupError(`fdscope is packaged on Linux, not on ${process.platform}.`);
  await ensurePackages();
  await placeEngine(arch);
  await ensureShell();
  await ensureRenderer();
  await runBuilderOrThrow(arch, output, !noFuses, ['dir']);
  const packaged = join(output, unpackedFolder(arch));
  if (!dir) await packageDeb(packaged, arch, output);
  // Last, as its tool may not be had: what needs none is made by then.
  if (!dir && !deb) await runBuilderOrThrow(arch, output, !noFuses, ['AppImage', '--prepackaged', packaged]);
  for (const entry of readdirSync(output, { withFileTypes: true })) {
    const path = join(output, entry.name);
    const size = entry.isFile() ? ` (${(statSync(path).size / 1e6).toFixed(0)} MB)` : '';
    if (entry.isDirectory() || /\.(AppImage|deb)$/.test(entry.name)) console.log(`${relative(root, path)}${size}`);
  }
}

await main().catch(exitWithSentence);
