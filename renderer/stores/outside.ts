/**
 * A server of the user's own (`external`) is watched from outside, by what the kernel tells of its threads, its memory and
 * its sockets. What servers count inside themselves nobody knows of it: that is not 0, and the sentence for it is here.
 */
import { isCounterCounted, isGaugeCounted } from '../../shared/telemetry/counted.ts';
import { counterNames, gaugeNames, syscallNames, type ThreadState } from '../../shared/telemetry/wire.ts';
import type { SocketState } from './socket-states.ts';

/** Why there is no figure, wherever one is missing for this reason. */
export const notFromOutside =
  'Your own server is watched from outside: what only a server of the lab counts inside itself is not available.';

/** Names of series, as in `SeriesName`, that a server has no figure of when it is watched from outside. */
export const unseenSeries = [
  ...counterNames.filter((name) => !isCounterCounted('outside', name)).map((name) => `counter.${name}` as const),
  ...gaugeNames.filter((name) => !isGaugeCounted('outside', name)).map((name) => `gauge.${name}` as const),
  ...syscallNames.map((name) => `syscall.${name}` as const),
];

/** States that a socket or a thread may be in without anybody outside seeing it: they begin and end in calls. */
export const unseenSocketStates: ReadonlySet<SocketState> = new Set<SocketState>([
  'reported',
  'inVain',
  'writeBlocked',
  'error',
]);
/** Asleep in a call and asleep until a time are the same to /proc. */
export const unseenThreadStates: ReadonlySet<ThreadState> = new Set<ThreadState>(['sleeping']);
