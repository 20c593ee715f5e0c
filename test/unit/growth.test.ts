/** What the memory of a long run is judged by, on series as they were measured. */
import { describe, expect, it } from 'vitest';
import { growthOfLows } from '../support/growth.ts';

describe('lows of a series', () => {
  it('that fills and is given back in turns grow little', () => {
    // MiB alive in the page's heap, minutes 13 to 30 of a run at the level events.
    const turns = [
      ...[250.7, 271.5, 305, 318.9, 232.2, 249.3, 265.9, 279.2, 290.6],
      ...[301.1, 315.4, 328.2, 243.9, 262.9, 272.4, 285.9, 303.4, 317.7],
    ];
    expect(growthOfLows(turns)).toBeCloseTo(1.3, 1);
  });

  it('that only grows are seen to', () => {
    expect(growthOfLows(Array.from({ length: 18 }, (_, minute) => 100 + 15 * minute))).toBeCloseTo(15);
  });

  it('of no series are no growth that could pass for one', () => {
    expect(growthOfLows([1])).toBeNaN();
  });
});
