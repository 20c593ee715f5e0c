/** Whether a series of figures grows, however it goes up and down. */

/**
 * Of figures that are a minute apart: how much the lowest of the later half is above the lowest of the earlier, a minute. Memory that is
 * filled and given back in turns is as flat as its lows; a half must be longer than such a turn.
 */
export function growthOfLows(figures: readonly number[]): number {
  const half = Math.floor(figures.length / 2);
  if (half < 1) return NaN;
  const lowOf = (part: readonly number[]): number => Math.min(...part);
  return (lowOf(figures.slice(half)) - lowOf(figures.slice(0, half))) / half;
}
