/** What measured figures say of a lesson: claims, predictions, explanations; what was not measured is never 0. */
import { describe, expect, it } from 'vitest';
import { figureWords } from '../../shared/lesson/figure-words.ts';
import { isRight, judgeLesson, LessonJudge } from '../../shared/lesson/judge.ts';
import { askedIn, parseLesson, runnablesOf } from '../../shared/lesson/lesson.ts';
import type { Measured, MeasuredParts, MeasuredRun } from '../../shared/lesson/measured.ts';

const text = `---
version: 1
title: T
chapter: 1
order: 1
minutes: 5
question: Q?
---

\`\`\`choose which
ask: Which is dearer?
choices:
  - text: poll
    when: cpuPerRequest(poll, "many") > cpuPerRequest(epoll-lt, "many")
  - text: epoll
    when: cpuPerRequest(poll, "many") <= cpuPerRequest(epoll-lt, "many")
\`\`\`

\`\`\`estimate times
ask: How many times?
measured: cpuPerRequest(poll, "many") / cpuPerRequest(epoll-lt, "many")
from: 1
to: 100
\`\`\`

\`\`\`draw curve
ask: Draw it.
of: both
figure: cpuPerRequest
model: poll
from: 1
to: 1000
\`\`\`

\`\`\`run both
models: [poll, epoll-lt]
clients:
  - profile: closed
variants:
  - label: few
  - label: many
show: [cpuPerRequest]
expectations:
  - expect: cpuPerRequest(poll, "many") > 2 * cpuPerRequest(epoll-lt, "many")
    because: It took {{ cpuPerRequest(poll, "many") }}.
    otherwise: It took only {{ cpuPerRequest(poll, "many") }}.
\`\`\`

\`\`\`explain
- when: cpuPerRequest(poll, "many") > cpuPerRequest(epoll-lt, "many")
  text: poll took {{ cpuPerRequest(poll, "many") / cpuPerRequest(epoll-lt, "many") }} times {{ cpuPerRequest(epoll-lt, "many") }}.
- text: poll was cheaper, at {{ cpuPerRequest(poll, "many") }}.
\`\`\`

\`\`\`try other
of: both
title: Other
change: { connections: 5 }
says: Now {{ hits(poll, "read what has arrived", other) }} and {{ calls(poll, poll, other) }}.
\`\`\`
`;

const lesson = parseLesson(text, 'a.md');

const runOf = (label: string, variant: string | undefined, cpuPerRequest: number): MeasuredRun => ({
  ...{ label, model: label, figures: { cpuPerRequest }, calls: { poll: 1234 }, notices: [] },
  ...(variant === undefined ? {} : { variant }),
  hits: [{ line: 9, label: 'read what has arrived', perSecond: 48_120.4 }],
});
const measuredOf = (...runs: MeasuredRun[]): Measured => ({ kind: 'run', runs, notRun: [] });
const whole: MeasuredParts = {
  both: measuredOf(
    runOf('poll', 'few', 10),
    runOf('poll', 'many', 178.6),
    runOf('epoll-lt', 'few', 9),
    runOf('epoll-lt', 'many', 7),
  ),
  other: measuredOf(runOf('poll', undefined, 8)),
};

describe('a lesson that was measured', () => {
  it('has claims with their figures, and a reason made of them', () => {
    const { claims } = judgeLesson(lesson, whole);
    expect(claims).toEqual([
      {
        ...{ part: 'both', held: true, missing: [], because: 'It took 179 µs.' },
        expect: 'cpuPerRequest(poll, "many") > 2 * cpuPerRequest(epoll-lt, "many")',
        figures: [
          { text: 'cpuPerRequest(poll, "many")', value: 178.6, words: '179 µs' },
          { text: 'cpuPerRequest(epoll-lt, "many")', value: 7, words: '7 µs' },
        ],
      },
    ]);
    const cheap = { ...whole, both: measuredOf(runOf('poll', 'many', 8), runOf('epoll-lt', 'many', 7)) };
    expect(judgeLesson(lesson, cheap).claims[0]).toMatchObject({ held: false, because: 'It took only 8 µs.' });
  });

  it('is explained by the case that the figures bear out', () => {
    expect(judgeLesson(lesson, whole).explanations[0]?.text).toBe('poll took 25.5 times 7 µs.');
    const cheap = { both: measuredOf(runOf('poll', 'many', 5), runOf('epoll-lt', 'many', 7)) };
    expect(judgeLesson(lesson, cheap).explanations[0]?.text).toBe('poll was cheaper, at 5 µs.');
  });

  it('says which figure is missing, and never 0 in its place', () => {
    const part = { both: measuredOf(runOf('poll', 'many', 178)) };
    const { claims, explanations } = judgeLesson(lesson, part);
    expect(claims[0]).toMatchObject({ held: null, missing: ['cpuPerRequest(epoll-lt, "many")'] });
    expect(explanations[0]?.text).toMatch(
      /^This cannot be explained .*cpuPerRequest\(epoll-lt, "many"\) is missing\.$/,
    );
    const judged = new LessonJudge(lesson, {});
    for (const expression of ['cpuPerRequest(poll)', '2 * cpuPerRequest(poll)', 'calls(poll, poll, other)']) {
      expect(judged.number(expression)).toMatchObject({ value: undefined, words: '(not measured)' });
    }
  });

  it('tells hits and calls a second, and of a call that was not made 0', () => {
    const judged = new LessonJudge(lesson, whole);
    const change = runnablesOf(lesson).find(({ kind }) => kind === 'try');
    if (change?.kind !== 'try') throw new Error('there is a change');
    expect(judged.plain(change.says)).toBe('Now 48,120 a second and 1,234 a second.');
    expect(judged.number('calls(poll, epoll_wait, other)').value).toBe(0);
  });
});

describe('a prediction', () => {
  const judged = new LessonJudge(lesson, whole);
  const [which, times, curve] = askedIn(lesson);
  if (!which || !times || !curve) throw new Error('three things are asked');

  it('by choice is right where the figures bear that choice out', () => {
    const outcome = judged.outcomeOf(which);
    expect(outcome).toEqual({ kind: 'choose', right: [true, false] });
    expect([isRight(which, 0, outcome), isRight(which, 1, outcome)]).toEqual([true, false]);
    expect(isRight(which, 0, new LessonJudge(lesson, {}).outcomeOf(which))).toBeUndefined();
  });

  it('by a number is right within a factor on a logarithmic scale', () => {
    const outcome = judged.outcomeOf(times);
    expect(outcome).toMatchObject({ kind: 'estimate', words: '25.5' });
    expect([12, 13, 50, 52].map((answer) => isRight(times, answer, outcome))).toEqual([false, true, true, false]);
  });

  it('by drawing is right where most of its points are', () => {
    const outcome = judged.outcomeOf(curve);
    expect(outcome).toMatchObject({
      points: [
        { label: 'few', measured: 10, words: '10 µs' },
        { label: 'many', measured: 178.6, words: '179 µs' },
      ],
    });
    expect(isRight(curve, [9, 200], outcome)).toBe(true);
    expect(isRight(curve, [9, 2], outcome)).toBe(false);
    // A point that was not drawn is -1.
    expect(isRight(curve, [-1, 200], outcome)).toBe(false);
  });
});

describe('a figure in words', () => {
  it.each([
    [26.04, '', '26'],
    [1820, 'µs', '1.82 ms'],
    [0.5, 'ns', '0.5 ns'],
    [13_900_000, 'bytes', '13.3 MiB'],
    [48_123, '/s', '48,120 a second'],
    [0, 'µs', '0 µs'],
  ])('%d %s is %s', (value, unit, words) => {
    expect(figureWords(value, unit)).toBe(words);
  });
});
