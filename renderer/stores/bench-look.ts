/** A look at the bench as the page shows it: what it holds by process and open file, and what changed since another one. */
import { dequal } from 'dequal/lite';
import type { ActorState, BenchLook, EpollSet, FdEntry, ProcessState, SocketState } from '../../shared/bench/state.ts';

/** Fields of a socket that are marked where they changed. */
export const socketParts = [
  'state',
  'local',
  'peer',
  'recvQueue',
  'sendQueue',
  'acceptQueue',
  'timer',
  'owner',
] as const;
export type SocketPart = (typeof socketParts)[number];

/** What became different from one look to the next. */
export interface Changes {
  /** By key; `new` where it was not there before. */
  readonly sockets: ReadonlyMap<string, 'new' | ReadonlySet<SocketPart>>;
  /** By `process:fd`; its file is another one or its flags are. */
  readonly fds: ReadonlySet<string>;
  readonly epollSets: ReadonlySet<string>;
  readonly goneSockets: readonly SocketState[];
  readonly goneFds: readonly { readonly process: string; readonly fd: number }[];
}
const noChanges: Changes = {
  ...{ sockets: new Map(), fds: new Set(), epollSets: new Set() },
  ...{ goneSockets: [], goneFds: [] },
};

export const fdKey = (process: string, fd: number): string => `${process}:${fd}`;

/** A timer runs on by itself: only which one it is counts. */
const partOf = (socket: SocketState, part: SocketPart): unknown =>
  part === 'timer' ? socket.timer?.kind : socket[part];

const fdsOf = (look: BenchLook): Map<string, FdEntry> =>
  new Map(look.processes.flatMap(({ name, fds }) => fds.map((each) => [fdKey(name, each.fd), each] as const)));
const setsOf = (look: BenchLook): Map<string, EpollSet> =>
  new Map(look.epollSets.map((set) => [fdKey(set.process, set.fd), set]));

export function changesOf(before: BenchLook | undefined, now: BenchLook | undefined): Changes {
  if (before === undefined || now === undefined || before === now) return noChanges;
  const known = new Map(before.sockets.map((socket) => [socket.key, socket]));
  const sockets = new Map<string, 'new' | ReadonlySet<SocketPart>>();
  for (const socket of now.sockets) {
    const old = known.get(socket.key);
    if (old === socket) continue;
    if (old === undefined) sockets.set(socket.key, 'new');
    else {
      const parts = socketParts.filter((part) => !dequal(partOf(old, part), partOf(socket, part)));
      if (parts.length > 0) sockets.set(socket.key, new Set(parts));
    }
  }
  const [oldFds, newFds] = [fdsOf(before), fdsOf(now)];
  const [oldSets, newSets] = [setsOf(before), setsOf(now)];
  const there = new Set(now.sockets.map(({ key }) => key));
  return {
    sockets,
    fds: new Set([...newFds].flatMap(([key, fd]) => (sameFd(oldFds.get(key), fd) ? [] : [key]))),
    epollSets: new Set([...newSets].flatMap(([key, set]) => (dequal(oldSets.get(key), set) ? [] : [key]))),
    goneSockets: before.sockets.filter(({ key }) => !there.has(key)),
    goneFds: before.processes.flatMap(({ name, fds }) =>
      fds.filter(({ fd }) => !newFds.has(fdKey(name, fd))).map(({ fd }) => ({ process: name, fd })),
    ),
  };
}

const sameFd = (old: FdEntry | undefined, now: FdEntry): boolean =>
  old?.file === now.file && dequal(old.flags, now.flags) && old.count === now.count;

/** The same look with the objects of the one before wherever nothing changed, so that what shows them can rest. */
export function keepUnchanged(before: BenchLook | undefined, now: BenchLook): BenchLook {
  if (before === undefined) return now;
  const sockets = new Map(before.sockets.map((each) => [each.key, each]));
  const sets = setsOf(before);
  const fds = fdsOf(before);
  const keep = <T>(old: T | undefined, fresh: T): T => (old !== undefined && dequal(old, fresh) ? old : fresh);
  return {
    ...now,
    sockets: now.sockets.map((each) => keep(sockets.get(each.key), each)),
    epollSets: now.epollSets.map((each) => keep(sets.get(fdKey(each.process, each.fd)), each)),
    processes: now.processes.map((process) => ({
      ...process,
      fds: process.fds.map((each) => keep(fds.get(fdKey(process.name, each.fd)), each)),
    })),
  };
}

/** An open file of a process, with the descriptors that lead to it. */
export interface OpenFile {
  /** Unique in its process. */
  readonly id: string;
  readonly kind: FdEntry['kind'];
  readonly fds: readonly FdEntry[];
  readonly socket?: SocketState;
  readonly epoll?: EpollSet;
  /** Its socket is shown with this process already: another one has it too (fork). */
  readonly shownIn?: string;
}

export interface ProcessView {
  readonly process: ProcessState;
  readonly files: readonly OpenFile[];
  /** What the process had open before anybody called anything: terminal, pipes to the lab. */
  readonly others: readonly FdEntry[];
}

export interface LookView {
  readonly processes: readonly ProcessView[];
  /** Sockets without a descriptor: closed by their owner and still at work, or not yet accepted. */
  readonly unowned: readonly SocketState[];
}

const lessons: readonly FdEntry['kind'][] = ['socket', 'epoll', 'eventfd', 'io_uring'];

export function viewOf(look: BenchLook | undefined): LookView {
  if (look === undefined) return { processes: [], unowned: [] };
  const byInode = new Map(look.sockets.filter(({ inode }) => inode > 0).map((socket) => [socket.inode, socket]));
  const sets = setsOf(look);
  const shownIn = new Map<number, string>();
  const processes = look.processes.map((process): ProcessView => {
    const groups = new Map<string, FdEntry[]>();
    for (const fd of process.fds.filter(({ kind }) => lessons.includes(kind))) {
      const id = fd.inode === undefined ? `${fd.kind} ${fd.fd}` : `inode ${fd.inode}`;
      groups.set(id, [...(groups.get(id) ?? []), fd]);
    }
    const files = [...groups].map(([id, fds]): OpenFile => {
      const [first] = fds;
      const kind = first?.kind ?? 'other';
      const socket = first?.inode === undefined ? undefined : byInode.get(first.inode);
      const epoll = first === undefined ? undefined : sets.get(fdKey(process.name, first.fd));
      const elsewhere = first?.inode === undefined ? undefined : shownIn.get(first.inode);
      if (first?.inode !== undefined && elsewhere === undefined) shownIn.set(first.inode, process.name);
      return {
        ...{ id, kind, fds },
        ...(socket && { socket }),
        ...(epoll && { epoll }),
        ...(elsewhere !== undefined && { shownIn: elsewhere }),
      };
    });
    return { process, files, others: process.fds.filter(({ kind }) => !lessons.includes(kind)) };
  });
  return { processes, unowned: look.sockets.filter(({ owner }) => owner.length === 0) };
}

/** Connections that wait in front of a guard. */
export const waitingFor = (guard: SocketState, look: BenchLook): SocketState[] =>
  look.sockets.filter(
    (each) =>
      each !== guard &&
      each.inode === 0 &&
      ['ESTABLISHED', 'CLOSE_WAIT', 'SYN_RECV'].includes(each.state) &&
      each.family === guard.family &&
      each.local?.port === guard.local?.port,
  );

const isEnd = (a: SocketState['local'], b: SocketState['local']): boolean => a?.port === b?.port && a?.host === b?.host;

/** The other end of a connection on this machine. */
export const peerOf = (socket: SocketState, look: BenchLook): SocketState | undefined =>
  look.sockets.find(
    (each) =>
      each !== socket &&
      (socket.peerInode !== undefined && socket.peerInode > 0
        ? each.inode === socket.peerInode
        : socket.peer !== null && isEnd(each.local, socket.peer) && isEnd(each.peer, socket.local)),
  );

export const actorsOf = (look: BenchLook | undefined): ActorState[] =>
  look?.processes.flatMap(({ actors }) => actors) ?? [];

export function endText(end: SocketState['local'], family: SocketState['family']): string {
  if (end === null) return '';
  if (family === 'unix') return end.host;
  return family === 'inet6' ? `[${end.host}]:${end.port}` : `${end.host}:${end.port}`;
}
