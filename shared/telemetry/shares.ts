/** Sums over fdShares frames: spans put together, and the figures of a window. */
import type { FdShares } from './frames.ts';
import { shareNames, type ShareName } from './wire.ts';

export const shareCount = shareNames.length;
export const shareIndex = Object.fromEntries(shareNames.map((name, i) => [name, i])) as Record<ShareName, number>;

/** Nanoseconds of one socket's state. */
export const shareOf = (frame: FdShares, row: number, state: ShareName): number =>
  frame.ns[row * shareCount + shareIndex[state]] ?? 0;

/** How long the socket was open within the span. */
export function openNs(frame: FdShares, row: number): number {
  let sum = 0;
  for (let state = 0; state < shareCount; state++) sum += frame.ns[row * shareCount + state] ?? 0;
  return sum;
}
