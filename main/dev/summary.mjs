/** What a run of suites says in its end: what failed, reasons of what was skipped, a line for each suite, and the sum. */

const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/**
 * Prints the summary of [name, result] pairs, the last line being `N passed, N failed, N skipped`, and sets the exit code.
 */
export function summarize(results) {
  const reasons = new Map();
  for (const reason of results.flatMap(([, result]) => result.reasons)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  console.log('');
  // Once more, as a thousand lines may stand between a failure and the end.
  for (const [name, { failures = [] }] of results)
    for (const failure of failures) console.log(`${name}: failed: ${failure}`);
  for (const [reason, count] of reasons) console.log(`${count} skipped: ${reason}`);
  for (const [name, result] of results) {
    console.log(`${name}: ${line(result)}${result.fault ? ` (${result.fault})` : ''}`);
  }
  const sum = (key) => results.reduce((total, [, result]) => total + result[key], 0);
  const total = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
  console.log(line(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
}
