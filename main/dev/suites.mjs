/** The test suites, how vitest runs them, and what its reports say. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { countsOf, failedFiles, passedNow, reportIn, withSecondRun } from './counts.mjs';
import { desktopForTests } from './electron.mjs';
import { onPath } from './on-path.mjs';
import { ensureEngine, ensureRenderer, root } from './setup.mjs';
import { ensureShell } from './shell.mjs';

/**
 * Name of a suite to its vitest projects and the engine variant that it drives. `prepare` brings what else it needs: {env}
 * for the tests, or the {reason} why this machine cannot run them. What is to be `alone` measures, and would measure its
 * neighbours; all others of a variant run together.
 */
export const suites = {
  unit: { projects: ['unit', 'unit-renderer'] },
  cli: { projects: ['cli'] },
  conformance: { projects: ['conformance'] },
  truth: { projects: ['truth'] },
  e2e: { projects: ['e2e'], prepare: prepareBrowser },
  figures: { projects: ['figures'], alone: true },
  planted: { projects: ['planted'], alone: true },
  readers: { projects: ['readers'] },
  install: { projects: ['install'], prepare: prepareInstall },
  endurance: { projects: ['endurance'], prepare: prepareEndurance, alone: true },
  asan: { projects: ['conformance'], variant: 'asan', prepare: () => prepareSanitizer('asan') },
  tsan: { projects: ['conformance'], variant: 'tsan', prepare: () => prepareSanitizer('tsan') },
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
  const { binary, reason } = desktopForTests();
  if (binary === undefined) return { FDSCOPE_ELECTRON_REASON: reason };
  await ensureShell();
  return { FDSCOPE_ELECTRON: binary };
}

/** The desktop app alone. */
async function prepareEndurance() {
  const { FDSCOPE_ELECTRON_REASON: reason, ...env } = await electronEnvironment();
  if (reason !== undefined) return { reason };
  await ensureRenderer();
  return { env };
}

/** The desktop app, as above, and what a clean Debian beside this system is made with. */
async function prepareInstall() {
  const { binary, reason } = desktopForTests();
  if (binary === undefined) return { reason };
  if (process.getuid?.() !== 0) return { reason: 'a clean Debian to install it on is made by root alone' };
  for (const tool of ['Xvfb', 'openbox', 'xdotool', 'debootstrap', 'dpkg-deb', 'unshare', 'nsenter']) {
    if (onPath(tool, { more: ['/usr/bin', '/usr/sbin'] }) === undefined) return { reason: `${tool} is not installed` };
  }
  const { status, stderr } = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true'], { encoding: 'utf8' });
  if (status !== 0) return { reason: `no other root can be made here: ${(stderr ?? '').trim()}` };
  return { env: { FDSCOPE_ELECTRON: binary } };
}

const reportOf = (name) => join(root, 'out/test', `${name}.json`);

/** Runs vitest once over these suites, which drive the same engine variant, with its own output; resolves to its exit code. */
async function runVitest(reports, variant, env, args, deadline) {
  for (const [, path] of reports) rmSync(path, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const projects = reports.flatMap(([project]) => ['--project', project]);
  const all = [vitest, 'run', ...projects, '--reporter=default', '--reporter=./main/dev/report.mjs', ...args];
  const child = spawn(process.execPath, all, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...sanitizerOptions,
      ...process.env,
      ...env,
      FDSCOPE_ENGINE_VARIANT: variant,
      FDSCOPE_REPORTS: JSON.stringify(Object.fromEntries(reports)),
    },
  });
  // What is cut off leaves no report, which is a failure.
  const timer = deadline && setTimeout(() => child.kill('SIGTERM'), Math.max(0, deadline - performance.now()));
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  clearTimeout(timer);
  return exitCode;
}

/** More than these are no accident of a busy machine. */
const mostAgain = 8;

/**
 * Files that failed while three others ran beside them run once more, by themselves: what fails then fails for a reason of
 * its own, and what passes is named. Resolves to the reports by suite as the second run leaves them.
 */
async function secondLook(found, variant, env) {
  const failed = found.flatMap(([name, report]) => (report ? failedFiles(report).map((file) => [name, file]) : []));
  if (failed.length === 0 || failed.length > mostAgain) return found;
  const files = failed.map(([, file]) => relative(root, file));
  console.log(`\n== once more, by themselves: ${files.join(', ')}`);
  const names = [...new Set(failed.map(([name]) => name))];
  const paths = names.flatMap((name) => suites[name].projects.map((project) => [project, reportOf(`${name}-again`)]));
  await runVitest(paths, variant, env, ['--maxWorkers=1', ...files]);
  return found.map(([name, report]) => {
    const second = names.includes(name) ? reportIn(reportOf(`${name}-again`)) : undefined;
    if (!second) return [name, report];
    for (const test of passedNow(report, second)) console.log(`failed beside others, and passed by itself: ${test}`);
    return [name, withSecondRun(report, second)];
  });
}

async function runTogether(names, variant, env, filters, { deadline, alone, beside }) {
  const reports = names.flatMap((name) => suites[name].projects.map((project) => [project, reportOf(name)]));
  const exitCode = await runVitest(reports, variant, env, filters, deadline);
  let found = names.map((name) => [name, reportIn(reportOf(name))]);
  const hadFailures = found.some(([, report]) => countsOf(report).failed > 0);
  // Whoever names tests wants to see what they do, at once.
  if (hadFailures && !alone && !deadline && filters.length === 0) {
    await beside;
    found = await secondLook(found, variant, env);
  }
  const results = found.map(([name, report]) => [name, countsOf(report)]);
  const first = results[0]?.[1];
  if (first && exitCode !== 0 && !hadFailures) {
    first.failed = 1;
    first.fault = `vitest ended with code ${exitCode} although no test failed`;
  }
  return results;
}

/** Suites that one run of vitest takes: those that may run side by side, and one by one those that may not. */
function turns(names) {
  const together = new Map();
  for (const name of names) {
    const { variant = 'release', alone = false } = suites[name];
    const key = `${variant} ${alone}`;
    together.set(key, { variant, alone, names: [...(together.get(key)?.names ?? []), name] });
  }
  return [...together.values()].sort((a, b) => Number(a.alone) - Number(b.alone));
}

/**
 * Runs suites to their end. Resolves to [name, {passed, failed, skipped, reasons, fault?}] of each; `reasons` has one
 * entry for each skipped test.
 * @param {string[]} filters file name filters and further arguments for vitest
 * @param {object} options `beside`: a promise of what must have ended before a suite runs alone; `env`: for the tests;
 *   `deadline`: by performance.now(), at which vitest is ended
 */
export async function runSuites(wanted, filters = [], { beside, env: given = {}, deadline } = {}) {
  const results = [];
  for (const { variant, alone, names } of turns(wanted)) {
    const ready = [];
    let env = given;
    for (const name of names) {
      try {
        const prepared = (await suites[name].prepare?.()) ?? {};
        env = { ...env, ...prepared.env };
        const { reason } = prepared;
        if (reason === undefined) ready.push(name);
        else results.push([name, { passed: 0, failed: 0, skipped: 1, reasons: [`${name}: ${reason}`] }]);
      } catch (error) {
        // A suite that cannot start is one failure, and the others still run.
        results.push([name, { passed: 0, failed: 1, skipped: 0, reasons: [], fault: error.message }]);
      }
    }
    if (ready.length === 0) continue;
    if (alone) await beside;
    console.log(`\n== ${ready.join(', ')}`);
    await ensureEngine(variant);
    results.push(...(await runTogether(ready, variant, env, filters, { deadline, alone, beside })));
  }
  return results;
}
