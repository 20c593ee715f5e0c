/** What an errno of a socket's call means: one sentence, and where the call decides, that of the call. */

const sentences: Readonly<Record<string, string>> = {
  EACCES: 'This user may not do that: ports below 1024 are for root.',
  EADDRINUSE: 'Another socket has this address and port, or one that is closed still holds it (TIME_WAIT).',
  EADDRNOTAVAIL: 'This machine has no such address.',
  EAFNOSUPPORT: 'The address is of another family than the socket.',
  EAGAIN: 'Nothing can be done at this moment, and the call does not wait: ask again when the descriptor is ready.',
  EALREADY: 'A connect of this socket is under way.',
  EBADF: 'There is no open file behind this number.',
  EBUSY: 'There is no room in the queue of submissions.',
  ECONNABORTED: 'The connection was ended before it was accepted.',
  ECONNREFUSED: 'Nobody listens there: the answer was a RST.',
  ECONNRESET: 'The peer has ended the connection by a RST; what was under way is lost.',
  EDESTADDRREQ: 'This socket has no peer, and none was named.',
  EEXIST: 'The set watches this file under this number already.',
  EINPROGRESS: 'The handshake has begun; the socket is writable when it is done.',
  EINTR: 'A signal came while the thread slept in this call; nothing was transferred.',
  EINVAL: 'An argument, or the state of the socket, does not go with this call.',
  EISCONN: 'This socket is connected already.',
  ELOOP: 'These epoll sets would watch each other.',
  EMFILE: 'The process has as many descriptors as it may have (RLIMIT_NOFILE): close some.',
  EMSGSIZE: 'A datagram goes as a whole or not at all, and this one is too long.',
  ENETUNREACH: 'There is no way to that address.',
  ENOBUFS: 'The kernel has no memory for that.',
  ENOENT: 'The set does not watch this descriptor.',
  ENOPROTOOPT: 'This socket has no such option.',
  ENOSYS: 'This kernel does not have that call.',
  ENOTCONN: 'This socket has no connection.',
  ENOTSOCK: 'The file behind this number is no socket.',
  EOPNOTSUPP: 'A file of this kind does not do that.',
  EPERM: 'This user may not do that, or the file cannot be watched.',
  EPIPE: 'The connection takes no more data from this side; beside the errno comes SIGPIPE, which is ignored here.',
  EPROTONOSUPPORT: 'This family has no such type of socket.',
  ETIMEDOUT: 'No answer came.',
};

export const knownErrnos = Object.keys(sentences);

const ofCall: Readonly<Record<string, string>> = {
  'accept4 EINVAL': 'This socket does not listen: call listen first.',
  'accept4 EAGAIN': 'No connection waits in the accept queue, and this socket does not wait for one.',
  'accept4 EOPNOTSUPP': 'Only a stream socket has connections to accept.',
  'bind EINVAL': 'This socket is bound already, and stays so.',
  'connect EAGAIN': 'The accept queue of that UNIX socket is full, or no port is free.',
  'connect EINVAL': 'This socket listens, or its connect has failed before.',
  'connect ECONNREFUSED': 'Nobody listens at that address: the kernel answered the SYN with a RST.',
  'listen EOPNOTSUPP': 'Only a stream socket can listen.',
  'read EAGAIN': 'The receive queue is empty, and this socket does not wait.',
  'recv EAGAIN': 'The receive queue is empty, and this call does not wait.',
  'recvfrom EAGAIN': 'No datagram is there, and this call does not wait.',
  'write EAGAIN': 'The send queue is full, and this socket does not wait until the peer has taken some of it.',
  'send EAGAIN': 'The send queue is full, and this call does not wait until the peer has taken some of it.',
  'sigtimedwait EAGAIN': 'No such signal came in time.',
  'recv ECONNREFUSED': 'A datagram that was sent before found nobody: the answer was an ICMP message.',
  'read ECONNREFUSED': 'A datagram that was sent before found nobody: the answer was an ICMP message.',
  'epoll_ctl EPERM': 'A plain file is always ready and cannot be watched.',
  'select EBADF': 'One of the descriptors is not open.',
};

/** Of any errno; one that is not among those above is told by its name. */
export const errnoSentence = (call: string, errno: string): string =>
  ofCall[`${call} ${errno}`] ?? sentences[errno] ?? `The kernel refused with ${errno}.`;
