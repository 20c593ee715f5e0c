// `npm run scenarios`: runs every shipped scenario to its conclusion; `npm run scenarios -- slowloris six-steps` only those
// named. What starts with a dash goes to `fdscope run`: `npm run scenarios -- --repeats 3`.
// Exit code 0: all expectations that could be judged held; 4: one did not; 1: a scenario could not be run.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild, ensureEngine, ensurePackages, exitWithSentence, root, SetupError } from './setup.mjs';

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const wanted = firstOption === -1 ? args : args.slice(0, firstOption);
const options = firstOption === -1 ? [] : args.slice(firstOption);

/** Exit code of `fdscope run` where an expectation did not hold, and where a model is not available here. */
const unmetCode = 4;
const unavailableCode = 3;

function fdscope(...commandArgs) {
  const child = spawn(process.execPath, [join(root, 'main/cli/bin.mjs'), ...commandArgs], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (text[name] += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

const shown = ({ text, value, unit }) =>
  `${text} = ${value === null ? '∞' : Number(value.toPrecision(3))}${unit ? ` ${unit}` : ''}`;

/** Runs one; tells each expectation with its figures as soon as it is judged. */
async function conclude(name) {
  const began = performance.now();
  const { code, stdout, stderr } = await fdscope('run', name, '--json', ...options);
  const seconds = Math.round((performance.now() - began) / 1000);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = {};
  }
  const expectations = report.conclusion?.expectations ?? [];
  const held = expectations.filter((each) => each.held === true).length;
  const unmet = expectations.filter((each) => each.held === false);
  const unjudged = expectations.length - held - unmet.length;
  const wasRun = code === 0 || code === unmetCode || (code === unavailableCode && expectations.length > 0);
  console.log(`\n${name} (${seconds} s): ${wasRun ? `${held} of ${expectations.length} held` : 'could not be run'}`);
  for (const { expect, held: isHeld, figures, missing } of expectations) {
    const mark = isHeld === null ? '?' : isHeld ? '+' : '-';
    const lacks = missing.length > 0 ? `  (not measured: ${missing.join(', ')})` : '';
    console.log(`  ${mark} ${expect}\n      ${figures.map(shown).join('; ')}${lacks}`);
  }
  for (const { sentence } of report.notRun ?? []) console.log(`  not run: ${sentence}`);
  if (!wasRun) console.log(`  ${stderr.trim().split('\n').at(-1)}`);
  return { name, wasRun, held, unmet: unmet.length, unjudged };
}

async function main() {
  const names = readdirSync(join(root, 'shared/scenarios'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new SetupError(`There is no scenario "${unknown}": choose ${names.join(', ')}.`);
  await ensurePackages();
  await ensureEngine('release');
  await ensureBuild();
  const results = [];
  for (const name of wanted.length > 0 ? wanted : names) results.push(await conclude(name));
  const sum = (key) => results.reduce((total, each) => total + Number(each[key]), 0);
  const broken = results.filter(({ wasRun }) => !wasRun);
  console.log(
    `\n${results.length} scenarios: ${sum('held')} expectations held, ${sum('unmet')} did not, ${sum('unjudged')} could not be judged, ${broken.length} scenarios could not be run`,
  );
  process.exitCode = broken.length > 0 ? 1 : sum('unmet') > 0 ? unmetCode : 0;
}

await main().catch(exitWithSentence);
