import { describe, expect, it } from 'vitest';
import { phaseMistakes, unfoldPhases, type PhaseStart } from '../../shared/schemas/phases.ts';

const start: PhaseStart = {
  ...{ model: 'epoll-lt', connections: 10, clients: [], workUs: 0, waitMs: 0, chunks: 1 },
};
const atAnd = (phases: ReturnType<typeof unfoldPhases>): unknown[] => phases.map(({ at, ...rest }) => [at, rest]);

describe('a ramp of connections', () => {
  it('comes in even steps, and ends with what was asked for', () => {
    expect(atAnd(unfoldPhases([{ at: 1, connections: 50, ramp: 1, label: 'more' }], start))).toEqual([
      [1.25, { connections: 20, label: 'more' }],
      [1.5, { connections: 30 }],
      [1.75, { connections: 40 }],
      [2, { connections: 50 }],
    ]);
    const down = unfoldPhases([{ at: 0, connections: 8, ramp: 60 }], start);
    expect(down.map(({ connections }) => connections)).toEqual([9, 8]);
    expect(unfoldPhases([{ at: 0, connections: 10_000, ramp: 30 }], start)).toHaveLength(40);
  });

  it('lets other phases come in between, and goes back to what was before it', () => {
    const phases = [
      { at: 1, for: 2, connections: 30, waitMs: 5, ramp: 0.5 },
      { at: 1.3, workUs: 9 },
    ];
    expect(atAnd(unfoldPhases(phases, start))).toEqual([
      [1, { waitMs: 5 }],
      [1.25, { connections: 20 }],
      [1.3, { workUs: 9 }],
      [1.5, { connections: 30 }],
      [3, { connections: 10, waitMs: 0 }],
    ]);
    expect(phaseMistakes(phases, 4)).toEqual([]);
  });

  it.each([
    [[{ at: 0, ramp: 1, waitMs: 2 }], 'say which with "connections"'],
    [[{ at: 0, ramp: 4, connections: 2 }], 'the ramp would end at 4 s'],
    [[{ at: 0, ramp: 2, for: 1, connections: 2 }], 'would be cut off'],
    [
      [
        { at: 0, ramp: 2, connections: 2 },
        { at: 1, connections: 3 },
      ],
      'which lasts until 2 s',
    ],
  ])('that cannot be is told: %j', (phases, sentence) => {
    expect(
      phaseMistakes(phases, 3)
        .map(({ message }) => message)
        .join(),
    ).toContain(sentence);
  });
});
