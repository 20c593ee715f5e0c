/** From values to heights: linear from zero, or logarithmic. */

export interface ValueScale {
  readonly kind: 'linear' | 'log';
  readonly bottom: number;
  readonly top: number;
}

/** 1, 2, 2.5 or 5 times a power of ten, at or above a value. */
export function niceTop(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.5, 2, 3, 4, 5, 7.5, 10].find((f) => f * power >= value * 0.999_999) ?? 10;
  return factor * power;
}

/**
 * The scale for values up to `highest`, and for log ones from `lowest`. The one before is kept while the values fill
 * more than a third of it, so that the picture does not jump with every peak that leaves it.
 */
export function fitScale(
  kind: ValueScale['kind'],
  lowest: number,
  highest: number,
  before: ValueScale | undefined,
): ValueScale {
  if (kind === 'linear') {
    const fits = before !== undefined && highest <= before.top && highest > before.top / 3;
    return fits ? before : { kind, bottom: 0, top: niceTop(highest) };
  }
  const decade = (value: number, round: (x: number) => number): number => 10 ** round(Math.log10(value));
  if (!(lowest > 0) || !(highest > 0)) return before ?? { kind, bottom: 1, top: 10 };
  const bottom = decade(lowest, Math.floor);
  return { kind, bottom, top: Math.max(bottom * 10, decade(highest * 1.02, Math.ceil)) };
}

/** Height above the floor, as a share of the whole; below 0 and above 1 outside the scale. */
export function shareOf(scale: ValueScale, value: number): number {
  if (scale.kind === 'linear') return (value - scale.bottom) / (scale.top - scale.bottom);
  if (value <= 0) return 0;
  return Math.log(value / scale.bottom) / Math.log(scale.top / scale.bottom);
}

/** Values for grid lines: a few round ones, without the floor of a linear scale. */
export function gridValues(scale: ValueScale, most: number): number[] {
  if (most < 1) return [];
  if (scale.kind === 'linear') {
    // Parts of 1.5, 3 and 7.5 are round in threes, those of the others in fours or fives.
    const first = Number((scale.top / 10 ** Math.floor(Math.log10(scale.top))).toFixed(1));
    const parts = [1.5, 3, 7.5].includes(first) ? [3, 1] : first === 5 ? [5, 1] : [4, 2, 1];
    const count = parts.find((part) => part <= most) ?? 1;
    return Array.from({ length: count }, (_, i) => (scale.top * (i + 1)) / count);
  }
  const decades = Math.round(Math.log10(scale.top / scale.bottom));
  const every = Math.max(1, Math.ceil(decades / most));
  const values: number[] = [];
  for (let i = every; i <= decades; i += every) values.push(scale.bottom * 10 ** i);
  return values;
}
