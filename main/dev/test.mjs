// `npm test`: all but what takes long, which is `npm run test:long`. `npm test -- unit truth` runs only those named.
// What starts with a dash, and what follows it, goes to vitest: `npm test -- conformance -t epoll`.
// The last line is `N passed, N failed, N skipped`, from vitest's reports; each check counts as one.
import { runChecks } from './checks.mjs';
import { runEngineUnit } from './engine-unit.mjs';
import { BadInput, ensureBuild, ensureEngine, ensurePackages, exitWithSentence } from './setup.mjs';
import { runSuites, suites } from './suites.mjs';
import { summarize } from './summary.mjs';

// What vitest does not run. It needs no quiet, and the tests that run meanwhile wait a good deal of their time.
const besides = { check: checkSuite, 'engine-unit': () => runEngineUnit('release', filters) };
const names = [...Object.keys(besides), ...Object.keys(suites)];
// The sanitized tables run by name.
const usual = [...Object.keys(besides), 'unit', 'cli', 'conformance', 'truth', 'e2e', 'figures'];
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const chosen = firstOption === -1 ? args : args.slice(0, firstOption);
const filters = firstOption === -1 ? [] : args.slice(firstOption);

async function checkSuite() {
  const checks = await runChecks();
  const count = (state) => checks.filter((check) => check.state === state).length;
  const reasons = checks.filter((check) => check.reason).map((check) => `${check.name}: ${check.reason}`);
  const failures = checks.filter((check) => check.state === 'failed').map((check) => check.name);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), reasons, failures };
}

/** One after the other; resolves to [name, counts] of each. */
async function runBesides(wanted) {
  const results = [];
  for (const [name, run] of Object.entries(besides)) if (wanted.includes(name)) results.push([name, await run()]);
  return results;
}

async function main() {
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new BadInput(`There is no suite "${unknown[0]}": choose ${names.join(', ')}.`);
  await ensurePackages();
  await ensureEngine('release');
  await ensureBuild();
  const wanted = chosen.length > 0 ? chosen : usual;
  const beside = runBesides(wanted);
  const results = await runSuites(
    wanted.filter((name) => !(name in besides)),
    filters,
    { beside },
  );
  summarize([...(await beside), ...results]);
}

await main().catch(exitWithSentence);
