/** The vitest suites, how each is run, and what its report says. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { displayRefusal, electronBinary } from './electron.mjs';
import { ensureEngine, ensureRenderer, root } from './setup.mjs';
import { ensureShell } from './shell.mjs';

/**
 * Name of a suite to its vitest project and the engine variant it drives. `prepare` brings what else it needs: {env} for
 * the tests, or the {reason} why this machine cannot run them.
 */
export const suites = {
  unit: { project: 'unit*', variant: 'release' },
  cli: { project: 'cli', variant: 'release' },
  conformance: { project: 'conformance', variant: 'release' },
  truth: { project: 'truth', variant: 'release' },
  e2e: { project: 'e2e', variant: 'release', prepare: prepareBrowser },
  asan: { project: 'conformance', variant: 'asan', prepare: () => prepareSanitizer('asan') },
  tsan: { project: 'conformance', variant: 'tsan', prepare: () => prepareSanitizer('tsan') },
};

// The first finding ends the engine, so that the test that caused it is the one that fails.
const sanitizerOptions = {
  ASAN_OPTIONS: 'abort_on_error=0:detect_leaks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
};
const sanitizerFlags = { asan: '-fsanitize=address,undefined', tsan: '-fsanitize=thread' };

/** Compiles and runs an empty program, to find out whether this machine can run the engine variant. */
function prepareSanitizer(variant) {
  const flags = sanitizerFlags[variant];
  const folder = join(root, 'build/engine', variant);
  const probe = join(folder, 'probe');
  mkdirSync(folder, { recursive: true });
  const compiler = process.env.CXX ?? 'g++';
  const compiled = spawnSync(compiler, [flags, '-x', 'c++', '-', '-o', probe], { input: 'int main() {}\n' });
  if (compiled.status !== 0) return { reason: `${compiler} cannot link ${flags}: install its sanitizer libraries` };
  const ran = spawnSync(probe, { encoding: 'utf8' });
  rmSync(probe, { force: true });
  if (ran.status === 0) return {};
  return { reason: `a program built with ${flags} does not start here: ${ran.stderr.split('\n')[0]}` };
}

/** The app's page, and a browser to show it. */
async function prepareBrowser() {
  const { browser, reason } = ensureBrowser();
  if (!browser) return { reason };
  await ensureRenderer();
  return { env: { FDSCOPE_BROWSER: browser, ...(await electronEnvironment()) } };
}

/** Electron's program for the tests of the desktop app, or why there is none; they skip with that reason. */
async function electronEnvironment() {
  const reason = displayRefusal();
  const binary = electronBinary();
  if (reason !== undefined) return { FDSCOPE_ELECTRON_REASON: reason };
  if (binary === undefined) return { FDSCOPE_ELECTRON_REASON: "Electron's program is not installed" };
  await ensureShell();
  return { FDSCOPE_ELECTRON: binary };
}

function skipReason(test) {
  const text = test.meta?.skipReason ?? /skipped:? (.+)$/i.exec(test.fullName)?.[1]?.replace(/[)\]]$/, '');
  return text ?? `no reason given (${test.fullName})`;
}

/** Counts of one vitest report; a test or file that ended without a verdict counts as failed. */
function readReport(path, exitCode) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0, reasons: [], fault: 'vitest left no report' };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const unfinished = tests.filter((test) => test.status === 'pending').length;
  // A file that fails to load has no tests that could fail in its place.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unfinished + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests - unfinished,
    reasons: tests.filter((test) => test.status === 'skipped' || test.status === 'todo').map(skipReason),
  };
  if (exitCode === 0 || counts.failed > 0) return counts;
  const fault = `vitest ended with code ${exitCode} although no test failed`;
  return { ...counts, failed: 1, fault };
}

/**
 * Runs one suite to its end, with vitest's own output on the terminal.
 * Resolves to {passed, failed, skipped, reasons, fault?}; `reasons` has one entry for each skipped test.
 * @param {string[]} filters file name filters and further arguments for vitest
 */
export async function runSuite(name, filters = []) {
  const { project, variant, prepare } = suites[name];
  const { reason, env } = (await prepare?.()) ?? {};
  if (reason) return { passed: 0, failed: 0, skipped: 1, reasons: [`${name}: ${reason}`] };
  await ensureEngine(variant);
  const report = join(root, 'out/test', `${name}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--project', project, '--reporter=default', '--reporter=./main/dev/report.mjs'];
  const child = spawn(process.execPath, [...args, `--outputFile.json=${report}`, ...filters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...sanitizerOptions, ...process.env, ...env, FDSCOPE_ENGINE_VARIANT: variant },
  });
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return readReport(report, exitCode);
}
