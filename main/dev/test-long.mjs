// `npm run test:long`: what takes too long for `npm test`. `npm run test:long -- asan scenarios` runs only those named.
// Each part has minutes of its own, and FDSCOPE_LONG_MINUTES is the budget of all; a part that has no time left, or does
// not end in its own, is a failure that says so. The last line is `N passed, N failed, N skipped`.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runEngineUnit } from './engine-unit.mjs';
import { conclude, concludeLesson, lessonNames, scenarioNames } from './scenario-runs.mjs';
import { BadInput, ensureBuild, ensureEngine, ensurePackages, exitWithSentence } from './setup.mjs';
import { runSuites } from './suites.mjs';
import { summarize } from './summary.mjs';

const budgetMinutes = Number(process.env.FDSCOPE_LONG_MINUTES ?? 222);

/** One model of each family, as the thread sanitizer makes each of them slow: with threads, processes, loops, rings. */
const tsanModels = [
  'blocking-threads',
  'blocking-pool',
  'polling-threads',
  'epoll-lt',
  'epoll-reactors',
  'epoll-shared',
];

const failed = (fault) => ({ passed: 0, failed: 1, skipped: 0, reasons: [], fault });

/** Cores' worth of time that others use while we do nothing for a second. */
async function neighbours() {
  const usedTicks = () => {
    const [, user, nice, system, , , irq, softirq, steal] = (
      /^cpu .*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? ''
    )
      .split(/\s+/)
      .map(Number);
    return user + nice + system + irq + softirq + steal;
  };
  const [from, began] = [usedTicks(), performance.now()];
  await sleep(1000);
  // Ticks are of 10 ms.
  return ((usedTicks() - from) * 10) / (performance.now() - began);
}

const busyCores = 0.2;

/**
 * Runs every shipped scenario, or lesson; each that comes to a conclusion has passed, and so has each expectation that held.
 * One that does not hold is tried once more. Then it has failed, or is inconclusive where others use the machine.
 */
async function concludeAll(what, names, concludeOne, deadline) {
  const counts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  const inconclusive = (count, reason) => {
    counts.skipped += count;
    counts.reasons.push(...Array(count).fill(reason));
  };
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
  for (const name of names) {
    if (signal.aborted) break;
    let result = await concludeOne(name, [], signal);
    if (result.wasRun && result.unmet > 0) result = await concludeOne(name, [], signal);
    if (signal.aborted) break;
    counts.passed += result.held;
    counts[result.wasRun ? 'passed' : 'failed'] += 1;
    inconclusive(result.unjudged, `${what} ${name}: a figure that it needs was not measured here`);
    if (result.unmet === 0) continue;
    const others = await neighbours();
    if (others <= busyCores) counts.failed += result.unmet;
    else inconclusive(result.unmet, `${what} ${name}: inconclusive, other programs had ${others.toFixed(1)} cores`);
  }
  return counts;
}

/** What comes at random to the web host, over a window's wire and port, and in session files. */
const fuzzCounts = { FDSCOPE_FUZZ_REQUESTS: '100000', FDSCOPE_FUZZ_MESSAGES: '100000', FDSCOPE_FUZZ_FILES: '50000' };
const fuzzers = ['web-host', 'electron-port', 'session-bounds'].map((name) => `test/unit/${name}`);

const suite =
  (name, env = {}, filters = []) =>
  async (deadline) => {
    const [[, result]] = await runSuites([name], filters, { env, deadline });
    return result;
  };

/** Name to its minutes, which have the building of its engine in them, and what it runs. */
const parts = {
  properties: { minutes: 3, run: suite('unit', { FDSCOPE_PROPERTY_RUNS: '1500' }, ['test/unit/properties']) },
  fuzz: { minutes: 30, run: suite('unit', fuzzCounts, fuzzers) },
  asan: { minutes: 9, run: suite('asan') },
  bench: { minutes: 40, run: suite('asan', { FDSCOPE_BENCH_SEQUENCES: '500' }, ['test/conformance/bench-random']) },
  tsan: { minutes: 8, run: suite('tsan', { FDSCOPE_MODELS: tsanModels.join() }) },
  'engine-unit': { minutes: 2, run: () => runEngineUnit('asan') },
  readers: { minutes: 10, run: suite('readers') },
  install: { minutes: 30, run: suite('install') },
  // Twenty starts, and half an hour at work.
  desktop: { minutes: 50, run: suite('endurance', { FDSCOPE_ENDURANCE_MINUTES: '30' }) },
  planted: { minutes: 15, run: suite('planted') },
  scenarios: { minutes: 12, run: (deadline) => concludeAll('scenario', scenarioNames(), conclude, deadline) },
  lessons: { minutes: 12, run: (deadline) => concludeAll('lesson', lessonNames(), concludeLesson, deadline) },
};

async function main() {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !(name in parts));
  if (unknown !== undefined) {
    throw new BadInput(`There is no part "${unknown}": choose ${Object.keys(parts).join(', ')}.`);
  }
  if (!(budgetMinutes > 0)) throw new BadInput('FDSCOPE_LONG_MINUTES must be a number of minutes above 0.');
  await ensurePackages();
  await ensureEngine('release');
  await ensureBuild();
  const end = performance.now() + budgetMinutes * 60_000;
  const results = [];
  for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
    const { minutes, run } = parts[name];
    const began = performance.now();
    const deadline = Math.min(end, began + minutes * 60_000);
    console.log(`\n== ${name} (at most ${((deadline - began) / 60_000).toFixed(1)} minutes)`);
    const result = deadline > began ? await run(deadline) : failed(`no time was left of ${budgetMinutes} minutes`);
    const tookMinutes = (performance.now() - began) / 60_000;
    if (performance.now() > deadline) {
      result.failed = Math.max(1, result.failed);
      result.fault ??= `did not end within ${minutes} minutes`;
    }
    console.log(`${name} took ${tookMinutes.toFixed(1)} minutes`);
    results.push([name, result]);
  }
  summarize(results);
}

await main().catch(exitWithSentence);
