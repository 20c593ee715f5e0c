/** Slices of a trace, however it is written down, and what must hold for them. */
import { expect } from 'vitest';

export interface ReadSlice {
  readonly track: string;
  readonly name: string;
  readonly category: string;
  readonly fromNs: number;
  readonly toNs: number;
  readonly args: Readonly<Record<string, number | string>>;
}

/** On each track, of two slices one holds the other or they do not meet. */
export function expectNested(slices: readonly ReadSlice[]): void {
  const tracks = new Map<string, ReadSlice[]>();
  for (const slice of slices) tracks.set(slice.track, [...(tracks.get(slice.track) ?? []), slice]);
  const crossing: string[] = [];
  for (const [track, own] of tracks) {
    const open: ReadSlice[] = [];
    for (const slice of own.sort((a, b) => a.fromNs - b.fromNs || b.toNs - a.toNs)) {
      while ((open.at(-1)?.toNs ?? Infinity) <= slice.fromNs) open.pop();
      const outer = open.at(-1);
      if (outer && outer.toNs < slice.toNs) {
        crossing.push(
          `${track}: ${outer.name} ${outer.fromNs}–${outer.toNs}, ${slice.name} ${slice.fromNs}–${slice.toNs}`,
        );
      }
      open.push(slice);
    }
  }
  expect(crossing.slice(0, 5)).toEqual([]);
}

export function countByName(slices: readonly ReadSlice[], category: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of slices.filter((slice) => slice.category === category)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export const totalNs = (slices: readonly ReadSlice[]): number =>
  slices.reduce((sum, { fromNs, toNs }) => sum + toNs - fromNs, 0);
