/**
 * Medians and intervals that assume no distribution: latencies and rates of a shared machine have none that one could
 * name. The interval of a median lies between two order statistics; how often such an interval holds the true median
 * follows from the binomial distribution alone and is told with it.
 */
import type { Estimate } from '../compare-result.ts';
import { median } from '../expectations/evaluate.ts';

/** Part of all cases in which the median of a population lies below the `rank`-th smallest of `count` samples. */
function tail(count: number, rank: number): number {
  let sum = 0;
  let choices = 1;
  for (let below = 0; below < rank; below++) {
    sum += choices;
    choices = (choices * (count - below)) / (below + 1);
  }
  return sum / 2 ** count;
}

/** The interval from the `rank`-th smallest to the `rank`-th largest of `count` samples. */
export const coverageOf = (count: number, rank: number): number => 1 - 2 * tail(count, rank);

/** The fewest samples whose smallest and largest enclose the median with this confidence. */
export function samplesFor(confidence: number): number {
  let count = 1;
  while (coverageOf(count, 1) < confidence) count++;
  return count;
}

/** The narrowest symmetric interval that reaches the confidence, or the widest there is. Undefined without values. */
export function estimate(values: readonly number[], confidence = 0.95): Estimate | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  let rank = 1;
  while (rank + 1 <= count / 2 && coverageOf(count, rank + 1) >= confidence) rank++;
  return {
    median: median(sorted),
    low: sorted[rank - 1] ?? NaN,
    high: sorted[count - rank] ?? NaN,
    coverage: Math.max(0, coverageOf(count, rank)),
    count,
  };
}
