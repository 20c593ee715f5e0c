/** The threads of a stretch of time as a table: who they are, and where their time went. */
import type { TelemetryHistory } from '../stores/history.ts';
import type { ThreadRecord } from '../stores/history-threads.ts';
import { threadStates } from '../../shared/telemetry/wire.ts';
import { absenceOf, timeInStates } from './thread-states.ts';
import { maxTableRows, type Table } from './track.ts';

export function threadTable(
  history: TelemetryHistory,
  threads: readonly ThreadRecord[],
  fromNs: number,
  toNs: number,
  originNs: number,
): Table {
  const { threads: store, newestNs } = history;
  const columns = [
    'thread',
    'tid',
    'name',
    'began s',
    'ended s',
    ...threadStates.map((state) => `${state} ms`),
    'CPU user ms',
    'CPU system ms',
    'voluntary switches',
    'involuntary switches',
    'requests',
  ];
  const rows = threads.slice(0, maxTableRows).map((thread): (string | number)[] => {
    const times = timeInStates(store, thread, fromNs, toNs, newestNs);
    return [
      thread.threadId,
      thread.tid,
      thread.name,
      (thread.startedNs - originNs) / 1e9,
      (thread.endedNs - originNs) / 1e9,
      ...threadStates.map((state, i) => (absenceOf(state, history) === undefined ? (times[i] ?? 0) / 1e6 : Number.NaN)),
      store.total(thread.threadId, 'cpuUserNs') / 1e6,
      store.total(thread.threadId, 'cpuSystemNs') / 1e6,
      store.total(thread.threadId, 'voluntarySwitches'),
      store.total(thread.threadId, 'involuntarySwitches'),
      store.total(thread.threadId, 'requests'),
    ];
  });
  const note = 'Times are over the stretch; CPU, switches and requests since the thread began.';
  const more = threads.length - rows.length;
  return { columns, rows, note: more > 0 ? `${note} ${more} further threads are left out.` : note };
}
