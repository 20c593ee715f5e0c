/** Names of Linux's error numbers that calls on sockets meet; they are the same on x86 and Arm. */
const names: Readonly<Record<number, string>> = {
  4: 'EINTR',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  32: 'EPIPE',
  62: 'ETIME',
  71: 'EPROTO',
  103: 'ECONNABORTED',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  114: 'EALREADY',
  115: 'EINPROGRESS',
  125: 'ECANCELED',
};

export const errnoName = (errno: number): string => names[errno] ?? `errno ${errno}`;
