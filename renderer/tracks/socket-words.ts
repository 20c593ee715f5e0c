/** The states of sockets in words, with their patterns; the raster, its legend and the inspector say the same. */
import { notFromOutside, unseenSocketStates } from '../stores/outside.ts';
import type { SocketState, SocketStore, Tenant } from '../stores/history-sockets.ts';
import type { Hatch } from './track.ts';

export interface SocketStateWords {
  readonly label: string;
  readonly explanation: string;
  readonly hatch: Hatch;
}

export const socketWords: Readonly<Record<SocketState, SocketStateWords>> = {
  none: { label: 'no socket', explanation: 'Nobody had this row then.', hatch: 'plain' },
  closed: { label: 'closed', explanation: 'The server closed it in this interval.', hatch: 'plain' },
  idle: { label: 'idle', explanation: 'Nothing to read, nothing to write.', hatch: 'plain' },
  served: {
    label: 'being served',
    explanation: 'The server read from it, wrote to it or accepted on it.',
    hatch: 'plain',
  },
  eagain: {
    label: 'asked in vain',
    explanation: 'The server called read or write and the kernel said EAGAIN: not now.',
    hatch: 'dots',
  },
  reported: {
    label: 'reported ready',
    explanation: 'The kernel told the server that it is ready; the server has not come to it yet.',
    hatch: 'bars',
  },
  waiting: {
    label: 'data waits',
    explanation: 'Data lies in the kernel’s receive queue and the server has not been told or has not looked.',
    hatch: 'rising',
  },
  writeBlocked: {
    label: 'write blocked',
    explanation: 'The server has bytes to send and the kernel’s send queue is full: the other side does not read.',
    hatch: 'falling',
  },
  error: { label: 'error', explanation: 'A call on it failed.', hatch: 'cross' },
};

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
  served: 'Bytes were taken from it, or given to it to be sent, since the last look.',
  waiting: 'Data, or at a listener connections, lie in the kernel’s queue and the server has not taken them.',
};

export function wordsOf(state: SocketState, isWatchedFromOutside: boolean): SocketStateWords {
  const words = socketWords[state];
  if (!isWatchedFromOutside) return words;
  if (unseenSocketStates.has(state)) return { ...words, explanation: notFromOutside };
  return { ...words, explanation: explanationsFromOutside[state] ?? words.explanation };
}
