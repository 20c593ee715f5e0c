/** Where a machine cannot show something the lesson says so, and what is still to be seen: each need, with a machine that lacks it. */
import { describe, expect, it } from 'vitest';
import { LessonLibrary } from '../../main/lab/lessons/lesson-library.ts';
import { unmetNeeds, type NeededFacts } from '../../main/lab/lessons/needs.ts';
import { runLesson } from '../../main/lab/lessons/run-lesson.ts';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { ScenarioLibrary } from '../../main/lab/scenario-library.ts';
import { judgeLesson } from '../../shared/lesson/judge.ts';
import { runnablesOf } from '../../shared/lesson/lesson.ts';
import { measuredRuns, type Measured } from '../../shared/lesson/measured.ts';
import { needNames } from '../../shared/lesson/parts.ts';
import { leftByNoise, remarksOf, whyNotRun } from '../../shared/lesson/unmet.ts';
import type { RunResult } from '../../shared/run-result.ts';

/** A machine that has all. */
const whole: NeededFacts = {
  whyNoIoUring: () => Promise.resolve(undefined),
  cpus: () => [0, 1],
  perf: () => Promise.resolve({ available: true }),
  hasIpv6: () => true,
};
const lacking: Readonly<Record<(typeof needNames)[number], Partial<NeededFacts>>> = {
  io_uring: { whyNoIoUring: () => Promise.resolve('io_uring is switched off here.') },
  'two-cores': { cpus: () => [0] },
  perf: { perf: () => Promise.resolve({ available: false, reason: 'perf_event_paranoid is 4.' }) },
  ipv6: { hasIpv6: () => false },
};

const library = new LessonLibrary(
  { walks: new WalkLibrary('/nowhere'), scenarios: new ScenarioLibrary('/nowhere') },
  '/nowhere',
);
const lessons = library.list().map(({ name }) => library.named(name));
const needing = (what: string) => lessons.filter(({ lesson }) => lesson.needs?.some((need) => need.what === what));

describe('what a lesson needs', () => {
  it('is there on a machine that has all of it', async () => {
    expect(await unmetNeeds(whole)).toEqual([]);
  });

  it.each(needNames)('%s: where it is missing the reason is told, and nothing else is missing', async (what) => {
    const unmet = await unmetNeeds({ ...whole, ...lacking[what] });
    expect(unmet.map((each) => each.what)).toEqual([what]);
    expect(unmet[0]?.reason).toMatch(/\.$/);
  });

  it('without io_uring: its parts are not run, with the reason and what is still to be seen, and nothing is judged', async () => {
    const unmet = await unmetNeeds({ ...whole, ...lacking.io_uring });
    expect(needing('io_uring').map(({ name }) => name)).toEqual(['done-not-ready']);
    for (const { lesson } of needing('io_uring')) {
      const never = (): never => {
        throw new Error('it was run all the same');
      };
      // The lab of a machine on which nothing of it can be run.
      const lab = { runPlan: never, switchCost: never, bench: { walkToGo: never } } as unknown as Parameters<
        typeof runLesson
      >[0];
      const { measured, notRun } = await runLesson(lab, lesson, unmet);
      expect(measured).toEqual({});
      expect(notRun.map(({ part }) => part)).toEqual(runnablesOf(lesson).map(({ name }) => name));
      for (const each of notRun) {
        expect(each.reason).toBe('io_uring is switched off here.');
        expect(each.without).toMatch(/still to be seen/);
      }
      const { claims, explanations } = judgeLesson(lesson, measured);
      expect(claims.every(({ held }) => held === null)).toBe(true);
      for (const { text } of explanations) expect(text).toMatch(/cannot be explained from what was measured/);
    }
  });

  it('with one core: everything runs, under a remark that says which figures are still the server’s own', async () => {
    const unmet = await unmetNeeds({ ...whole, ...lacking['two-cores'] });
    expect(needing('two-cores').length).toBeGreaterThanOrEqual(2);
    for (const { lesson, name } of needing('two-cores')) {
      const remarks = remarksOf(lesson, unmet);
      expect(remarks, name).toHaveLength(1);
      expect(remarks[0]?.reason).toMatch(/share the one core/);
      expect(remarks[0]?.without.length).toBeGreaterThan(40);
      for (const { name: part } of runnablesOf(lesson)) expect(whyNotRun(lesson, part, unmet)).toBeUndefined();
      expect(remarksOf(lesson, await unmetNeeds(whole))).toEqual([]);
    }
  });
});

describe('a neighbour’s noise', () => {
  const run = {
    ...{ model: 'poll', durationSeconds: 1, notices: [], errors: {}, syscallsPerRequest: null, connections: 1 },
    latency: { corrected: { count: 0 }, uncorrected: { count: 0 } },
    cpuSeconds: { user: 0, system: 0 },
    ...{ clientsAtEnd: null, serverErrors: null, coroutineSwitches: null, eagain: null, wakeups: null },
    ...{ readyEvents: null, accepts: null, syscalls: null, bytesOut: null, maxRssBytes: 0, idleRssBytes: 0 },
  } as unknown as RunResult;
  const noise = {
    ...{ seconds: 1, othersShare: 0.6, labShare: 0, stealShare: 0, runnable: 5, readyShare: null },
    ...{ pressureShare: null, throttledPeriods: null, throttledMs: null },
  };

  it('is told with the figures, and that counts are still the server’s own', () => {
    const quiet = measuredRuns([{ ...run, noise: { ...noise, othersShare: 0.01 } }], []);
    const loud = measuredRuns([{ ...run, noise }], []);
    expect(leftByNoise(quiet)).toBeUndefined();
    expect(leftByNoise(loud)).toMatch(/run it again when it is quiet.*calls and switches for a request/);
    const walk: Measured = { kind: 'walk', walk: 'w', steps: [] };
    expect(leftByNoise(walk)).toBeUndefined();
  });
});
