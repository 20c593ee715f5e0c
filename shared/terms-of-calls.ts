/** Words of single system calls, and of what the kernel refuses them with: those that terms.ts has not among its own. */

interface Entry {
  readonly title: string;
  readonly text: string;
  readonly see?: readonly string[];
  readonly man: string;
}

export const callTerms = {
  read: {
    title: 'read',
    text: 'Takes bytes out of the receive queue, at most as many as it is asked for, and often fewer. 0 is the end: the peer will send no more.',
    see: ['receive-queue', 'blocking'],
    man: 'read(2)',
  },
  write: {
    title: 'write',
    text: 'Puts bytes into the send queue and returns when the kernel has them, not when the peer has. It may take fewer than it is given.',
    see: ['EPIPE', 'EAGAIN'],
    man: 'write(2)',
  },
  recv: {
    title: 'recv',
    text: 'read for sockets, with flags: MSG_PEEK looks without taking, MSG_DONTWAIT does not wait, MSG_WAITALL waits for all.',
    see: ['read'],
    man: 'recv(2)',
  },
  send: {
    title: 'send',
    text: 'write for sockets, with flags: MSG_DONTWAIT does not wait, MSG_NOSIGNAL keeps SIGPIPE away.',
    see: ['write'],
    man: 'send(2)',
  },
  recvfrom: {
    title: 'recvfrom',
    text: 'Receives one datagram and says who sent it. What does not fit in the buffer is thrown away.',
    see: ['recv'],
    man: 'recv(2)',
  },
  sendto: {
    title: 'sendto',
    text: 'Sends one datagram to the address that it names; no connection is needed for that.',
    see: ['send'],
    man: 'send(2)',
  },
  fcntl: {
    title: 'fcntl',
    text: 'Changes an open file (F_SETFL: O_NONBLOCK, O_ASYNC), a descriptor (F_SETFD: FD_CLOEXEC), or makes a copy (F_DUPFD).',
    see: ['non-blocking', 'open-file'],
    man: 'fcntl(2)',
  },
  setsockopt: {
    title: 'setsockopt',
    text: 'Sets an option of a socket: the size of its queues, how it ends (SO_LINGER), whether its address may be used again (SO_REUSEADDR).',
    see: ['SO_REUSEADDR'],
    man: 'socket(7)',
  },
  getsockopt: {
    title: 'getsockopt',
    text: 'Asks for an option of a socket. SO_ERROR tells what became of a non-blocking connect, and forgets it.',
    see: ['setsockopt', 'EINPROGRESS'],
    man: 'socket(7)',
  },
  getsockname: {
    title: 'getsockname',
    text: 'The own half of the 4-tuple: after bind to port 0 or after connect, which port the kernel chose.',
    see: ['four-tuple', 'ephemeral-port'],
    man: 'getsockname(2)',
  },
  getpeername: {
    title: 'getpeername',
    text: 'The peer’s half of the 4-tuple. A guard has none.',
    see: ['four-tuple', 'ENOTCONN'],
    man: 'getpeername(2)',
  },
  epoll_create1: {
    title: 'epoll_create1',
    text: 'Makes an epoll set: a file of its own, with a descriptor, that watches others.',
    see: ['epoll', 'fd'],
    man: 'epoll_create(2)',
  },
  epoll_ctl: {
    title: 'epoll_ctl',
    text: 'Adds a file to an epoll set, changes what is watched of it, or takes it out. The set watches the open file, under the number that it was added with.',
    see: ['epoll', 'epoll-dup'],
    man: 'epoll_ctl(2)',
  },
  epoll_wait: {
    title: 'epoll_wait',
    text: 'Sleeps until something in the set is ready, and tells which. Its cost follows the number that are ready, not the number that are watched.',
    see: ['epoll', 'level-triggered', 'edge-triggered'],
    man: 'epoll_wait(2)',
  },
  setrlimit: {
    title: 'setrlimit',
    text: 'Changes a limit of the process; here RLIMIT_NOFILE, the number above which no descriptor can be.',
    see: ['EMFILE', 'fd'],
    man: 'getrlimit(2)',
  },
  sigprocmask: {
    title: 'sigprocmask',
    text: 'Holds signals back, so that they wait until somebody takes them, or lets them through again.',
    see: ['sigtimedwait'],
    man: 'sigprocmask(2)',
  },
  sigtimedwait: {
    title: 'sigtimedwait',
    text: 'Takes a signal that was held back, or sleeps until one comes. With F_SETSIG it tells which descriptor became ready.',
    see: ['sigprocmask', 'fcntl'],
    man: 'sigtimedwait(2)',
  },
  execve: {
    title: 'execve',
    text: 'Another program in the same process. Its descriptors stay open, except those with FD_CLOEXEC.',
    see: ['fork', 'fd'],
    man: 'execve(2)',
  },
  exit: {
    title: 'exit',
    text: 'The process ends, and the kernel closes whatever it had open.',
    see: ['close'],
    man: '_exit(2)',
  },
  io_uring_setup: {
    title: 'io_uring_setup',
    text: 'Makes two queues in memory that the program shares with the kernel: one of what is to be done, one of what was done.',
    man: 'io_uring_setup(2)',
  },
  io_uring_prep: {
    title: 'io_uring_prep',
    text: 'Writes a request into the queue of submissions. That is no system call: the kernel does not know of it yet.',
    see: ['io_uring_submit'],
    man: 'io_uring(7)',
  },
  io_uring_submit: {
    title: 'io_uring_submit',
    text: 'io_uring_enter: hands the requests over and returns at once. The kernel does them by itself.',
    see: ['io_uring_wait'],
    man: 'io_uring_enter(2)',
  },
  io_uring_wait: {
    title: 'io_uring_wait',
    text: 'io_uring_enter: sleeps until a request has been completed, and takes its result. It tells that something is done, where epoll tells that it can be done.',
    see: ['io_uring_submit', 'epoll_wait'],
    man: 'io_uring_enter(2)',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export const errnoTerms = {
  EACCES: {
    title: 'EACCES',
    text: 'This user may not do that; ports below 1024 are for root.',
    see: ['bind'],
    man: 'bind(2)',
  },
  EAFNOSUPPORT: {
    title: 'EAFNOSUPPORT',
    text: 'The address is of another family than the socket, such as IPv4 for a socket of IPv6.',
    see: ['socket'],
    man: 'socket(2)',
  },
  EBUSY: {
    title: 'EBUSY',
    text: 'Something that the call needs is in use, such as a full queue of submissions.',
    man: 'errno(3)',
  },
  ECONNABORTED: {
    title: 'ECONNABORTED',
    text: 'The connection was ended before accept could take it from the queue.',
    see: ['accept-queue'],
    man: 'accept(2)',
  },
  EDESTADDRREQ: {
    title: 'EDESTADDRREQ',
    text: 'A datagram without an address, on a socket that is connected to nobody.',
    see: ['sendto', 'connect'],
    man: 'send(2)',
  },
  EEXIST: {
    title: 'EEXIST',
    text: 'The epoll set watches this file under this number already.',
    see: ['epoll_ctl'],
    man: 'epoll_ctl(2)',
  },
  ELOOP: {
    title: 'ELOOP',
    text: 'These epoll sets would watch each other in a circle.',
    see: ['epoll_ctl'],
    man: 'epoll_ctl(2)',
  },
  EMSGSIZE: {
    title: 'EMSGSIZE',
    text: 'A datagram goes as a whole or not at all, and this one is longer than one can be.',
    see: ['sendto'],
    man: 'send(2)',
  },
  ENETUNREACH: {
    title: 'ENETUNREACH',
    text: 'The kernel knows no way to that address.',
    see: ['connect'],
    man: 'connect(2)',
  },
  ENOBUFS: { title: 'ENOBUFS', text: 'The kernel has no memory for that at the moment.', man: 'errno(3)' },
  ENOENT: {
    title: 'ENOENT',
    text: 'The epoll set does not watch this descriptor.',
    see: ['epoll_ctl'],
    man: 'epoll_ctl(2)',
  },
  ENOPROTOOPT: {
    title: 'ENOPROTOOPT',
    text: 'This socket has no such option, or it can only be asked for.',
    see: ['setsockopt'],
    man: 'setsockopt(2)',
  },
  ENOSYS: {
    title: 'ENOSYS',
    text: 'This kernel does not have the call, or does not let programs make it.',
    man: 'errno(3)',
  },
  EOPNOTSUPP: {
    title: 'EOPNOTSUPP',
    text: 'A file of this kind does not do that: only stream sockets listen and accept.',
    see: ['listen'],
    man: 'errno(3)',
  },
  EPERM: {
    title: 'EPERM',
    text: 'This user may not do that, or a file of this kind cannot be watched.',
    man: 'errno(3)',
  },
  EPROTONOSUPPORT: {
    title: 'EPROTONOSUPPORT',
    text: 'This family has no such type of socket.',
    see: ['socket'],
    man: 'socket(2)',
  },
  ETIMEDOUT: {
    title: 'ETIMEDOUT',
    text: 'The peer has not answered, however often the kernel asked again.',
    see: ['retransmit'],
    man: 'tcp(7)',
  },
} as const satisfies Readonly<Record<string, Entry>>;
