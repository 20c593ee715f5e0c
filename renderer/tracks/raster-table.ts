/** The sockets of a stretch of time as a table: who they are, what they are now, how long they were in which state. */
import type { TelemetryHistory } from '../stores/history.ts';
import { entryCount, stateCode, type SocketState } from '../stores/socket-states.ts';
import { unseenSocketStates } from '../stores/outside.ts';
import { tcpStates } from '../../shared/telemetry/wire.ts';
import { socketWords } from './socket-words.ts';
import { timesOfRows } from './socket-moment.ts';
import { maxTableRows, type Table } from './track.ts';

const timed = [
  'serving',
  'reported',
  'waiting',
  'unsure',
  'inVain',
  'writeBlocked',
  'idle',
  'unknown',
] as const satisfies readonly SocketState[];

export function socketTable(
  { sockets: store, isWatchedFromOutside }: Pick<TelemetryHistory, 'sockets' | 'isWatchedFromOutside'>,
  order: Uint32Array,
  fromNs: number,
  toNs: number,
  originNs: number,
): Table {
  const rows = order.subarray(0, maxTableRows);
  const { times: sums, isMeasured } = timesOfRows(store, rows, fromNs, toNs);
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
  const table = Array.from(rows, (row, place): (string | number)[] => {
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
        if (!isMeasured || (isWatchedFromOutside && unseenSocketStates.has(state))) return Number.NaN;
        return (sums[place * entryCount + stateCode[state]] ?? 0) / 1e6;
      }),
    ];
  });
  const more = order.length - rows.length;
  const newest = 'Queues, bytes and TCP state are the newest that is known;';
  const note = isMeasured
    ? `${newest} times are over the stretch. “Idle or waiting” is the bound: true waiting lies between “data waits” and both together.`
    : `${newest} times in states are not: the stretch was recorded without them.`;
  return {
    columns,
    rows: table,
    note: more > 0 ? `${note} ${more} further sockets are left out; change the order to see others.` : note,
  };
}
