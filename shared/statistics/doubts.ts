/** Which points of a sweep cannot be told apart, so that nobody reads a trend or an order into chance. */
import type { Estimate } from '../compare-result.ts';
import { sweptFigures, type PointDoubt, type SweepPoint, type SweptFigure } from '../sweep-result.ts';

/** Values that all runs agree on are one and the same, and no doubt. */
const overlap = (a: Estimate, b: Estimate): boolean =>
  a.low <= b.high && b.low <= a.high && !(a.low === a.high && b.low === b.high && a.low === b.low);

type Point = Pick<SweepPoint, 'value' | 'label' | 'figures'>;

function doubtOf(figure: SweptFigure, point: Point, points: readonly Point[]): PointDoubt | undefined {
  const own = point.figures?.[figure];
  if (!own || own.count < 2) return undefined;
  const isLike = (other: Point): boolean => {
    const estimate = other.figures?.[figure];
    return estimate !== null && estimate !== undefined && estimate.count > 1 && overlap(own, estimate);
  };
  const before = points
    .filter(({ label, value }) => label === point.label && value < point.value)
    .reduce<Point | undefined>((last, each) => (last && last.value > each.value ? last : each), undefined);
  const beside = points.filter(({ label, value }) => value === point.value && label !== point.label);
  const doubt = {
    before: before !== undefined && isLike(before),
    others: beside.filter(isLike).map(({ label }) => label),
  };
  return doubt.before || doubt.others.length > 0 ? doubt : undefined;
}

/** By figure; only those of which there is a doubt. */
export function doubtsOf(point: Point, points: readonly Point[]): Partial<Record<SweptFigure, PointDoubt>> {
  return Object.fromEntries(
    sweptFigures.flatMap((figure) => {
      const doubt = doubtOf(figure, point, points);
      return doubt ? [[figure, doubt]] : [];
    }),
  );
}
