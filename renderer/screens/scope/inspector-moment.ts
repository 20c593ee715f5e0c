/** Which moments the inspector tells of: that of the cursor or of the click, what is now, and the stretch that is shown. */
import type { TelemetryHistory } from '../../stores/history.ts';
import { moment } from '../../stores/format.ts';
import type { Picked } from '../../stores/selection.ts';
import type { TimeRange } from '../../stores/timebase.ts';

export interface ToldMoment {
  readonly from: 'cursor' | 'click';
  readonly timeNs: number;
}

/** What "now" is: the newest frame; of a picture that is held, the held moment. */
export interface ToldNow {
  readonly timeNs: number;
  readonly words: string;
}

export interface ToldStretch extends TimeRange {
  readonly words: 'selection' | 'window';
}

export interface MomentSources {
  readonly picked: Picked;
  readonly isFollowing: boolean;
  readonly cursorNs: number | undefined;
}

export function momentToTell({ picked, isFollowing, cursorNs }: MomentSources): ToldMoment {
  // An event has a time of its own.
  if (picked.kind === 'event') return { from: 'click', timeNs: picked.timeNs };
  // While the picture moves, time runs past a pointer that stands still: what was clicked is what is meant.
  if (cursorNs !== undefined && !isFollowing) return { from: 'cursor', timeNs: cursorNs };
  return { from: 'click', timeNs: picked.timeNs };
}

export const momentHeading = ({ from, timeNs }: ToldMoment, originNs: number): string =>
  `At ${moment(timeNs, originNs)}, ${from === 'cursor' ? 'the cursor' : 'where you clicked'}`;

export function nowToTell(
  { newestNs, originNs }: Pick<TelemetryHistory, 'newestNs' | 'originNs'>,
  heldNs: number | undefined,
  isGoing: boolean,
): ToldNow {
  const timeNs = Math.min(newestNs, heldNs ?? newestNs);
  const at = moment(timeNs, originNs);
  if (heldNs !== undefined) return { timeNs, words: `As of the hold, ${at}` };
  return { timeNs, words: isGoing ? `Now, ${at}` : `At the end, ${at}` };
}

/** Of what came after a hold nothing is told. */
export function stretchToTell(
  { selection, fromNs, toNs }: { selection: TimeRange | undefined; fromNs: number; toNs: number },
  nowNs: number,
): ToldStretch {
  const stretch = selection ?? { fromNs, toNs };
  return { fromNs: stretch.fromNs, toNs: Math.min(stretch.toNs, nowNs), words: selection ? 'selection' : 'window' };
}
