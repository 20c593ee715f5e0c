/** The states of sockets in words, with their patterns; the raster, its legend and the inspector say the same. */
import { notFromOutside, unseenSocketStates } from '../stores/outside.ts';
import type { SocketStore, Tenant } from '../stores/history-sockets.ts';
import { shareLabels } from '../../shared/share-looks.ts';
import type { SocketState } from '../stores/socket-states.ts';
import type { Hatch } from './pen.ts';

export interface SocketStateWords {
  readonly label: string;
  readonly explanation: string;
  readonly hatch: Hatch;
}

export const socketWords: Readonly<Record<SocketState, SocketStateWords>> = {
  none: { label: 'no socket', explanation: 'Nobody had this row then.', hatch: 'plain' },
  idle: { label: shareLabels.idle, explanation: 'Nothing to read, nothing to write.', hatch: 'plain' },
  unsure: {
    label: shareLabels.unsure,
    explanation: 'Its data came in somewhere in here; no look and no report says where.',
    hatch: 'dots',
  },
  waiting: {
    label: shareLabels.waiting,
    explanation: 'Data lies in the kernel’s receive queue and the server has not been told.',
    hatch: 'rising',
  },
  reported: {
    label: shareLabels.reported,
    explanation: 'The kernel told the server that it is ready; the server has not come to it yet.',
    hatch: 'bars',
  },
  serving: {
    label: shareLabels.serving,
    explanation: 'From the server’s first call of a turn on it to the last, with its handler.',
    hatch: 'plain',
  },
  inVain: {
    label: shareLabels.inVain,
    explanation: 'The server called read or write and the kernel said EAGAIN: not now.',
    hatch: 'dots',
  },
  writeBlocked: {
    label: shareLabels.writeBlocked,
    explanation: 'The server has bytes to send and the kernel’s send queue is full: the other side does not read.',
    hatch: 'falling',
  },
  unknown: { label: shareLabels.unknown, explanation: 'Nobody could see what it was in.', hatch: 'cross' },
  closed: { label: 'closed', explanation: 'The server closed it in this interval.', hatch: 'plain' },
  error: { label: 'error', explanation: 'A call on it failed.', hatch: 'cross' },
};

/** Of recordings without times: what the state of a cell means there. */
export const seenLabel = (state: SocketState): string => `${socketWords[state].label}, seen`;
export const seenExplanation =
  'Recorded before times in states were measured: of each interval the state is known that mattered most in it, and not how long it lasted.';

/** Which fd it is: of servers of several processes, whose. */
export function fdWords(
  { fd, pid }: Pick<Tenant, 'fd' | 'pid'>,
  { hasSeveralProcesses }: Pick<SocketStore, 'hasSeveralProcesses'>,
): string {
  return hasSeveralProcesses && pid > 0 ? `fd ${fd} · pid ${pid}` : `fd ${fd}`;
}

/** What the same states mean where nobody sees the server's calls, only its sockets, from look to look. */
const explanationsFromOutside: Readonly<Partial<Record<SocketState, string>>> = {
  closed: 'It is no longer among the server’s descriptors.',
  idle: 'No byte moved since the last look, and none waits to be read.',
  serving: 'Bytes were taken from it, or given to it to be sent, since the last look.',
  waiting: 'Data, or at a listener connections, lie in the kernel’s queue and the server has not taken them.',
};

export function wordsOf(state: SocketState, isWatchedFromOutside: boolean): SocketStateWords {
  const words = socketWords[state];
  if (!isWatchedFromOutside) return words;
  if (unseenSocketStates.has(state)) return { ...words, explanation: notFromOutside };
  return { ...words, explanation: explanationsFromOutside[state] ?? words.explanation };
}
