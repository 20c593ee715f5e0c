// `npm test`: all but the sanitized tables. `npm test -- unit truth` runs only those named; `asan` and `tsan` too.
// What starts with a dash, and what follows it, goes to vitest: `npm test -- conformance -t epoll`.
// The last line is `N passed, N failed, N skipped`, from vitest's reports; each check counts as one.
import { runChecks } from './checks.mjs';
import { ensureBuild, ensureEngine, ensurePackages, exitWithSentence, SetupError } from './setup.mjs';
import { runSuite, suites } from './suites.mjs';

const names = ['check', ...Object.keys(suites)];
// The sanitized tables run by name.
const usual = ['check', 'unit', 'cli', 'conformance', 'truth', 'e2e'];
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const chosen = firstOption === -1 ? args : args.slice(0, firstOption);
const filters = firstOption === -1 ? [] : args.slice(firstOption);

function checkSuite() {
  const checks = runChecks();
  const count = (state) => checks.filter((check) => check.state === state).length;
  const reasons = checks.filter((check) => check.reason).map((check) => `${check.name}: ${check.reason}`);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), reasons };
}

// A suite that cannot start is one failure, and the others still run.
async function suite(name) {
  console.log(`\n== ${name}`);
  try {
    return await (name === 'check' ? checkSuite() : runSuite(name, filters));
  } catch (error) {
    const fault = error instanceof SetupError ? error.message : String(error.stack);
    return { passed: 0, failed: 1, skipped: 0, reasons: [], fault };
  }
}

async function main() {
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new SetupError(`There is no suite "${unknown[0]}": choose ${names.join(', ')}.`);
  await ensurePackages();
  await ensureEngine('release');
  await ensureBuild();

  const results = [];
  for (const name of chosen.length > 0 ? chosen : usual) results.push([name, await suite(name)]);

  const reasons = new Map();
  for (const reason of results.flatMap(([, result]) => result.reasons)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  console.log('');
  for (const [reason, count] of reasons) console.log(`${count} skipped: ${reason}`);
  const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;
  for (const [name, result] of results) {
    console.log(`${name}: ${line(result)}${result.fault ? ` (${result.fault})` : ''}`);
  }
  const sum = (key) => results.reduce((total, [, result]) => total + result[key], 0);
  const total = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
  console.log(line(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await main().catch(exitWithSentence);
