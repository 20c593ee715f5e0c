import { callTerms, errnoTerms } from './terms-of-calls.ts';

/**
 * Words of the field that stand on the screens, each with what it means: one or two sentences that need no other page.
 * `see` are terms beside it, `man` the manual page that has the whole.
 */
export interface Term {
  readonly title: string;
  readonly text: string;
  readonly see?: readonly TermId[];
  readonly man?: string;
}

const list = {
  socket: {
    title: 'Socket',
    text: 'One end of a conversation, kept by the kernel. A program holds it by a file descriptor and speaks to it with system calls.',
    see: ['fd', 'four-tuple'],
    man: 'socket(7)',
  },
  fd: {
    title: 'File descriptor',
    text: 'A small number, the index into a process’s table of open files. A socket is a file there like any other: read, write and close work on it.',
    see: ['open-file', 'dup'],
    man: 'open(2)',
  },
  'open-file': {
    title: 'Open file description',
    text: 'What a descriptor points to: the kernel’s record of one open file, with its status flags. Two descriptors, and two processes, can share one; the socket goes when the last of them closes it.',
    see: ['dup', 'fork'],
    man: 'open(2)',
  },
  'guard-socket': {
    title: 'Guard (listening) socket',
    text: 'It guards a port and is bound to half of the 4-tuple: its own address and port, nobody’s beside it. It never carries data; accept takes finished connections from it, each as a socket of its own.',
    see: ['connection-socket', 'listen', 'accept-queue'],
    man: 'listen(2)',
  },
  'connection-socket': {
    title: 'Connection socket',
    text: 'One end of one connection, bound to all of the 4-tuple: own address and port, peer’s address and port. All connections of a server share the port of its guard.',
    see: ['guard-socket', 'four-tuple'],
    man: 'accept(2)',
  },
  'four-tuple': {
    title: '4-tuple',
    text: 'Own address, own port, peer’s address, peer’s port. The kernel finds the socket of each segment that arrives by these four; no two connections have the same.',
    see: ['guard-socket', 'ephemeral-port'],
    man: 'tcp(7)',
  },
  'ephemeral-port': {
    title: 'Ephemeral port',
    text: 'A port that the kernel chooses, because the program named none: usually the client’s, at connect. The range is in /proc/sys/net/ipv4/ip_local_port_range.',
    see: ['four-tuple', 'bind'],
    man: 'ip(7)',
  },
  bind: {
    title: 'bind',
    text: 'Gives a socket its own address and port. Port 0 asks the kernel to choose one.',
    see: ['four-tuple', 'EADDRINUSE'],
    man: 'bind(2)',
  },
  listen: {
    title: 'listen',
    text: 'Makes a socket a guard: from now on the kernel finishes handshakes on its port by itself and queues the connections. No process need wait in accept for that.',
    see: ['guard-socket', 'backlog'],
    man: 'listen(2)',
  },
  backlog: {
    title: 'Backlog',
    text: 'How many finished connections may wait in the accept queue. Linux lets one more in than the number says, and cuts it at /proc/sys/net/core/somaxconn.',
    see: ['accept-queue'],
    man: 'listen(2)',
  },
  'accept-queue': {
    title: 'Accept queue',
    text: 'Connections whose handshake is done and that nobody has taken with accept. They have no descriptor yet, and can already hold data. When it is full, the kernel drops what arrives and the client tries again.',
    see: ['backlog', 'accept'],
    man: 'listen(2)',
  },
  accept: {
    title: 'accept',
    text: 'Takes the oldest connection from the accept queue and gives it a descriptor of its own. Sleeps where the queue is empty, unless the guard is non-blocking.',
    see: ['accept-queue', 'blocking'],
    man: 'accept(2)',
  },
  connect: {
    title: 'connect',
    text: 'On a stream socket: sends SYN and sleeps until the handshake is done or refused. The kernel gives the socket a port of its own where it has none. On UDP it only remembers the peer; nothing is sent.',
    see: ['ephemeral-port', 'SYN'],
    man: 'connect(2)',
  },
  shutdown: {
    title: 'shutdown',
    text: 'Ends one or both directions of the connection, whoever else holds the socket. The descriptor stays open and must still be closed.',
    see: ['half-close', 'close'],
    man: 'shutdown(2)',
  },
  close: {
    title: 'close',
    text: 'Gives the descriptor back. The connection ends (FIN) when the last descriptor of its open file is closed; with unread data in the receive queue it ends with RST instead.',
    see: ['open-file', 'FIN', 'RST'],
    man: 'close(2)',
  },
  'half-close': {
    title: 'Half-close',
    text: 'One side has said that it will send no more (FIN), and still receives. The other side reads 0, end of file, and may go on sending.',
    see: ['shutdown', 'CLOSE_WAIT'],
    man: 'shutdown(2)',
  },
  'receive-queue': {
    title: 'Receive queue',
    text: 'Bytes that have arrived, and been acknowledged by the kernel, that no read has taken. When it is full the peer’s sending stops.',
    see: ['send-queue', 'backpressure'],
    man: 'tcp(7)',
  },
  'send-queue': {
    title: 'Send queue',
    text: 'Bytes that write has taken and the peer’s kernel has not acknowledged. write returns when the bytes are here: that says nothing about the peer having read them.',
    see: ['receive-queue', 'backpressure'],
    man: 'tcp(7)',
  },
  backpressure: {
    title: 'Backpressure',
    text: 'A reader that does not read fills its receive queue, then the writer’s send queue, and then write sleeps or says EAGAIN: the slow side slows the fast one down.',
    see: ['send-queue', 'EAGAIN'],
  },
  blocking: {
    title: 'Blocking call',
    text: 'A call that cannot be done yet puts its thread to sleep in the kernel. The thread costs no CPU until what it waits for happens, or a signal comes.',
    see: ['non-blocking', 'EINTR'],
    man: 'read(2)',
  },
  'non-blocking': {
    title: 'Non-blocking (O_NONBLOCK)',
    text: 'A flag of the open file: a call that would have to sleep returns at once with EAGAIN instead.',
    see: ['EAGAIN', 'open-file'],
    man: 'fcntl(2)',
  },
  asleep: {
    title: 'Asleep',
    text: 'The thread is inside the kernel, in the call that is named, and off the CPU. /proc/PID/task/TID/wchan names the function of the kernel that it waits in, where the kernel tells.',
    see: ['blocking'],
    man: 'proc(5)',
  },
  readiness: {
    title: 'Readiness',
    text: 'A socket is readable when a read would not sleep: data is there, or end of file, or an error, or for a guard a finished connection. It is writable when the send queue has room.',
    see: ['select', 'epoll'],
    man: 'select(2)',
  },
  select: {
    title: 'select',
    text: 'Waits until one of many descriptors is ready. The sets are bitmaps of FD_SETSIZE bits that are rewritten at each call, so that they must be filled anew each time.',
    see: ['FD_SETSIZE', 'poll', 'readiness'],
    man: 'select(2)',
  },
  FD_SETSIZE: {
    title: 'FD_SETSIZE',
    text: 'Bits in a select set: 1024 in glibc. A larger descriptor has no bit, and setting it anyway would write past the set’s end.',
    see: ['select'],
    man: 'select(2)',
  },
  poll: {
    title: 'poll',
    text: 'As select, with a list of descriptors in place of bitmaps: no limit on their numbers, but the whole list goes to the kernel at each call.',
    see: ['select', 'epoll'],
    man: 'poll(2)',
  },
  epoll: {
    title: 'epoll set',
    text: 'A list of watched files that stays in the kernel, itself behind a descriptor. epoll_wait returns only what is ready, so that the idle ones cost nothing.',
    see: ['level-triggered', 'edge-triggered', 'epoll-dup'],
    man: 'epoll(7)',
  },
  'epoll-dup': {
    title: 'What an epoll set watches',
    text: 'Not the descriptor but the open file behind it. Close the descriptor while a dup lives, and the set goes on reporting a number that can no longer be removed.',
    see: ['epoll', 'open-file', 'dup'],
    man: 'epoll(7)',
  },
  'level-triggered': {
    title: 'Level-triggered',
    text: 'Reported at every wait for as long as it is so: data left unread is told again.',
    see: ['edge-triggered'],
    man: 'epoll(7)',
  },
  'edge-triggered': {
    title: 'Edge-triggered (EPOLLET)',
    text: 'Reported once when something new comes. Who does not read until EAGAIN is not told again of what was left.',
    see: ['level-triggered', 'EAGAIN'],
    man: 'epoll(7)',
  },
  eventfd: {
    title: 'eventfd',
    text: 'A descriptor that holds a counter: write adds to it, read takes it, and it is readable while it is not zero. Programs use it to wake their own event loop.',
    see: ['readiness'],
    man: 'eventfd(2)',
  },
  dup: {
    title: 'dup',
    text: 'A second descriptor for the same open file. Both must be closed before the file goes.',
    see: ['open-file', 'close'],
    man: 'dup(2)',
  },
  fork: {
    title: 'fork',
    text: 'The child gets a copy of the descriptor table; its descriptors point to the same open files. A connection ends only when parent and child have closed it.',
    see: ['open-file', 'cloexec'],
    man: 'fork(2)',
  },
  cloexec: {
    title: 'Close-on-exec',
    text: 'A flag of the descriptor: it is closed when the process runs another program, so that sockets do not leak into it.',
    see: ['fork', 'fd'],
    man: 'fcntl(2)',
  },
  'signal-driven': {
    title: 'Signal-driven I/O',
    text: 'With O_ASYNC the kernel sends a signal when a socket becomes ready. The call itself is still made by the program afterwards.',
    see: ['readiness', 'EINTR'],
    man: 'fcntl(2)',
  },
  io_uring: {
    title: 'io_uring',
    text: 'Two rings shared with the kernel. The program submits calls to one and finds their results, completions, in the other: it is told that something is done, not that it could be done.',
    see: ['readiness'],
    man: 'io_uring(7)',
  },
  udp: {
    title: 'UDP',
    text: 'Datagrams, each with its own destination. No connection, no handshake, no states: one unconnected socket hears every peer.',
    see: ['connect', 'socket'],
    man: 'udp(7)',
  },
  unix: {
    title: 'UNIX socket',
    text: 'Between processes of one machine, named by a path or by nothing. No ports, and no network in between.',
    see: ['socket'],
    man: 'unix(7)',
  },
  segment: {
    title: 'Segment',
    text: 'What TCP sends at once: flags, numbers and maybe bytes of the stream. How many crossed is the kernel’s count (tcp_info).',
    see: ['inferred', 'SYN', 'FIN', 'RST'],
    man: 'tcp(7)',
  },
  inferred: {
    title: 'Inferred',
    text: 'Concluded from the states before and after, not seen on the wire: nothing was captured. Drawn dashed.',
    see: ['segment'],
  },
  SYN: {
    title: 'SYN',
    text: 'The flag that opens a direction: “my numbers begin here”. SYN, SYN+ACK, ACK are the three-way handshake.',
    see: ['connect', 'SYN_SENT'],
    man: 'tcp(7)',
  },
  FIN: {
    title: 'FIN',
    text: 'The flag that ends a direction: “I send no more”. The peer’s read returns 0 once it has read what came before.',
    see: ['half-close', 'close'],
    man: 'tcp(7)',
  },
  RST: {
    title: 'RST',
    text: 'The flag that breaks the connection off at once. What was not yet read is thrown away; the next call on the socket says ECONNRESET or EPIPE.',
    see: ['ECONNRESET', 'SO_LINGER'],
    man: 'tcp(7)',
  },
  SO_LINGER: {
    title: 'SO_LINGER',
    text: 'What close does with unsent data. On with a time of 0 it throws the data away and sends RST instead of FIN, so that no TIME_WAIT stays either.',
    see: ['RST', 'TIME_WAIT'],
    man: 'socket(7)',
  },
  SO_REUSEADDR: {
    title: 'SO_REUSEADDR',
    text: 'Lets bind take a port on which old connections still wait in TIME_WAIT. Servers set it so that they can be started again at once.',
    see: ['TIME_WAIT', 'EADDRINUSE'],
    man: 'socket(7)',
  },
  retransmit: {
    title: 'Retransmit',
    text: 'A segment that was sent again because nobody acknowledged it in time.',
    see: ['segment'],
    man: 'tcp(7)',
  },
  CLOSE: { title: 'CLOSED', text: 'No connection: not yet, or not any more.', see: ['tcp-state'] },
  LISTEN: { title: 'LISTEN', text: 'A guard: waits for SYN from anyone.', see: ['guard-socket'] },
  SYN_SENT: { title: 'SYN_SENT', text: 'The client has sent SYN and waits for the answer.', see: ['SYN', 'connect'] },
  SYN_RECV: {
    title: 'SYN_RECV',
    text: 'A SYN came, SYN+ACK went, the last ACK is missing. The kernel keeps only a small note of it.',
    see: ['SYN', 'accept-queue'],
  },
  ESTABLISHED: {
    title: 'ESTABLISHED',
    text: 'The handshake is done; bytes flow both ways.',
    see: ['connection-socket'],
  },
  FIN_WAIT_1: {
    title: 'FIN_WAIT_1',
    text: 'This side has sent FIN and waits for it to be acknowledged.',
    see: ['FIN', 'FIN_WAIT_2'],
  },
  FIN_WAIT_2: {
    title: 'FIN_WAIT_2',
    text: 'This side’s FIN is acknowledged; the peer has not sent its own. If no process holds the socket any more, Linux drops it after 60 s.',
    see: ['half-close', 'CLOSE_WAIT'],
  },
  CLOSING: { title: 'CLOSING', text: 'Both sent FIN at the same time; the peer’s ACK is missing.', see: ['FIN'] },
  TIME_WAIT: {
    title: 'TIME_WAIT',
    text: 'The side that closed first keeps the 4-tuple for 60 s, so that late segments cannot reach a new connection of the same name. It belongs to no process.',
    see: ['SO_REUSEADDR', 'four-tuple'],
    man: 'tcp(7)',
  },
  CLOSE_WAIT: {
    title: 'CLOSE_WAIT',
    text: 'The peer has sent FIN; this side has not closed. It stays so until the program calls close: remember to close.',
    see: ['close', 'EMFILE'],
  },
  LAST_ACK: {
    title: 'LAST_ACK',
    text: 'The peer closed first, now this side has too; its FIN is not yet acknowledged.',
    see: ['FIN'],
  },
  'tcp-state': {
    title: 'TCP state',
    text: 'Where a connection is in its life, as this end sees it. Two ends can be in different states at the same time.',
    see: ['ESTABLISHED', 'TIME_WAIT', 'CLOSE_WAIT'],
    man: 'tcp(7)',
  },
  errno: {
    title: 'errno',
    text: 'Why the last call failed: it returned -1 and left the reason here.',
    man: 'errno(3)',
  },
  EAGAIN: {
    title: 'EAGAIN',
    text: 'Nothing could be done without sleeping, and the file is non-blocking: try again when it is ready. EWOULDBLOCK is the same number on Linux.',
    see: ['non-blocking', 'readiness'],
    man: 'errno(3)',
  },
  EINPROGRESS: {
    title: 'EINPROGRESS',
    text: 'A non-blocking connect has begun; it is done when the socket becomes writable.',
    see: ['non-blocking', 'connect'],
    man: 'connect(2)',
  },
  EINTR: {
    title: 'EINTR',
    text: 'A signal came while the call slept. Nothing was done: call again.',
    see: ['blocking'],
    man: 'signal(7)',
  },
  EPIPE: {
    title: 'EPIPE',
    text: 'Written to a connection on which nothing can be sent any more. The process also gets SIGPIPE, which ends it unless it is ignored.',
    see: ['RST', 'shutdown'],
    man: 'write(2)',
  },
  ECONNRESET: { title: 'ECONNRESET', text: 'The peer broke the connection off (RST).', see: ['RST'], man: 'errno(3)' },
  ECONNREFUSED: {
    title: 'ECONNREFUSED',
    text: 'Nobody listens on that port: its kernel answered the SYN with RST.',
    see: ['guard-socket', 'RST'],
    man: 'connect(2)',
  },
  EADDRINUSE: {
    title: 'EADDRINUSE',
    text: 'Another socket has that address and port, or old connections of it still wait in TIME_WAIT.',
    see: ['bind', 'TIME_WAIT', 'SO_REUSEADDR'],
    man: 'bind(2)',
  },
  EADDRNOTAVAIL: {
    title: 'EADDRNOTAVAIL',
    text: 'The address is not one of this machine, or no port is left in the range.',
    see: ['ephemeral-port'],
    man: 'bind(2)',
  },
  EMFILE: {
    title: 'EMFILE',
    text: 'The process has as many descriptors as it may have (RLIMIT_NOFILE). Usually something forgot to close.',
    see: ['close', 'CLOSE_WAIT'],
    man: 'getrlimit(2)',
  },
  EBADF: { title: 'EBADF', text: 'That number is not an open descriptor.', see: ['fd'], man: 'errno(3)' },
  EINVAL: {
    title: 'EINVAL',
    text: 'The call makes no sense for this socket as it is now, such as accept before listen or a second bind.',
    see: ['listen', 'bind'],
    man: 'errno(3)',
  },
  ENOTCONN: { title: 'ENOTCONN', text: 'The socket has no peer.', see: ['connect'], man: 'errno(3)' },
  EISCONN: { title: 'EISCONN', text: 'The socket has a peer already.', see: ['connect'], man: 'errno(3)' },
  EALREADY: { title: 'EALREADY', text: 'An earlier connect of this socket still goes on.', see: ['EINPROGRESS'] },
  ENOTSOCK: { title: 'ENOTSOCK', text: 'The descriptor is open, but no socket.', see: ['fd'], man: 'errno(3)' },
  ...callTerms,
  ...errnoTerms,
} as const satisfies Readonly<Record<string, Omit<Term, 'see'> & { readonly see?: readonly string[] }>>;

export type TermId = keyof typeof list;

/** What the panel of a call leads to. */
export const termOfCall = (call: string): string => (call === 'accept4' ? 'accept' : call);

export const terms = list as Readonly<Record<TermId, Term>>;

export const isTerm = (id: string): id is TermId => Object.hasOwn(list, id);
