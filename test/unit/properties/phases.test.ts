/** Phases: at every moment a run has the settings that its phases, read as people write them, give it. */
import './runs.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phaseMistakes, unfoldPhases, type PhaseStart } from '../../../shared/schemas/phases.ts';
import type { Phase } from '../../../shared/schemas/settings.ts';

const start: PhaseStart = {
  ...{ model: 'epoll-lt', connections: 50, clients: [{ profile: 'closed' }] },
  ...{ workUs: 1, waitMs: 2, chunks: 3 },
};
const keys = ['workUs', 'waitMs', 'chunks', 'connections'] as const;
const durationSeconds = 60;
/** Quarters of a second, so that sums are exact. */
const quarters = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most * 4 }).map((n) => n / 4);

const phase: fc.Arbitrary<Phase> = fc.record(
  {
    ...{ at: quarters(50), for: quarters(8), workUs: fc.nat(1000), waitMs: fc.nat(1000) },
    ...{ chunks: fc.integer({ min: 1, max: 9 }), connections: fc.integer({ min: 1, max: 200 }) },
  },
  { requiredKeys: ['at'] },
);

/** In their order, and only those that leave the list without a mistake. */
const phases = fc.array(phase, { maxLength: 8 }).map((all) =>
  all
    .sort((a, b) => a.at - b.at)
    .reduce<Phase[]>((kept, each) => {
      const longer = [...kept, each];
      return phaseMistakes(longer, durationSeconds).length === 0 ? longer : kept;
    }, []),
);

/** The value of a setting at a moment, as the phases are written. */
function valueAt(key: (typeof keys)[number], all: readonly Phase[], seconds: number): unknown {
  let now: unknown = start[key];
  for (const each of all) {
    if (each.at > seconds || each[key] === undefined) continue;
    if (each.for === undefined || seconds < each.at + each.for) now = each[key];
  }
  return now;
}

describe('phases', () => {
  it('unfold into moments in order, after which every setting is what it should be, and temporary ones end', () => {
    fc.assert(
      fc.property(phases, (all) => {
        const moments = unfoldPhases(all, start);
        expect(moments.map(({ at }) => at)).toEqual(moments.map(({ at }) => at).toSorted((a, b) => a - b));
        const now: Record<string, unknown> = { ...start };
        moments.forEach((moment, i) => {
          expect(moment).not.toHaveProperty('for');
          for (const key of keys) if (moment[key] !== undefined) now[key] = moment[key];
          const next = moments[i + 1]?.at ?? durationSeconds;
          if (next === moment.at) return;
          for (const key of keys) expect(now[key], `${key} at ${moment.at}`).toBe(valueAt(key, all, moment.at));
        });
      }),
    );
  });

  it('ramp in steps that lead evenly to where they should, and never beyond', () => {
    fc.assert(
      fc.property(quarters(10), quarters(20), fc.integer({ min: 1, max: 300 }), (at, ramp, connections) => {
        const moments = unfoldPhases([{ at, ramp, connections }], start);
        const steps = moments.map((moment) => moment.connections ?? NaN);
        const direction = Math.sign(connections - start.connections);
        expect(steps.at(-1)).toBe(connections);
        expect(moments.at(-1)?.at).toBeCloseTo(at + ramp, 3);
        [start.connections, ...steps].reduce((before, step) => {
          expect(Math.sign(step - before) * direction).toBeGreaterThanOrEqual(0);
          return step;
        });
        for (const moment of moments) {
          expect(moment.at).toBeGreaterThan(at);
          expect(moment.at).toBeLessThanOrEqual(at + ramp + 0.001);
        }
      }),
    );
  });
});
