/**
 * Wilcoxon's signed-rank test, exact, and the interval of Hodges and Lehmann that goes with it. What it assumes holds by
 * how runs are made: the order within a round is drawn at random, so that where two servers do not differ, a difference
 * of their runs is as likely as the same one with the other sign. No distribution is assumed.
 */
import type { Estimate } from '../compare-result.ts';

/** Ranks of |values|, ascending, ties sharing the mean of theirs; doubled, so that they are whole. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ size: Math.abs(value), index })).sort((a, b) => a.size - b.size);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]?.size === order[from]?.size) to++;
    for (let i = from; i <= to; i++) ranks[order[i]?.index ?? 0] = from + to + 2;
    from = to + 1;
  }
  return ranks;
}

/** How likely each sum is where every rank counts or not with the same chance; the index is the sum. */
function sumsOf(ranks: readonly number[]): Float64Array {
  const chances = new Float64Array(ranks.reduce((sum, rank) => sum + rank, 0) + 1);
  chances[0] = 1;
  let highest = 0;
  for (const rank of ranks) {
    highest += rank;
    for (let sum = highest; sum >= 0; sum--) {
      chances[sum] = ((chances[sum] ?? 0) + (sum >= rank ? (chances[sum - rank] ?? 0) : 0)) / 2;
    }
  }
  return chances;
}

/**
 * How often, where nothing differs, differences would lie as far to one side as these do; both sides count. 1 where all
 * are 0 or there are none.
 */
export function signedRankP(differences: readonly number[]): number {
  const told = differences.filter((difference) => difference !== 0);
  if (told.length === 0) return 1;
  const ranks = doubledRanks(told);
  const sumWhere = (isCounted: (value: number) => boolean): number =>
    ranks.reduce((sum, rank, i) => sum + (isCounted(told[i] ?? 0) ? rank : 0), 0);
  const lesser = Math.min(
    sumWhere((value) => value > 0),
    sumWhere((value) => value < 0),
  );
  const tail = sumsOf(ranks)
    .subarray(0, lesser + 1)
    .reduce((sum, chance) => sum + chance, 0);
  return Math.min(1, 2 * tail);
}

/** The fewest pairs that can be called a difference at this level, were they all on one side. */
export const pairsFor = (level: number): number => Math.ceil(Math.log2(2 / level));

/**
 * The middle of all means of two differences, and the interval of those that the test does not refuse at `level`; where
 * there are too few for that, the widest there is, with its lower coverage. Undefined without values.
 */
export function shiftOf(differences: readonly number[], level: number): Estimate | undefined {
  const count = differences.length;
  if (count === 0) return undefined;
  const means = differences.flatMap((a, i) => differences.slice(i).map((b) => (a + b) / 2)).sort((a, b) => a - b);
  const chances = sumsOf(Array.from({ length: count }, (_, i) => i + 1));
  let cut = 0;
  let tail = chances[0] ?? 1;
  while (cut + 1 < means.length / 2 && 2 * (tail + (chances[cut + 1] ?? 0)) <= level) {
    cut++;
    tail += chances[cut] ?? 0;
  }
  const middle = means.length / 2;
  const upper = means[Math.floor(middle)] ?? NaN;
  return {
    median: means.length % 2 === 1 ? upper : ((means[middle - 1] ?? NaN) + upper) / 2,
    low: means[cut] ?? NaN,
    high: means[means.length - 1 - cut] ?? NaN,
    coverage: Math.max(0, 1 - 2 * tail),
    count,
  };
}

/**
 * Holm's procedure: of several tests, each at such a level that all of them together claim a difference where there is
 * none in at most `level` of all cases.
 * @returns beside each p the level that it was held against, and whether it is refused there
 */
export function holm(ps: readonly number[], level: number): { readonly level: number; readonly isRefused: boolean }[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const found = new Array<{ level: number; isRefused: boolean }>(ps.length);
  let stopped: number | undefined;
  for (const [step, { p, index }] of order.entries()) {
    const own = stopped ?? level / (ps.length - step);
    if (stopped === undefined && p > own) stopped = own;
    found[index] = { level: own, isRefused: stopped === undefined };
  }
  return found;
}
