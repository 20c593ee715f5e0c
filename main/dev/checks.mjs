/** Lint, format and type checks: the list that `npm run check`, `npm run format` and `npm test` share. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './setup.mjs';

// Versions lay out some constructs differently, so one of them defines the format.
const clangFormatMajor = 14;

/** {command} of the clang-format that defines the format, or the {reason} why there is none. */
function clangFormat() {
  let other;
  for (const command of [`clang-format-${clangFormatMajor}`, 'clang-format']) {
    const version = spawnSync(command, ['--version'], { encoding: 'utf8' });
    const major = /version (\d+)/.exec(version.stdout ?? '')?.[1];
    if (Number(major) === clangFormatMajor) return { command };
    other ??= major;
  }
  const there = other ? `clang-format is version ${other}` : 'clang-format is not installed';
  return { reason: `${there}; the format is defined by version ${clangFormatMajor}` };
}

function cppFiles() {
  return ['main/engine', 'test/engine']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(cpp|hpp)$/.test(entry.name) && !entry.name.includes('.gen.'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

const tool = (path, ...args) => ({ command: process.execPath, args: [join(root, 'node_modules', path), ...args] });

/** @param {boolean} fix write the format instead of checking it */
function commands(fix) {
  const clang = clangFormat();
  const clangArgs = fix ? ['-i'] : ['--dry-run', '--Werror'];
  return {
    eslint: tool('eslint/bin/eslint.js', '.', '--max-warnings=0', ...(fix ? ['--fix'] : [])),
    prettier: tool('prettier/bin/prettier.cjs', '.', fix ? '--write' : '--check', '--log-level=warn'),
    tsc: tool('typescript/bin/tsc', '--project', 'tsconfig.json'),
    // A preload sees the page beside Electron.
    'tsc (preload)': tool('typescript/bin/tsc', '--project', 'main/electron/page/tsconfig.json'),
    'tsc (e2e)': tool('typescript/bin/tsc', '--project', 'test/e2e/tsconfig.json'),
    // The renderer sees the DOM and no Node; its tests' project holds its sources as well.
    'vue-tsc': tool('vue-tsc/bin/vue-tsc.js', '--project', 'test/unit/renderer/tsconfig.json'),
    // Writes nothing: whoever brings a new package names it.
    dependencies: { command: process.execPath, args: [join(root, 'main/dev/dependencies.mjs')] },
    'clang-format': clang.command ? { command: clang.command, args: [...clangArgs, ...cppFiles()] } : clang,
  };
}

/** Runs a command to its end; resolves to {status, output}, what it wrote to both streams as it came. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ status: 1, output: String(error) }));
    child.on('close', (code) => resolve({ status: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

/**
 * Runs the named checks one after another, all of them even where one fails. Each is told when it has ended, with its
 * output before, so that what runs meanwhile may write as well.
 * Resolves to {name, state: 'passed' | 'failed' | 'skipped', reason?} for each.
 */
export async function runChecks({ fix = false, only } = {}) {
  const list = Object.entries(commands(fix)).filter(([name]) => only === undefined || only.includes(name));
  const results = [];
  for (const [name, { command, args, reason }] of list) {
    if (reason) {
      console.log(`${name}: skipped, ${reason}`);
      results.push({ name, state: 'skipped', reason });
      continue;
    }
    const began = performance.now();
    const { status, output } = await run(command, args);
    const state = status === 0 ? 'passed' : 'failed';
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${output.trimEnd() === '' ? '' : `${output.trimEnd()}\n`}${name}: ${state} (${seconds} s)`);
    results.push({ name, state });
  }
  return results;
}
