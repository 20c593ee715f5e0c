/** A scale to predict on: its places from 0 to 1, in steps that keys can take. */
import { isLogScale, type Estimate } from '../../../shared/lesson/parts.ts';

export type Scale = Pick<Estimate, 'from' | 'to' | 'log'>;

/** Steps from one end to the other. */
export const scaleSteps = 100;

/** Two digits say as much as a guess does. */
const rounded = (value: number): number => Number(value.toPrecision(2));

export function valueAt(scale: Scale, share: number): number {
  const at = Math.min(1, Math.max(0, share));
  const { from, to } = scale;
  if (at === 0) return from;
  if (at === 1) return to;
  return rounded(isLogScale(scale) ? from * (to / from) ** at : from + (to - from) * at);
}

/** Clamped to the scale: what lies beyond is at its end. */
export function shareOf(scale: Scale, value: number): number {
  const { from, to } = scale;
  const within = Math.min(to, Math.max(from, value));
  return isLogScale(scale) ? Math.log(within / from) / Math.log(to / from) : (within - from) / (to - from);
}

/** Ends, and what is round between them. */
export function ticksOf(scale: Scale): number[] {
  const { from, to } = scale;
  if (isLogScale(scale)) {
    const first = Math.ceil(Math.log10(from) - 1e-9);
    const last = Math.floor(Math.log10(to) + 1e-9);
    const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
    return [...new Set([from, ...powers, to])].sort((a, b) => a - b);
  }
  return Array.from({ length: 5 }, (_, i) => from + ((to - from) * i) / 4);
}
