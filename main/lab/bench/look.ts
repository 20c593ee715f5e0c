/** The engine's look at a bench, in the words of the contract: states by name, owners, keys that stay. */
import type { BenchLook, EpollSet, FdEntry, SocketState } from '../../../shared/bench/state.ts';
import { tcpStates } from '../../../shared/bench/state.ts';
import type { EngineLook } from './engine-report.ts';
import { epollNames, fileFlagNames, shownBytes } from './kernel-names.ts';

type EngineSocket = EngineLook['sockets'][number];

const families: Readonly<Record<number, SocketState['family']>> = { 1: 'unix', 2: 'inet', 10: 'inet6' };
const timers = [undefined, 'retransmit', 'keepalive', 'time-wait', 'zero-window-probe'] as const;
const listen = 10;

function kindOf(file: string): FdEntry['kind'] {
  if (file.startsWith('socket:')) return 'socket';
  if (file.startsWith('pipe:')) return 'pipe';
  if (file === 'anon_inode:[eventpoll]') return 'epoll';
  if (file === 'anon_inode:[eventfd]') return 'eventfd';
  if (file === 'anon_inode:[io_uring]') return 'io_uring';
  return file.startsWith('/') ? 'file' : 'other';
}

/** What a step called an fd. */
export interface Named {
  readonly process: string;
  readonly fd: number;
}

/** What a look needs that the engine does not know. */
export interface Known {
  readonly names: ReadonlyMap<string, Named>;
  /** The step and the call of a command. */
  readonly callOf: (id: number) => { readonly step: number; readonly call: string } | undefined;
}

const endText = (end: EngineSocket['local']): string => (end ? `${end.host}:${end.port}` : '');

export class SocketKeys {
  #next = 1;
  #byInode = new Map<number, string>();
  #byEnds = new Map<string, string>();

  /** For all sockets of a look, in its order. */
  of(sockets: readonly EngineSocket[]): string[] {
    const byInode = new Map<number, string>();
    const byEnds = new Map<string, string>();
    const keys = sockets.map((socket) => {
      // One that is accepted gets an inode, and one that is closed loses it; its two ends stay.
      const ends = socket.peer && socket.family !== 1 ? `${endText(socket.local)} ${endText(socket.peer)}` : '';
      const known = (socket.inode > 0 ? this.#byInode.get(socket.inode) : undefined) ?? this.#byEnds.get(ends);
      const key = known ?? `s${this.#next++}`;
      if (socket.inode > 0) byInode.set(socket.inode, key);
      if (ends !== '') byEnds.set(ends, key);
      return key;
    });
    this.#byInode = byInode;
    this.#byEnds = byEnds;
    return keys;
  }
}

function socketOf(socket: EngineSocket, key: string, owner: string[], name: string | undefined): SocketState {
  const isListener = socket.state === listen;
  const isTcp = socket.type === 1 && socket.family !== 1;
  const timer = timers[socket.timer];
  const isBound = socket.local !== null && (socket.local.port > 0 || socket.family === 1);
  return {
    ...{ key, inode: socket.inode, owner, family: families[socket.family] ?? 'inet' },
    type: socket.type === 2 ? 'dgram' : 'stream',
    // 12 is a handshake that is not over (NEW_SYN_RECV).
    state: tcpStates[(socket.state === 12 ? 3 : socket.state) - 1] ?? 'CLOSE',
    local: isBound ? socket.local : null,
    peer: socket.peer,
    recvQueue: isListener ? 0 : socket.recvQueue,
    sendQueue: isListener ? 0 : socket.sendQueue,
    ...(socket.waiting === undefined ? {} : { recvText: shownBytes(socket.waiting) }),
    acceptQueue: isListener ? socket.recvQueue : null,
    backlog: isListener ? socket.sendQueue : null,
    timer: timer ? { kind: timer, expiresMs: socket.expiresMs, retransmits: socket.retransmits } : null,
    ...(isTcp && socket.transfer ? { transfer: socket.transfer } : {}),
    ...(socket.peerInode === undefined ? {} : { peerInode: socket.peerInode }),
    ...(name === undefined ? {} : { name }),
  };
}

export function benchLook(look: EngineLook, keys: SocketKeys, { names, callOf }: Known): BenchLook {
  const nameAt = new Map([...names].map(([name, { process, fd }]) => [`${process}:${fd}`, name]));
  const owners = new Map<number, string[]>();
  for (const { name, fds } of look.processes) {
    for (const { fd, file, inode } of fds) {
      if (kindOf(file) === 'socket') owners.set(inode, [...(owners.get(inode) ?? []), `${name}:${fd}`]);
    }
  }
  const socketKeys = keys.of(look.sockets);
  const sockets = look.sockets.map((socket, index) => {
    const owner = owners.get(socket.inode) ?? [];
    const name = owner.map((each) => nameAt.get(each)).find((each) => each !== undefined);
    return socketOf(socket, socketKeys[index] ?? '', owner, name);
  });
  const processes = look.processes.map(({ how, actors, fds, ...process }) => ({
    ...process,
    ...(how === '' ? {} : { how }),
    actors: actors.map(({ name, tid, state, wchan = '', since, id }) => {
      const made = id === undefined ? undefined : callOf(id);
      const asleepIn = made && {
        ...{ call: made.call, step: made.step, sinceNs: since ?? look.timeNs },
        // "0" is what the kernel says to those who may not know.
        wchan: wchan === '0' ? '' : wchan,
      };
      return { name, process: process.name, tid, state, ...(asleepIn ? { asleepIn } : {}) };
    }),
    fds: fds.map(({ fd, file, flags, position, inode, count }): FdEntry => {
      const name = nameAt.get(`${process.name}:${fd}`);
      return {
        ...{ fd, file, kind: kindOf(file), flags: fileFlagNames(flags), position },
        ...(kindOf(file) === 'socket' ? { inode } : {}),
        ...(count === undefined ? {} : { count }),
        ...(name === undefined ? {} : { name }),
      };
    }),
  }));
  const epollSets = look.processes.flatMap(({ name, fds }) =>
    fds.flatMap(({ fd, watches }): EpollSet[] => {
      if (!watches) return [];
      const isStale = (target: number, inode: number): boolean =>
        !fds.some((each) => each.fd === target && each.inode === inode);
      return [
        {
          ...{ process: name, fd },
          watches: watches.map(({ target, inode, events }) => ({
            ...{ target, inode, events: epollNames(events, false), isStale: isStale(target, inode) },
          })),
        },
      ];
    }),
  );
  return { timeNs: look.timeNs, processes, sockets, epollSets, notices: look.notices };
}
