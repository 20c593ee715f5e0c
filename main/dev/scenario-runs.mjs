/** Shipped scenarios, run by the command line to their conclusions and told as they come. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

export const scenarioNames = () =>
  readdirSync(join(root, 'shared/scenarios'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();

/** Exit code of `fdscope run` where an expectation did not hold, and where a model is not available here. */
export const unmetCode = 4;
const unavailableCode = 3;

function fdscope(commandArgs, signal) {
  const child = spawn(process.execPath, [join(root, 'main/cli/bin.mjs'), ...commandArgs], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal, killSignal: 'SIGTERM' } : {}),
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (text[name] += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)));
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

const shown = ({ text, value, unit }) =>
  `${text} = ${value === null ? '∞' : Number(value.toPrecision(3))}${unit ? ` ${unit}` : ''}`;

/** Runs one; tells each expectation with its figures as soon as it is judged. `signal` ends it before its time. */
export async function conclude(name, options = [], signal) {
  const began = performance.now();
  const { code, stdout, stderr } = await fdscope(['run', name, '--json', ...options], signal);
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
