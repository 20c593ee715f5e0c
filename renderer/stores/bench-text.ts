/** Calls and sockets in words, as the page shows them before and after they are made. */
import { cText, pythonText } from '../../shared/bench/call-text.ts';
import { callSchemas, type CallName } from '../../shared/bench/calls.ts';
import type { FdEntry, SocketState } from '../../shared/bench/state.ts';

/** One line of C, for a button; what only the bench knows (signal, kill, wait) is called by its name. */
export function callText(call: string, args: Readonly<Record<string, unknown>>): string {
  return isCall(call) ? cText(call, args) : call;
}

export const pythonLine = (call: string, args: Readonly<Record<string, unknown>>): string | undefined =>
  isCall(call) ? pythonText(call, args) : undefined;

const isCall = (call: string): call is CallName => Object.hasOwn(callSchemas, call);

/** What kind of socket it is, in the field's words, and the term that explains it. */
export function socketKind({ type, family, state, peer, local }: SocketState): { text: string; term: string } {
  if (type === 'dgram') return { text: family === 'unix' ? 'UNIX datagram socket' : 'UDP socket', term: 'udp' };
  if (state === 'LISTEN') return { text: 'guard', term: 'guard-socket' };
  if (peer !== null) return { text: 'connection', term: 'connection-socket' };
  if (family === 'unix' && state === 'ESTABLISHED') return { text: 'connection', term: 'connection-socket' };
  return { text: local === null ? 'new socket' : 'bound socket', term: 'socket' };
}

/** A name for a socket in a sentence: what a step called it, or whose it is. */
export const socketName = ({ name, owner, key }: SocketState): string => name ?? owner[0] ?? key;

/** Bytes as text that can be read: what is not printable is a dot. */
export const readable = (text: string): string => text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '·');

export const fdWords = ({ kind, file }: FdEntry): string =>
  ({
    ...{ socket: 'socket', epoll: 'epoll set', eventfd: 'eventfd', io_uring: 'io_uring', pipe: 'pipe' },
    ...{ file, other: file },
  })[kind];

/** Flags that tell something: that a socket can be read and written goes without saying. */
export const tellingFlags = ({ flags }: FdEntry): string[] =>
  flags.filter((flag) => !['O_RDWR', 'O_RDONLY', 'O_WRONLY', 'O_LARGEFILE'].includes(flag));
