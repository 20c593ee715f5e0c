/** What a socket may be in, by code, and what of it a cell of the history says. */
import { fdFlags, shareNames } from '../../shared/telemetry/wire.ts';

/**
 * States that take time, as the engine measures them, behind `none` (nobody had the row). `closed` and `error` are
 * moments, which are states only where no time in states was measured.
 */
export const socketStates = ['none', ...shareNames, 'closed', 'error'] as const;
export type SocketState = (typeof socketStates)[number];
export const stateCode = Object.fromEntries(socketStates.map((name, i) => [name, i])) as Record<SocketState, number>;
export const stateCount = socketStates.length;
/** A share's code is that of its place in shareNames, and one more. */
export const firstShare = 1;
/** Codes below are of states that take time, and of none. */
export const timedCount = firstShare + shareNames.length;

/**
 * Sums over cells have an entry for each state that was measured, and behind them one for each that was seen at a look
 * and says nothing of how long.
 */
export const firstSeen = timedCount;
export const entryCount = timedCount + stateCount;

/** Where one look of old recordings saw several, the last of these was kept: trouble must stay visible. */
const seenOrder: readonly SocketState[] = [
  'none',
  'closed',
  'idle',
  'serving',
  'inVain',
  'reported',
  'waiting',
  'writeBlocked',
  'error',
];
const ranks = socketStates.map((state) => seenOrder.indexOf(state));
export const worseOf = (a: number, b: number): number => ((ranks[b] ?? 0) > (ranks[a] ?? 0) ? b : a);

export const servedFlags = fdFlags.read | fdFlags.wrote | fdFlags.accepted;
export const reportFlags = fdFlags.reportedReadable | fdFlags.reportedWritable;

/** What the flags of an interval say that was seen in it, of a socket that was left in a state at its end. */
export function stateSeen(flags: number, left: number): number {
  if (flags & fdFlags.error) return stateCode.error;
  if (flags & fdFlags.closed) return stateCode.closed;
  if (flags & fdFlags.writeBlocked) return stateCode.writeBlocked;
  if (flags & servedFlags) return stateCode.serving;
  if (flags & fdFlags.eagain) return stateCode.inVain;
  if (flags & reportFlags) return stateCode.reported;
  return left;
}
