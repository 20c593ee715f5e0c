/** What a comparison of so many repeats can find, told from its first rounds. */
import type { ComparedFigure, FigurePower } from '../../../shared/compare-result.ts';
import type { ComparedSeries } from '../../../shared/statistics/differences.ts';
import { repeatsToFind, spreadOf } from '../../../shared/statistics/power.ts';

/** After so many rounds; fewer say next to nothing of a spread. */
export const pilotRounds = 4;
/** The difference that is asked about: 10 %. */
const askedEffect = Math.log(1.1);

/** How many repeats find a difference of 10 %, of each figure: of the pair that varies most. */
export function powerOf(
  figures: readonly ComparedFigure[],
  [base, ...others]: readonly ComparedSeries[],
  confidence: number,
): FigurePower[] {
  if (!base) return [];
  const level = (1 - confidence) / figures.length;
  return figures.flatMap((figure) => {
    const repeats = others.flatMap((other) => {
      const against = base.valuesOf(figure);
      const shifts = other.valuesOf(figure).flatMap((value, round) => {
        const beside = against[round] ?? null;
        return value !== null && beside !== null && value > 0 && beside > 0 ? [Math.log(value / beside)] : [];
      });
      return shifts.length >= 3 ? [repeatsToFind(askedEffect, spreadOf(shifts), level)] : [];
    });
    return repeats.length === 0 ? [] : [{ figure, repeats: Math.max(...repeats) }];
  });
}
