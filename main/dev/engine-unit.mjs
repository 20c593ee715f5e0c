/** The suite `engine-unit`: the C++ tests of test/engine, built by the engine's Makefile, counted from doctest's report. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { engineUnitPath, ensureEngineUnit, root, SetupError } from './setup.mjs';

/** What a sanitized program says of its findings; the first ends it. */
const sanitizers = { ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };

/** A case takes far less than a second; what never ends is a failure, and not a suite that never ends. */
const patienceMs = 300_000;

/** Counts of a report, which has them in its last lines: a program that died in the middle has left none. */
function readReport(path) {
  if (!existsSync(path)) return undefined;
  const found = /<OverallResultsTestCases successes="(\d+)" failures="(\d+)" skipped="(\d+)"\/>\s*<\/doctest>\s*$/.exec(
    readFileSync(path, 'utf8'),
  );
  return found ? { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) } : undefined;
}

/** Runs the program to its end. Resolves to {status, output}: exit code or name of a signal, and both of its streams. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patienceMs,
      env: { ...sanitizers, ...process.env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ status: code ?? signal, output }));
  });
}

/** vitest's `-t NAME` in doctest's words. */
function filtersOf(args) {
  const at = args.findIndex((arg) => arg === '-t' || arg === '--testNamePattern');
  return at === -1 || args[at + 1] === undefined ? [] : [`--test-case=*${args[at + 1]}*`];
}

/**
 * Builds and runs the tests of an engine variant. Resolves to {passed, failed, skipped, reasons, fault?} as other suites do.
 * @param {string[]} args of vitest, of which `-t NAME` is understood
 */
export async function runEngineUnit(variant = 'release', args = []) {
  const broken = (fault) => ({ passed: 0, failed: 1, skipped: 0, reasons: [], fault });
  try {
    await ensureEngineUnit(variant);
  } catch (error) {
    if (error instanceof SetupError) return broken(error.message);
    throw error;
  }
  const folder = join(root, 'out/test');
  const report = join(folder, `engine-unit-${variant}.xml`);
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const program = engineUnitPath(variant);
  const { status, output } = await run(program, [...filtersOf(args), '--reporters=xml', `--out=${report}`]);
  const counts = readReport(report);
  // The report is for programs; people read what doctest prints for them.
  if (status !== 0) {
    const told = await run(program, [...filtersOf(args), '--no-colors=true']);
    console.log(`${output}${told.output}`.trimEnd());
  }
  if (counts === undefined) return broken(`it died before its end (${status})`);
  if (status !== 0 && counts.failed === 0) return broken(`it ended with ${status} although no test failed`);
  return { ...counts, reasons: Array(counts.skipped).fill('engine-unit: not chosen by -t') };
}
