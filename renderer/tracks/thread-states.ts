/** What threads did over time: stretches of one state each, and how much of a pixel's time they take. */
import type { TelemetryHistory } from '../stores/history.ts';
import type { StateColumns, ThreadRecord, ThreadStore } from '../stores/history-threads.ts';
import type { LogChunk } from '../stores/rings.ts';
import { notFromOutside, unseenThreadStates } from '../stores/outside.ts';
import { noFd, noSyscall, threadStates, type ThreadState } from '../../shared/telemetry/wire.ts';

export const running = threadStates.indexOf('running');
export const ready = threadStates.indexOf('ready');

const readyNeedsSwitches =
  'Context switches are not recorded here: a thread that waits for a core cannot be told from one that runs.';

/** Why nobody can know whether a thread of the server is in the state; undefined where it is known. */
export function absenceOf(state: ThreadState, history: TelemetryHistory): string | undefined {
  if (!history.isWatchedFromOutside) return undefined;
  if (unseenThreadStates.has(state)) return notFromOutside;
  const isReadySeen = history.counters.server.gauge('recordsSwitches') === 1;
  return state === 'ready' && !isReadySeen ? readyNeedsSwitches : undefined;
}

export interface StateStretch {
  /** Index in threadStates. */
  readonly state: number;
  readonly fromNs: number;
  readonly toNs: number;
  /** Index in syscallNames, or noSyscall. */
  readonly syscall: number;
  readonly fd: number;
}

/**
 * Calls `visit` for what a thread did in [fromNs, toNs], in the order of time; a state lasts until the next, the end of
 * the thread or `newestNs`. Before its first known state it is `unknown`.
 */
export function visitStretches(
  store: ThreadStore,
  thread: ThreadRecord,
  fromNs: number,
  toNs: number,
  newestNs: number,
  visit: (state: number, fromNs: number, toNs: number, chunk: LogChunk<StateColumns> | undefined, i: number) => void,
): void {
  const lastNs = Math.min(toNs, thread.endedNs, newestNs);
  const chunks = store.statesOf(thread.threadId);
  // From the newest on, as it is mostly the newest that is drawn.
  let firstChunk = Math.max(0, chunks.length - 1);
  while (firstChunk > 0 && (chunks[firstChunk]?.columns.timesNs[0] ?? 0) > fromNs) firstChunk--;
  const startedNs = Number.isNaN(thread.startedNs) ? Number.NEGATIVE_INFINITY : thread.startedNs;
  const begin = Math.max(fromNs, Math.min(startedNs, chunks[0]?.columns.timesNs[0] ?? startedNs));
  let stateBegan = begin;
  let state = 0;
  let from: LogChunk<StateColumns> | undefined;
  let index = 0;
  for (let c = firstChunk; c < chunks.length; c++) {
    const chunk = chunks[c];
    if (chunk === undefined) continue;
    const { timesNs, states } = chunk.columns;
    for (let i = c === firstChunk ? lastAtOrBefore(timesNs, chunk.count, fromNs) : 0; i < chunk.count; i++) {
      const timeNs = timesNs[i] ?? 0;
      if (timeNs >= lastNs) break;
      if (timeNs > stateBegan) {
        visit(state, stateBegan, timeNs, from, index);
        stateBegan = timeNs;
      }
      state = states[i] ?? 0;
      from = chunk;
      index = i;
    }
  }
  if (lastNs > stateBegan) visit(state, stateBegan, lastNs, from, index);
}

export function stretchAt(
  store: ThreadStore,
  thread: ThreadRecord,
  timeNs: number,
  newestNs: number,
): StateStretch | undefined {
  let found: StateStretch | undefined;
  const note = (
    state: number,
    fromNs: number,
    toNs: number,
    chunk: LogChunk<StateColumns> | undefined,
    i: number,
  ): void => {
    const sinceNs = chunk?.columns.timesNs[i] ?? fromNs;
    const syscall = chunk?.columns.syscalls[i] ?? noSyscall;
    found = { state, fromNs: sinceNs, toNs, syscall, fd: chunk?.columns.fds[i] ?? noFd };
  };
  visitStretches(store, thread, timeNs, timeNs + 1, Math.max(newestNs, timeNs + 1), note);
  return timeNs > newestNs || timeNs < thread.startedNs ? undefined : found;
}

/** Time in each state, in ns, by the index of threadStates. */
export function timeInStates(
  store: ThreadStore,
  thread: ThreadRecord,
  fromNs: number,
  toNs: number,
  newestNs: number,
  into = new Float64Array(threadStates.length),
): Float64Array {
  visitStretches(store, thread, fromNs, toNs, newestNs, (state, from, to) => {
    into[state] = (into[state] ?? 0) + to - from;
  });
  return into;
}

function lastAtOrBefore(timesNs: Float64Array, count: number, timeNs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timesNs[middle] ?? 0) <= timeNs) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
