/** One call of a bench as lines of C that compile, in a program of c.ts. */
import { bytesSent, levelOf } from '../call-text.ts';
import type { Operation } from './plan.ts';

const or = (flags: readonly string[]): string => (flags.length === 0 ? '0' : flags.join(' | '));
const given = (flags: Readonly<Record<string, boolean | undefined>>): string =>
  or(Object.entries(flags).flatMap(([name, isSet]) => (isSet === true ? [name] : [])));

/** As a C string; octal, since hexadecimal escapes have no end. */
const quoted = (text: string): string =>
  `"${Array.from(new TextEncoder().encode(text), (byte) =>
    byte < 32 || byte > 126 || byte === 34 || byte === 92
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  ).join('')}"`;

interface Sent {
  readonly data?: string | undefined;
  readonly bytes?: number | undefined;
}
const sent = (args: Sent): string =>
  `${args.bytes === undefined ? quoted(args.data ?? '') : 'pattern'}, ${bytesSent(args)}`;

/** `name` is a struct of its own in the block. */
function addressLines(operation: Operation, address: string): [declaration: string, use: string] {
  if (address.startsWith('unix:@')) {
    return [
      `struct sockaddr_un at; socklen_t size = unix_name(&at, ${quoted(address.slice(6))});`,
      '(struct sockaddr *)&at, size',
    ];
  }
  const colon = address.lastIndexOf(':');
  const number = Number(address.slice(colon + 1));
  const chosen = operation.portOf(number);
  const port = chosen === undefined ? String(number) : `port_of(${chosen})`;
  const host = address.slice(0, colon).replaceAll(/[[\]]/g, '');
  const kind = host.includes(':') ? 'in6' : 'in';
  const make = kind === 'in6' ? 'ipv6' : 'ipv4';
  return [`struct sockaddr_${kind} at = ${make}("${host}", ${port});`, '(struct sockaddr *)&at, sizeof at'];
}

const ring = (operation: Operation, fd: unknown): string | undefined =>
  operation.variable(fd)?.replace(/_fd$/, '_ring');

/** Lines of a block. `tell(x)` prints what the call came to. */
export function cCallLines(operation: Operation): string[] {
  const { made, index, as } = operation;
  if (!made) return [];
  const fd = (number: unknown): string => operation.variable(number) ?? String(number);
  const tell = (call: string): string => `${as === undefined ? '' : `${as} = `}tell(${index + 1}, ${call});`;
  switch (made.call) {
    case 'socket': {
      const { family, type, nonblock, cloexec } = made.arguments;
      const domain = { inet: 'AF_INET', inet6: 'AF_INET6', unix: 'AF_UNIX' }[family];
      const flags = given({ SOCK_NONBLOCK: nonblock, SOCK_CLOEXEC: cloexec });
      const kind = `SOCK_${type.toUpperCase()}${flags === '0' ? '' : ` | ${flags}`}`;
      return [tell(`socket(${domain}, ${kind}, 0)`)];
    }
    case 'bind':
    case 'connect': {
      const [declaration, use] = addressLines(operation, made.arguments.address);
      return [declaration, tell(`${made.call}(${fd(made.arguments.fd)}, ${use})`)];
    }
    case 'listen':
      return [tell(`listen(${fd(made.arguments.fd)}, ${made.arguments.backlog})`)];
    case 'accept4': {
      const { fd: of, nonblock, cloexec } = made.arguments;
      const flags = given({ SOCK_NONBLOCK: nonblock, SOCK_CLOEXEC: cloexec });
      return [tell(`accept4(${fd(of)}, NULL, NULL, ${flags})`)];
    }
    case 'read':
      return [tell(`read(${fd(made.arguments.fd)}, buffer, ${made.arguments.count})`)];
    case 'write':
      return [tell(`write(${fd(made.arguments.fd)}, ${sent(made.arguments)})`)];
    case 'recv':
    case 'recvfrom': {
      const { fd: of, count, dontwait } = made.arguments;
      const more = made.call === 'recv' ? { MSG_PEEK: made.arguments.peek, MSG_WAITALL: made.arguments.waitall } : {};
      return [tell(`recv(${fd(of)}, buffer, ${count}, ${given({ MSG_DONTWAIT: dontwait, ...more })})`)];
    }
    case 'send': {
      const { fd: of, dontwait, nosignal } = made.arguments;
      return [
        tell(`send(${fd(of)}, ${sent(made.arguments)}, ${given({ MSG_DONTWAIT: dontwait, MSG_NOSIGNAL: nosignal })})`),
      ];
    }
    case 'sendto': {
      const [declaration, use] = addressLines(operation, made.arguments.address);
      return [declaration, tell(`sendto(${fd(made.arguments.fd)}, ${sent(made.arguments)}, 0, ${use})`)];
    }
    case 'shutdown':
      return [tell(`shutdown(${fd(made.arguments.fd)}, ${made.arguments.how})`)];
    case 'close':
      return [tell(`close(${fd(made.arguments.fd)})`)];
    case 'dup': {
      const { fd: of, to } = made.arguments;
      return [tell(to === undefined ? `dup(${fd(of)})` : `dup2(${fd(of)}, ${to})`)];
    }
    case 'fcntl': {
      const { fd: of, command, flags = [], value, signal } = made.arguments;
      const third: Readonly<Record<string, string>> = {
        ...{ F_SETFL: `, ${or(flags)}`, F_SETFD: `, ${or(flags)}`, F_DUPFD: `, ${value ?? 0}` },
        ...{ F_SETOWN: ', getpid()', F_SETSIG: `, ${signal ?? 'SIGIO'}` },
      };
      return [tell(`fcntl(${fd(of)}, ${command}${third[command] ?? ''})`)];
    }
    case 'setsockopt': {
      const { fd: of, option, value } = made.arguments;
      const declaration =
        option === 'SO_LINGER'
          ? `struct linger value = {${value < 0 ? 0 : 1}, ${Math.max(value, 0)}};`
          : option.endsWith('TIMEO')
            ? `struct timeval value = {${Math.floor(value / 1000)}, ${(value % 1000) * 1000}};`
            : `int value = ${value};`;
      return [declaration, tell(`setsockopt(${fd(of)}, ${levelOf(option)}, ${option}, &value, sizeof value)`)];
    }
    case 'getsockopt': {
      const { fd: of, option } = made.arguments;
      const use = `getsockopt(${fd(of)}, ${levelOf(option)}, ${option}, &value, &size)`;
      return ['char value[64]; socklen_t size = sizeof value;', tell(use)];
    }
    case 'getsockname':
    case 'getpeername': {
      const use = `${made.call}(${fd(made.arguments.fd)}, (struct sockaddr *)&at, &size)`;
      return ['struct sockaddr_storage at; socklen_t size = sizeof at;', tell(use)];
    }
    case 'select': {
      const { timeoutMs = -1, ...lists } = made.arguments;
      const sets = (['read', 'write', 'except'] as const).map((name) => ({ name, fds: lists[name] ?? [] }));
      const all = sets.flatMap(({ fds }) => fds.map(fd));
      return [
        ...sets.map(
          ({ name, fds }) =>
            `fd_set ${name}_set; FD_ZERO(&${name}_set);${fds.map((each) => ` FD_SET(${fd(each)}, &${name}_set);`).join('')}`,
        ),
        ...(timeoutMs < 0
          ? []
          : [`struct timeval time = {${Math.floor(timeoutMs / 1000)}, ${(timeoutMs % 1000) * 1000}};`]),
        'int highest = -1;',
        ...all.map((each) => `if (${each} > highest) highest = ${each};`),
        tell(`select(highest + 1, &read_set, &write_set, &except_set, ${timeoutMs < 0 ? 'NULL' : '&time'})`),
      ];
    }
    case 'poll': {
      const { fds, timeoutMs = -1 } = made.arguments;
      const list = fds.map(({ fd: of, events }) => `{${fd(of)}, ${or(events)}, 0}`).join(', ');
      return [`struct pollfd fds[] = {${list}};`, tell(`poll(fds, ${fds.length}, ${timeoutMs})`)];
    }
    case 'epoll_create1':
      return [tell(`epoll_create1(${made.arguments.cloexec === true ? 'EPOLL_CLOEXEC' : '0'})`)];
    case 'epoll_ctl': {
      const { epfd, operation: what, fd: of, events = [] } = made.arguments;
      return [
        `struct epoll_event event = {.events = ${or(events)}, .data.fd = ${fd(of)}};`,
        tell(`epoll_ctl(${fd(epfd)}, ${what}, ${fd(of)}, &event)`),
      ];
    }
    case 'epoll_wait': {
      const { epfd, maxEvents, timeoutMs = -1 } = made.arguments;
      return ['struct epoll_event events[64];', tell(`epoll_wait(${fd(epfd)}, events, ${maxEvents}, ${timeoutMs})`)];
    }
    case 'eventfd': {
      const { initial, nonblock, semaphore } = made.arguments;
      return [tell(`eventfd(${initial}, ${given({ EFD_NONBLOCK: nonblock, EFD_SEMAPHORE: semaphore })})`)];
    }
    case 'setrlimit':
      return [
        'struct rlimit limit; getrlimit(RLIMIT_NOFILE, &limit);',
        `limit.rlim_cur = ${made.arguments.descriptors};`,
        tell('setrlimit(RLIMIT_NOFILE, &limit)'),
      ];
    case 'sigprocmask': {
      const adds = made.arguments.signals.map((name) => ` sigaddset(&set, ${name});`).join('');
      return [`sigset_t set; sigemptyset(&set);${adds}`, tell(`sigprocmask(${made.arguments.how}, &set, NULL)`)];
    }
    case 'sigtimedwait': {
      const { signals, timeoutMs = -1 } = made.arguments;
      const adds = signals.map((name) => ` sigaddset(&set, ${name});`).join('');
      const time = `struct timespec time = {${Math.floor(timeoutMs / 1000)}, ${(timeoutMs % 1000) * 1_000_000}};`;
      return [
        `sigset_t set; sigemptyset(&set);${adds}`,
        ...(timeoutMs < 0 ? [] : [time]),
        tell(timeoutMs < 0 ? 'sigwaitinfo(&set, NULL)' : 'sigtimedwait(&set, NULL, &time)'),
      ];
    }
    case 'io_uring_setup':
      return [
        `int failed = io_uring_queue_init(${made.arguments.entries}, &${as?.replace(/_fd$/, '_ring') ?? 'ring'}, 0);`,
        `if (failed < 0) errno = -failed;`,
        tell(`failed < 0 ? -1 : ${as?.replace(/_fd$/, '_ring') ?? 'ring'}.ring_fd`),
      ];
    case 'io_uring_prep': {
      const { ring: of, operation: what, fd: on, count = 0, data = '', tag } = made.arguments;
      const rest = {
        ...{ nop: '', accept: `, ${fd(on)}, NULL, NULL, 0` },
        ...{ recv: `, ${fd(on)}, buffer, ${count}, 0`, send: `, ${fd(on)}, ${sent({ data })}, 0` },
      }[what];
      return [
        `struct io_uring_sqe *entry = io_uring_get_sqe(&${ring(operation, of) ?? 'ring'});`,
        `io_uring_prep_${what}(entry${rest});`,
        `entry->user_data = ${tag};`,
        tell('0'),
      ];
    }
    case 'io_uring_submit':
      return [tell(`io_uring_submit(&${ring(operation, made.arguments.ring) ?? 'ring'})`)];
    case 'io_uring_wait': {
      const of = ring(operation, made.arguments.ring) ?? 'ring';
      return [
        'struct io_uring_cqe *done = NULL;',
        `long result = io_uring_wait_cqe(&${of}, &done);`,
        `if (result < 0) errno = -result;`,
        `tell(${index + 1}, result < 0 ? -1 : 0);`,
        `if (done) { printf("  completion %d\\n", done->res); io_uring_cqe_seen(&${of}, done); }`,
      ];
    }
    case 'fork':
    case 'execve':
    case 'exit':
      return [];
  }
}
