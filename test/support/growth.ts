/** Whether a series of figures grows, however it goes up and down. */
import { median } from '../../shared/expectations/evaluate.ts';

/** Of figures that are a minute apart: the median of the slopes between all pairs (Theil and Sen), which single leaps do not move. */
export function growthPerMinute(figures: readonly number[]): number {
  const slopes = figures.flatMap((from, index) =>
    figures.slice(index + 1).map((to, further) => (to - from) / (further + 1)),
  );
  return median(slopes);
}
