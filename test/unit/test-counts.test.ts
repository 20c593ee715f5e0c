/** What `npm test` counts, and what a second look at files that failed may change in it. */
import { describe, expect, it } from 'vitest';
import { countsOf, failedFiles, passedNow, withSecondRun } from '../../main/dev/counts.mjs';

type Status = 'passed' | 'failed' | 'pending' | 'skipped' | 'todo';
const file = (name: string, tests: Record<string, Status>, status = 'passed') => ({
  name,
  status: Object.values(tests).includes('failed') ? 'failed' : status,
  assertionResults: Object.entries(tests).map(([fullName, state]) => ({ fullName, status: state })),
});
const report = (...testResults: ReturnType<typeof file>[]) => ({ testResults });

const first = report(
  file('a', { one: 'passed', two: 'failed', three: 'failed' }),
  file('b', { one: 'passed', two: 'skipped' }),
  file('c', {}, 'failed'),
  file('d', { one: 'pending' }),
);

describe('the counts of a run', () => {
  it('have a file that did not load, and a test without a verdict, among the failures', () => {
    expect(countsOf(first)).toMatchObject({ passed: 2, failed: 4, skipped: 1 });
    expect(countsOf(undefined)).toMatchObject({ passed: 0, failed: 1, fault: 'vitest left no report' });
  });

  it('name what failed, with the first line of what it says', () => {
    const told = {
      name: 'test/a.test.ts',
      status: 'failed',
      assertionResults: [
        { fullName: 'a b', status: 'failed', failureMessages: ['Error: 1 is not 2\n    at somewhere'] },
        { fullName: 'a c', status: 'pending' },
        { fullName: 'a d', status: 'passed' },
      ],
    };
    const unloaded = { ...file('test/c.test.ts', {}, 'failed'), message: 'no such module' };
    const ending = file('test/d.test.ts', { one: 'passed' }, 'failed');
    expect(countsOf({ testResults: [told, unloaded, { ...ending, status: 'failed' }] }).failures).toEqual([
      'test/a.test.ts: a b: Error: 1 is not 2',
      'test/a.test.ts: a c',
      'test/c.test.ts: did not load: no such module',
      'test/d.test.ts: outside its tests',
    ]);
  });

  it('name the files that want a second look', () => {
    expect(failedFiles(first)).toEqual(['a', 'c', 'd']);
  });

  it('are those of the second look for the files it saw, and no others', () => {
    const second = report(
      file('a', { one: 'passed', two: 'passed', three: 'failed' }),
      file('c', { one: 'passed' }),
      file('d', { one: 'failed' }),
    );
    expect(passedNow(first, second)).toEqual(['two']);
    const both = withSecondRun(first, second);
    expect(countsOf(both)).toMatchObject({ passed: 4, failed: 2, skipped: 1 });
    expect(failedFiles(both)).toEqual(['a', 'd']);
  });

  it('stay red where the second look fails anew, also in what had passed', () => {
    const second = report(file('a', { one: 'failed', two: 'passed', three: 'passed' }));
    expect(countsOf(withSecondRun(first, second)).failed).toBe(3);
  });
});
