/** From values to heights: linear from zero, or logarithmic. */

/** Sizes in bytes are round in their own unit: 1, 2, 4, 8 … 512 KiB. */
export type Roundness = 'decimal' | 'binary';

export interface ValueScale {
  readonly kind: 'linear' | 'log';
  readonly bottom: number;
  readonly top: number;
}

/** Round multiples of a power of ten, or of two. */
const tops = { decimal: [1, 1.5, 2, 3, 4, 5, 7.5, 10], binary: [1, 1.25, 1.5, 1.75, 2] } as const;
const steps = { decimal: [1, 2, 5, 10], binary: [1, 2] } as const;

function roundUp(value: number, factors: readonly number[], roundness: Roundness): number {
  const power = roundness === 'binary' ? 2 ** Math.floor(Math.log2(value)) : 10 ** Math.floor(Math.log10(value) + 1e-9);
  const factor = factors.find((each) => each * power >= value * 0.999_999) ?? factors.at(-1) ?? 1;
  return factor * power;
}

/** A round number at or above a value. */
export const niceTop = (value: number, roundness: Roundness = 'decimal'): number =>
  value > 0 && Number.isFinite(value) ? roundUp(value, tops[roundness], roundness) : 1;

/** 1, 2 or 5 times a power of ten, at or above a value; of bytes, whole ones, a power of two. */
export const niceStep = (value: number, roundness: Roundness = 'decimal'): number =>
  roundUp(roundness === 'binary' ? Math.max(1, value) : value, steps[roundness], roundness);

/**
 * The scale for values up to `highest`, and for log ones from `lowest`. The one before is kept while the values fill
 * more than a third of it, so that the picture does not jump with every peak that leaves it.
 */
export function fitScale(
  kind: ValueScale['kind'],
  lowest: number,
  highest: number,
  before: ValueScale | undefined,
  roundness: Roundness = 'decimal',
): ValueScale {
  if (kind === 'linear') {
    const fits = before !== undefined && highest <= before.top && highest > before.top / 3;
    return fits ? before : { kind, bottom: 0, top: niceTop(highest, roundness) };
  }
  const decade = (value: number, round: (x: number) => number): number => 10 ** round(Math.log10(value));
  if (!(lowest > 0) || !(highest > 0)) return before ?? { kind, bottom: 1, top: 10 };
  const bottom = decade(lowest, Math.floor);
  return { kind, bottom, top: Math.max(bottom * 10, decade(highest * 1.02, Math.ceil)) };
}

/**
 * The scale of a track from picture to picture. While its window moves on by itself the scale before is kept where it
 * fits; of a picture that is held every window has one scale, whatever was looked at before it.
 */
export class FittedScale {
  value: ValueScale | undefined;
  #ofMoving: ValueScale | undefined;

  fit(
    kind: ValueScale['kind'],
    [lowest, highest]: readonly [number, number],
    isMoving: boolean,
    roundness?: Roundness,
  ): ValueScale {
    this.value = fitScale(kind, lowest, highest, this.#ofMoving, roundness);
    if (isMoving) this.#ofMoving = this.value;
    return this.value;
  }
}

/** Height above the floor, as a share of the whole; below 0 and above 1 outside the scale. */
export function shareOf(scale: ValueScale, value: number): number {
  if (scale.kind === 'linear') return (value - scale.bottom) / (scale.top - scale.bottom);
  if (value <= 0) return 0;
  return Math.log(value / scale.bottom) / Math.log(scale.top / scale.bottom);
}

/** Values for grid lines: a few round ones, without the floor of a linear scale. */
export function gridValues(scale: ValueScale, most: number, roundness: Roundness = 'decimal'): number[] {
  if (most < 1) return [];
  if (scale.kind === 'linear') {
    const step = niceStep(scale.top / most, roundness);
    const count = Math.floor(scale.top / step + 1e-9);
    return Array.from({ length: count }, (_, i) => Number(((i + 1) * step).toPrecision(12)));
  }
  const decades = Math.round(Math.log10(scale.top / scale.bottom));
  const every = Math.max(1, Math.ceil(decades / most));
  const values: number[] = [];
  for (let i = every; i <= decades; i += every) values.push(scale.bottom * 10 ** i);
  return values;
}
