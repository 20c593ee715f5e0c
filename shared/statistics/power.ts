/** How many repeats tell a difference of a given size: from a short pilot, or from what was measured so far. */
import { pairsFor } from './signed-rank.ts';

/** Of normal differences the signed-rank test needs so many more pairs than the t-test (Pitman: 3/π). */
const signedRankEfficiency = 3 / Math.PI;
/** A planned comparison is to find the difference in four of five cases. */
const power = 0.8;
/** Beyond this nobody repeats, and the formula says no more than "very many". */
export const mostRepeats = 400;

/** The quantile of the standard normal distribution; share is 0 to 1. Abramowitz and Stegun 26.2.23, to 4.5e-4. */
export function normalQuantile(share: number): number {
  if (share < 0.5) return -normalQuantile(1 - share);
  const t = Math.sqrt(-2 * Math.log(1 - share));
  const over = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  const under = 1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t;
  return t - over / under;
}

/** Sample standard deviation; 0 of fewer than two. */
export function spreadOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/**
 * Pairs of runs that find a shift of `effect` in four of five cases at this level.
 * @param spread standard deviation of one pair's difference, in the unit of `effect`
 */
export function repeatsToFind(effect: number, spread: number, level: number): number {
  const quantiles = normalQuantile(1 - level / 2) + normalQuantile(power);
  const pairs = (quantiles * (spread / effect)) ** 2 / signedRankEfficiency;
  // What a small sample's own spread adds: as of a t-test, z²/2 pairs.
  const small = normalQuantile(1 - level / 2) ** 2 / 2;
  return Math.min(mostRepeats, Math.max(pairsFor(level), Math.ceil(pairs + (pairs < 30 ? small : 0))));
}
