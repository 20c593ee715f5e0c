/** The sockets of a stretch of time as a table: who they are, what they are now, how long they were in which state. */
import type { TelemetryHistory } from '../stores/history.ts';
import { shownOf, socketStates, stateCode } from '../stores/history-sockets.ts';
import { unseenSocketStates } from '../stores/outside.ts';
import { tcpStates } from '../../shared/telemetry/wire.ts';
import { visitTicks } from './raster-columns.ts';
import { socketWords } from './socket-words.ts';
import { maxTableRows, type Table } from './track.ts';

const timed = ['served', 'reported', 'waiting', 'eagain', 'writeBlocked', 'idle'] as const;

export function socketTable(
  { sockets: store, isWatchedFromOutside }: Pick<TelemetryHistory, 'sockets' | 'isWatchedFromOutside'>,
  order: Uint32Array,
  fromNs: number,
  toNs: number,
  originNs: number,
): Table {
  const rows = order.subarray(0, maxTableRows);
  const sums = new Float64Array(store.rows * socketStates.length);
  visitTicks(store, fromNs, toNs, (tick, ns) => {
    const column = store.ticks.column(tick);
    for (const row of rows) {
      const entry = row * socketStates.length + shownOf(column?.[row] ?? 0);
      sums[entry] = (sums[entry] ?? 0) + ns;
    }
  });
  const columns = [
    'fd',
    ...(store.hasSeveralProcesses ? ['pid'] : []),
    'role',
    'connection',
    'local',
    'peer',
    'TCP state',
    'opened s',
    'receive queue bytes',
    'send queue bytes',
    'bytes in',
    'bytes out',
    'waiting now ms',
    ...timed.map((state) => `${socketWords[state].label} ms`),
  ];
  const table = Array.from(rows, (row): (string | number)[] => {
    const tenant = store.tenantAt(row, toNs);
    const figures = store.figures(row);
    return [
      tenant?.fd ?? Number.NaN,
      ...(store.hasSeveralProcesses ? [tenant !== undefined && tenant.pid > 0 ? tenant.pid : Number.NaN] : []),
      tenant?.role ?? '',
      tenant?.connectionId ?? Number.NaN,
      tenant?.local ?? '',
      tenant?.peer ?? '',
      tcpStates[figures.tcpState] ?? 'unknown',
      ((tenant?.openedNs ?? Number.NaN) - originNs) / 1e9,
      figures.receiveQueueBytes,
      figures.sendQueueBytes,
      figures.bytesIn,
      figures.bytesOut,
      figures.waitingUs / 1000,
      ...timed.map((state) => {
        if (isWatchedFromOutside && unseenSocketStates.has(state)) return Number.NaN;
        return (sums[row * socketStates.length + stateCode[state]] ?? 0) / 1e6;
      }),
    ];
  });
  const more = order.length - rows.length;
  const note = 'Queues, bytes and TCP state are the newest that is known; times are over the stretch.';
  return {
    columns,
    rows: table,
    note: more > 0 ? `${note} ${more} further sockets are left out; change the order to see others.` : note,
  };
}
