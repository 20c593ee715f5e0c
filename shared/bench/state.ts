/** How things stand on a bench, as the kernel tells it: descriptor tables, sockets, epoll sets, who sleeps in what. */
import { z } from 'zod';

/** Where one end of a socket is. `port` is 0 where nothing is bound yet; a UNIX socket has its name in `host`. */
export const endSchema = z.object({ host: z.string(), port: z.number() });
export type End = z.infer<typeof endSchema>;

export const fdEntrySchema = z.object({
  fd: z.number(),
  /** What /proc/PID/fd shows: `socket:[123]`, `anon_inode:[eventpoll]`, `/dev/null`. */
  file: z.string(),
  kind: z.enum(['socket', 'epoll', 'eventfd', 'io_uring', 'pipe', 'file', 'other']),
  /** The socket's, which other descriptors may have too (dup, fork). Absent where it is no socket. */
  inode: z.number().optional(),
  /** Of the open file: O_RDWR, O_NONBLOCK, O_ASYNC...; FD_CLOEXEC is the descriptor's own. */
  flags: z.array(z.string()),
  position: z.number(),
  /** Of an eventfd: its count. */
  count: z.number().optional(),
  /** What a step called it. */
  name: z.string().optional(),
});
export type FdEntry = z.infer<typeof fdEntrySchema>;

/** What an actor does at the moment of the look. */
export const actorSchema = z.object({
  name: z.string(),
  process: z.string(),
  tid: z.number(),
  /** `ready`: it can be given a call. `asleep`: in a call that has not returned. `gone`: its process has ended. */
  state: z.enum(['ready', 'asleep', 'gone']),
  /** Where it is asleep: the call's name, the kernel's function (wchan, where this user may see it), since when. */
  asleepIn: z.object({ call: z.string(), wchan: z.string(), sinceNs: z.number(), step: z.number() }).optional(),
});
export type ActorState = z.infer<typeof actorSchema>;

export const processSchema = z.object({
  name: z.string(),
  pid: z.number(),
  /** `ended`: it is not there any more, by exit or by signal; `how` says which. */
  state: z.enum(['running', 'ended']),
  how: z.string().optional(),
  /** Most descriptors that it may have (RLIMIT_NOFILE). */
  descriptorLimit: z.number(),
  actors: z.array(actorSchema),
  fds: z.array(fdEntrySchema),
});
export type ProcessState = z.infer<typeof processSchema>;

export const tcpStates = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const;

export const timerSchema = z.object({
  kind: z.enum(['retransmit', 'keepalive', 'time-wait', 'zero-window-probe']),
  expiresMs: z.number(),
  retransmits: z.number(),
});

/** Since the connection began, by tcp_info. */
export const transferSchema = z.object({
  segmentsOut: z.number(),
  segmentsIn: z.number(),
  dataSegmentsOut: z.number(),
  dataSegmentsIn: z.number(),
  bytesAcked: z.number(),
  bytesReceived: z.number(),
  retransmits: z.number(),
});
export type Transfer = z.infer<typeof transferSchema>;

export const socketSchema = z.object({
  /** For pictures and lists: the same for as long as the connection has anything of it left. */
  key: z.string(),
  /** 0 where no descriptor has it: not accepted yet, or closed by its owner and still at work. */
  inode: z.number(),
  /** Whose descriptors it has: `server:3`, and those of dups and forks. Empty: it belongs to nobody. */
  owner: z.array(z.string()),
  family: z.enum(['inet', 'inet6', 'unix']),
  type: z.enum(['stream', 'dgram']),
  /** TCP's; of UDP and UNIX sockets ESTABLISHED, LISTEN or CLOSE (not connected). */
  state: z.enum(tcpStates),
  /** Null: that half of the 4-tuple is empty. */
  local: endSchema.nullable(),
  peer: endSchema.nullable(),
  /** Bytes. Of a TCP socket whose peer has sent FIN, the kernel counts that as one. 0 in a listener. */
  recvQueue: z.number(),
  sendQueue: z.number(),
  /** What waits to be read, the first 256 bytes, where it can be looked at without taking it. */
  recvText: z.string().optional(),
  /** Of a listener: connections that wait for accept(), and how many may. Null elsewhere. */
  acceptQueue: z.number().nullable(),
  backlog: z.number().nullable(),
  timer: timerSchema.nullable(),
  /** Of TCP connections, as long as the kernel keeps it (not in TIME_WAIT). */
  transfer: transferSchema.optional(),
  /** UNIX sockets: the inode of the other end. */
  peerInode: z.number().optional(),
  name: z.string().optional(),
});
export type SocketState = z.infer<typeof socketSchema>;

export const epollSetSchema = z.object({
  /** The process and the fd of the set. */
  process: z.string(),
  fd: z.number(),
  /** `target` is the number under which it was added; `inode` that of what is really watched. */
  watches: z.array(
    z.object({
      target: z.number(),
      inode: z.number(),
      events: z.array(z.string()),
      /** That number is closed (or another file's) in this process, while a dup keeps what is watched alive. */
      isStale: z.boolean(),
    }),
  ),
});
export type EpollSet = z.infer<typeof epollSetSchema>;

export const benchLookSchema = z.object({
  /** CLOCK_MONOTONIC. */
  timeNs: z.number(),
  processes: z.array(processSchema),
  sockets: z.array(socketSchema),
  epollSets: z.array(epollSetSchema),
  /** What could not be looked at here, each a sentence. */
  notices: z.array(z.string()),
});
export type BenchLook = z.infer<typeof benchLookSchema>;
