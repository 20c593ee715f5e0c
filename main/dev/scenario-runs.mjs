/** Shipped scenarios and lessons, run by the command line to their conclusions and told as they come. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

export const scenarioNames = () =>
  readdirSync(join(root, 'shared/scenarios'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();

export const lessonNames = () =>
  readdirSync(join(root, 'shared/lessons'))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .map((file) => file.replace(/\.md$/, ''))
    .sort();

/** Exit code of `fdscope run` and `fdscope lesson` where an expectation did not hold, and where a model is not available here. */
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

/** A scenario's expectations, with their figures in words. */
const ofScenario = (report) =>
  (report.conclusion?.expectations ?? []).map((each) => ({ ...each, figures: each.figures.map(shown) }));

/** A lesson's claims. */
const ofLesson = (report) =>
  (report.claims ?? []).map((each) => ({
    ...each,
    expect: `${each.part}: ${each.expect}`,
    figures: each.figures.map(({ text, words }) => `${text} = ${words}`),
  }));

async function concludeBy(name, command, expectationsIn, signal) {
  const began = performance.now();
  const { code, stdout, stderr } = await fdscope(command, signal);
  const seconds = Math.round((performance.now() - began) / 1000);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = {};
  }
  const expectations = expectationsIn(report);
  const held = expectations.filter((each) => each.held === true).length;
  const unmet = expectations.filter((each) => each.held === false);
  const unjudged = expectations.length - held - unmet.length;
  const wasRun = code === 0 || code === unmetCode || (code === unavailableCode && expectations.length > 0);
  console.log(`\n${name} (${seconds} s): ${wasRun ? `${held} of ${expectations.length} held` : 'could not be run'}`);
  for (const { expect, held: isHeld, figures, missing, unlike } of expectations) {
    const mark = isHeld === null ? '?' : isHeld ? '+' : '-';
    const lacks = missing.length > 0 ? `  (not measured: ${missing.join(', ')})` : unlike ? `  (${unlike})` : '';
    console.log(`  ${mark} ${expect}\n      ${figures.join('; ')}${lacks}`);
  }
  for (const { sentence, part, reason } of report.notRun ?? []) {
    console.log(`  not run: ${sentence ?? `${part}: ${reason}`}`);
  }
  if (!wasRun) console.log(`  ${stderr.trim().split('\n').at(-1)}`);
  return { name, wasRun, held, unmet: unmet.length, unjudged };
}

/** Runs one; tells each expectation with its figures as soon as it is judged. `signal` ends it before its time. */
export const conclude = (name, options = [], signal) =>
  concludeBy(name, ['run', name, '--json', ...options], ofScenario, signal);

/** The same of a lesson: all that is in it. */
export const concludeLesson = (name, options = [], signal) =>
  concludeBy(name, ['lesson', name, '--json', ...options], ofLesson, signal);
