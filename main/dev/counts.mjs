/** What vitest's JSON reports say: counts, and what a second look at files that failed changes in them. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** The report in a file, or undefined where vitest left none. */
export const reportIn = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

const isBroken = (test) => test.status === 'failed' || test.status === 'pending';
// A file that fails to load has no tests that could fail in its place.
const isUnloadable = (file) =>
  file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed');

/** Paths of the files of which something failed, or never came to a verdict. */
export const failedFiles = (report) =>
  report.testResults
    .filter((file) => isUnloadable(file) || file.assertionResults.some(isBroken))
    .map((file) => file.name);

/** The report with what a second run says of the files that it ran. */
export function withSecondRun(report, second) {
  const looked = new Map(second.testResults.map((file) => [file.name, file]));
  return { ...report, testResults: report.testResults.map((file) => looked.get(file.name) ?? file) };
}

/** Full names of the tests that fail in one report and pass in another of the same files. */
export function passedNow(report, second) {
  const passed = new Set(
    second.testResults.flatMap((file) =>
      file.assertionResults.filter((test) => test.status === 'passed').map((test) => `${file.name} ${test.fullName}`),
    ),
  );
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => isBroken(test) && passed.has(`${file.name} ${test.fullName}`))
      .map((test) => test.fullName),
  );
}

function skipReason(test) {
  const text = test.meta?.skipReason ?? /skipped:? (.+)$/i.exec(test.fullName)?.[1]?.replace(/[)\]]$/, '');
  return text ?? `no reason given (${test.fullName})`;
}

const firstLine = (text = '') => text.split('\n', 1)[0] ?? '';

/** What of a file failed, a line each: file, test, and the first line of what it says. */
function failuresIn(file) {
  const broken = file.assertionResults.filter(isBroken);
  const of = (what, message) => `${relative('', file.name)}: ${what}${message ? `: ${message}` : ''}`;
  // vitest says why a file did not load, and nothing of what failed before or after its tests.
  if (isUnloadable(file)) return [of(file.message ? 'did not load' : 'outside its tests', firstLine(file.message))];
  return broken.map((test) => of(test.fullName, firstLine(test.failureMessages?.[0])));
}

/** Counts of one report; a test or file that ended without a verdict counts as failed. */
export function countsOf(report) {
  if (!report) return { passed: 0, failed: 1, skipped: 0, reasons: [], failures: [], fault: 'vitest left no report' };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const skipped = tests.filter((test) => ['skipped', 'todo', 'disabled'].includes(test.status));
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: tests.filter(isBroken).length + report.testResults.filter(isUnloadable).length,
    skipped: skipped.length,
    reasons: skipped.map(skipReason),
    failures: report.testResults.flatMap(failuresIn),
  };
}
