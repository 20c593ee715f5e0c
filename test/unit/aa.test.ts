/**
 * What a comparison claims where nothing differs, and what it finds where something does: simulated on runs that were
 * really made (`recorded-runs.json` says how), with fixed seeds.
 */
import { describe, expect, it } from 'vitest';
import { comparedFigures, type ComparedFigure, type Difference } from '../../shared/compare-result.ts';
import { differencesOf, type ComparedSeries } from '../../shared/statistics/differences.ts';
import { seededRandom } from '../../shared/statistics/random.ts';
import recorded from './recorded-runs.json' with { type: 'json' };

type Run = Readonly<Partial<Record<ComparedFigure, number>>>;

const rounds: readonly (readonly Run[])[] = recorded.rounds.map((round) =>
  round.map((values) => Object.fromEntries(recorded.figures.map((figure, i) => [figure, values[i]])) as Run),
);

const seriesOf = (label: string, runs: readonly Run[]): ComparedSeries => ({
  ...{ label, served: undefined, connections: 20 },
  // In a closed loop the raw figures are the others.
  valuesOf: (figure) => {
    const key = figure.startsWith('raw')
      ? ((figure.charAt(3).toLowerCase() + figure.slice(4)) as ComparedFigure)
      : figure;
    return runs.map((run) => run[key] ?? null);
  },
});

/** One comparison: so many rounds in a row, as time went, from a random one on; who of the two is first by chance. */
function comparison(repeats: number, random: () => number, change: (run: Run) => Run = (run) => run): Difference[] {
  const from = Math.floor(random() * rounds.length);
  const chosen = Array.from({ length: repeats }, (_, i) => {
    const round = rounds[(from + i) % rounds.length] ?? [];
    return random() < 0.5 ? [...round].reverse() : round;
  });
  const base = chosen.map(([run]) => run ?? {});
  const entry = chosen.map(([, run]) => change(run ?? {}));
  return differencesOf(comparedFigures, seriesOf('B', entry), seriesOf('A', base), 0.95);
}

/** Two runs drawn anew for each round, of all that there are. */
function drawn(repeats: number, random: () => number): Difference[] {
  const all = rounds.flat();
  const draw = (): Run[] => Array.from({ length: repeats }, () => all[Math.floor(random() * all.length)] ?? {});
  return differencesOf(comparedFigures, seriesOf('B', draw()), seriesOf('A', draw()), 0.95);
}

const claims = (differences: readonly Difference[]): Difference[] =>
  differences.filter(({ verdict }) => verdict === 'more' || verdict === 'less');

describe('a model against itself, 200 times', () => {
  it.each([10, 20])('claims a difference in at most 5 % of all comparisons, at %i repeats', (repeats) => {
    const random = seededRandom(21);
    const inTime = Array.from({ length: 200 }, () => claims(comparison(repeats, random)).length > 0);
    const anew = Array.from({ length: 200 }, () => claims(drawn(repeats, random)).length > 0);
    expect(inTime.filter(Boolean).length).toBeLessThanOrEqual(10);
    expect(anew.filter(Boolean).length).toBeLessThanOrEqual(10);
  });

  it('would claim far more without Holm: the test can fail', () => {
    const random = seededRandom(21);
    const claimed = Array.from({ length: 200 }, () => drawn(20, random).some(({ p }) => p !== null && p <= 0.05));
    expect(claimed.filter(Boolean).length).toBeGreaterThan(20);
  });
});

describe('a planted difference', () => {
  const times =
    (figure: ComparedFigure, by: number) =>
    (run: Run): Run => ({ ...run, [figure]: (run[figure] ?? 0) * by });
  const foundIn = (figure: ComparedFigure, by: number, repeats: number): { right: number; wrong: number } => {
    const random = seededRandom(5);
    const all = Array.from({ length: 100 }, () => claims(comparison(repeats, random, times(figure, by))));
    const isRight = (each: Difference): boolean =>
      each.figure === figure && each.verdict === (by > 1 ? 'more' : 'less');
    return {
      right: all.filter((each) => each.some(isRight)).length,
      wrong: all.filter((each) => each.some((other) => !isRight(other) && !other.figure.startsWith('raw'))).length,
    };
  };

  it.each<[ComparedFigure, number, number, number]>([
    ['syscallsPerRequest', 1.2, 12, 80],
    ['memoryPerConnection', 1.6, 12, 80],
    ['cpuPerRequest', 1.5, 20, 80],
    ['p50', 0.6, 20, 80],
    ['throughput', 0.4, 20, 80],
    ['p99', 3, 20, 80],
  ])('in %s of %f times is found by %i repeats', (figure, by, repeats, least) => {
    const { right, wrong } = foundIn(figure, by, repeats);
    expect(right).toBeGreaterThanOrEqual(least);
    expect(wrong).toBeLessThanOrEqual(7);
  });

  it('that does not matter is not claimed: one page of memory, 1 % of system calls', () => {
    const random = seededRandom(9);
    const page = (run: Run): Run => ({ ...run, memoryPerConnection: (run.memoryPerConnection ?? 0) + 4096 / 20 });
    const call = (run: Run): Run => ({ ...run, syscallsPerRequest: (run.syscallsPerRequest ?? 0) * 1.01 });
    for (const change of [page, call]) {
      const claimed = Array.from({ length: 100 }, () => claims(comparison(20, random, change)).length > 0);
      expect(claimed.filter(Boolean).length).toBeLessThanOrEqual(5);
    }
  });
});
