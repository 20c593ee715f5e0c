/** Threads of the lab's own in a server's process: they measure and take commands, and are told apart from those that serve. */
import { isLabThread } from '../../shared/telemetry/threads-of-lab.ts';
import type { TelemetryHistory } from './history.ts';

/** Of a program that is watched from outside no thread is the lab's, whatever its name. */
export const isOfLab = (
  { isWatchedFromOutside }: Pick<TelemetryHistory, 'isWatchedFromOutside'>,
  name: string,
): boolean => !isWatchedFromOutside && isLabThread(name);

/** How many there were at a moment. */
export function labThreadsAt(
  history: Pick<TelemetryHistory, 'isWatchedFromOutside' | 'threads'>,
  timeNs: number,
): number {
  let count = 0;
  for (const { name, startedNs, endedNs } of history.threads.byId.values()) {
    if (isOfLab(history, name) && !(startedNs > timeNs) && endedNs > timeNs) count++;
  }
  return count;
}

const counted = (count: number): string => `${count} ${count === 1 ? 'thread' : 'threads'}`;

/** "49 threads" and "4 of the lab", where there are any. */
export const threadCountParts = (model: number, lab: number): readonly [string, string?] =>
  lab === 0 ? [counted(model)] : [counted(model), `${lab} of the lab`];
