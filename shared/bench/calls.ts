/**
 * The calls that an actor of the bench can make, each with its arguments.
 *
 * An fd is a number or the name that a step gave to what it made (`as: listener`). An address is `127.0.0.1:8080`,
 * `[::1]:8080`, `unix:@name` (the abstract space, no file), or `@listener`: where the socket of that name is bound. In
 * the first two the port may be `$port`, `$port2`...: free ones, chosen when the bench opens, or 0: the kernel chooses.
 */
import { z } from 'zod';

const most = { count: 1 << 20, fds: 64, text: 65_536 } as const;

export const nameSchema = z
  .string()
  .regex(/^[a-zA-Z][\w-]{0,31}$/, 'a name is letters, digits, "_" and "-", at most 32, and begins with a letter');

export const fdSchema = z.union([z.number().int().min(-1).max(65_535), nameSchema]);
export type FdRef = z.infer<typeof fdSchema>;

const address = z.string().min(1).max(108);
const flag = z.boolean().optional();
const count = z.number().int().min(0).max(most.count);
const data = z.string().max(most.text);
/** In ms; -1, which is also what is meant where it is left out, is for ever. */
const timeoutMs = z.number().int().min(-1).max(60_000).optional();

/** What is sent: a text, or so many bytes of a pattern. */
const sent = { data: data.optional(), bytes: count.optional() };

export const fileFlags = ['O_NONBLOCK', 'O_ASYNC', 'O_APPEND'] as const;
export const pollEvents = ['POLLIN', 'POLLOUT', 'POLLPRI', 'POLLRDHUP'] as const;
export const epollEvents = ['EPOLLIN', 'EPOLLOUT', 'EPOLLPRI', 'EPOLLRDHUP', 'EPOLLET', 'EPOLLONESHOT'] as const;
export const socketOptions = [
  'SO_REUSEADDR',
  'SO_REUSEPORT',
  'SO_SNDBUF',
  'SO_RCVBUF',
  'SO_KEEPALIVE',
  'SO_LINGER',
  'SO_RCVTIMEO',
  'SO_SNDTIMEO',
  'SO_ERROR',
  'SO_TYPE',
  'SO_ACCEPTCONN',
  'TCP_NODELAY',
  'TCP_DEFER_ACCEPT',
  'TCP_CORK',
  'TCP_QUICKACK',
  'IPV6_V6ONLY',
] as const;
export const signalNames = ['SIGIO', 'SIGURG', 'SIGRTMIN+1', 'SIGRTMIN+2'] as const;
export const fcntlCommands = [
  'F_GETFL',
  'F_SETFL',
  'F_GETFD',
  'F_SETFD',
  'F_DUPFD',
  'F_GETOWN',
  'F_SETOWN',
  'F_SETSIG',
] as const;

/** Arguments of each call, in the order in which C takes them. */
export const callSchemas = {
  socket: z.strictObject({
    family: z.enum(['inet', 'inet6', 'unix']),
    type: z.enum(['stream', 'dgram']),
    nonblock: flag,
    cloexec: flag,
  }),
  bind: z.strictObject({ fd: fdSchema, address }),
  listen: z.strictObject({ fd: fdSchema, backlog: z.number().int().min(-1).max(65_535) }),
  accept4: z.strictObject({ fd: fdSchema, nonblock: flag, cloexec: flag }),
  connect: z.strictObject({ fd: fdSchema, address }),
  read: z.strictObject({ fd: fdSchema, count }),
  write: z.strictObject({ fd: fdSchema, ...sent }),
  recv: z.strictObject({ fd: fdSchema, count, peek: flag, dontwait: flag, waitall: flag }),
  send: z.strictObject({ fd: fdSchema, ...sent, dontwait: flag, nosignal: flag }),
  recvfrom: z.strictObject({ fd: fdSchema, count, dontwait: flag }),
  sendto: z.strictObject({ fd: fdSchema, ...sent, address }),
  shutdown: z.strictObject({ fd: fdSchema, how: z.enum(['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR']) }),
  close: z.strictObject({ fd: fdSchema }),
  /** With `to`: dup2. */
  dup: z.strictObject({ fd: fdSchema, to: z.number().int().min(0).max(65_535).optional() }),
  /** `flags`: of F_SETFL, and FD_CLOEXEC of F_SETFD. `value`: of F_DUPFD the least number. `signal`: of F_SETSIG. */
  fcntl: z.strictObject({
    fd: fdSchema,
    command: z.enum(fcntlCommands),
    flags: z.array(z.enum([...fileFlags, 'FD_CLOEXEC'])).optional(),
    value: z.number().int().min(0).max(65_535).optional(),
    signal: z.enum(signalNames).optional(),
  }),
  /** SO_LINGER: seconds, -1 switches it off. SO_RCVTIMEO, SO_SNDTIMEO: ms. */
  setsockopt: z.strictObject({
    fd: fdSchema,
    option: z.enum(socketOptions),
    value: z
      .number()
      .int()
      .min(-1)
      .max(1 << 30),
  }),
  getsockopt: z.strictObject({ fd: fdSchema, option: z.enum(socketOptions) }),
  getsockname: z.strictObject({ fd: fdSchema }),
  getpeername: z.strictObject({ fd: fdSchema }),
  select: z.strictObject({
    read: z.array(fdSchema).max(most.fds).optional(),
    write: z.array(fdSchema).max(most.fds).optional(),
    except: z.array(fdSchema).max(most.fds).optional(),
    timeoutMs,
  }),
  poll: z.strictObject({
    fds: z.array(z.strictObject({ fd: fdSchema, events: z.array(z.enum(pollEvents)) })).max(most.fds),
    timeoutMs,
  }),
  epoll_create1: z.strictObject({ cloexec: flag }),
  epoll_ctl: z.strictObject({
    epfd: fdSchema,
    operation: z.enum(['EPOLL_CTL_ADD', 'EPOLL_CTL_MOD', 'EPOLL_CTL_DEL']),
    fd: fdSchema,
    events: z.array(z.enum(epollEvents)).optional(),
  }),
  epoll_wait: z.strictObject({ epfd: fdSchema, maxEvents: z.number().int().min(0).max(most.fds), timeoutMs }),
  eventfd: z.strictObject({
    initial: z
      .number()
      .int()
      .min(0)
      .max(1 << 30),
    nonblock: flag,
    semaphore: flag,
  }),
  setrlimit: z.strictObject({ descriptors: z.number().int().min(3).max(2048) }),
  sigprocmask: z.strictObject({ how: z.enum(['SIG_BLOCK', 'SIG_UNBLOCK']), signals: z.array(z.enum(signalNames)) }),
  sigtimedwait: z.strictObject({ signals: z.array(z.enum(signalNames)).min(1), timeoutMs }),
  /** The child goes on as an actor of this name, with a copy of the descriptor table. */
  fork: z.strictObject({ child: nameSchema }),
  /** Another program in the same process: descriptors with FD_CLOEXEC are closed. Not where it has further actors. */
  execve: z.strictObject({}),
  exit: z.strictObject({ code: z.number().int().min(0).max(255) }),
  io_uring_setup: z.strictObject({ entries: z.number().int().min(1).max(64) }),
  /** No system call: an entry in memory that is shared with the kernel. `tag` comes back with the completion. */
  io_uring_prep: z.strictObject({
    ring: fdSchema,
    operation: z.enum(['nop', 'accept', 'recv', 'send']),
    fd: fdSchema.optional(),
    count: count.optional(),
    data: data.optional(),
    tag: z
      .number()
      .int()
      .min(0)
      .max(1 << 30),
  }),
  /** io_uring_enter that hands over and does not wait. */
  io_uring_submit: z.strictObject({ ring: fdSchema }),
  /** io_uring_enter that waits for one completion, and takes it. */
  io_uring_wait: z.strictObject({ ring: fdSchema }),
} as const;

export type CallName = keyof typeof callSchemas;
export const callNames = Object.keys(callSchemas) as CallName[];
export type ArgumentsOf<N extends CallName> = z.infer<(typeof callSchemas)[N]>;

/** A call and its arguments. */
export type BenchCall = { [N in CallName]: { readonly call: N; readonly arguments: ArgumentsOf<N> } }[CallName];

/** Calls whose result is a new fd, which a step may name. */
export const makesFd = (call: CallName, args: Readonly<Record<string, unknown>>): boolean =>
  ['socket', 'accept4', 'dup', 'epoll_create1', 'eventfd', 'io_uring_setup'].includes(call) ||
  (call === 'fcntl' && args.command === 'F_DUPFD');
