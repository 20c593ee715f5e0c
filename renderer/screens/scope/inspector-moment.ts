/** Which moment the inspector tells of: that of the cursor, the one that was clicked, or the newest. */
import { moment } from '../../stores/format.ts';
import type { Picked } from '../../stores/selection.ts';

export interface ToldMoment {
  readonly from: 'cursor' | 'click' | 'newest';
  readonly timeNs: number;
}

export interface MomentSources {
  readonly picked: Picked;
  readonly wantsNewest: boolean;
  readonly isFollowing: boolean;
  readonly cursorNs: number | undefined;
  readonly newestNs: number;
}

export function momentToTell({ picked, wantsNewest, isFollowing, cursorNs, newestNs }: MomentSources): ToldMoment {
  // An event has a time of its own.
  if (picked.kind === 'event') return { from: 'click', timeNs: picked.timeNs };
  if (wantsNewest) return { from: 'newest', timeNs: newestNs };
  // While the picture moves, time runs past a pointer that stands still: what was clicked is what is meant.
  if (cursorNs !== undefined && !isFollowing) return { from: 'cursor', timeNs: cursorNs };
  return { from: 'click', timeNs: picked.timeNs };
}

export function eventsHeading({ from, timeNs }: ToldMoment, originNs: number): string {
  if (from === 'newest') return 'Newest events, newest first';
  return `Events around ${from === 'cursor' ? 'the cursor' : 'the click'}, ${moment(timeNs, originNs)}`;
}
