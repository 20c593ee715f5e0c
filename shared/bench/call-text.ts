/**
 * A call of the bench as one line of C and of Python, for people: an address stands where C has a pointer to a sockaddr,
 * as strace prints it. Whole programs, which compile, are in source/.
 */
import type { BenchCall, CallName, FdRef } from './calls.ts';

type Loose = Readonly<Record<string, unknown>>;

const families = {
  inet: ['AF_INET', 'IPv4'],
  inet6: ['AF_INET6', 'IPv6'],
  unix: ['AF_UNIX', 'UNIX'],
} as const;

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
const orOf = (flags: readonly string[]): string => (flags.length === 0 ? '0' : flags.join(' | '));
const given = (flags: Readonly<Record<string, boolean | undefined>>): string[] =>
  Object.entries(flags).flatMap(([name, isSet]) => (isSet === true ? [name] : []));

export const bytesSent = ({ data, bytes }: { data?: string | undefined; bytes?: number | undefined }): number =>
  bytes ?? new TextEncoder().encode(data ?? '').length;
const whatIsSent = (args: { data?: string | undefined; bytes?: number | undefined }): string =>
  args.bytes === undefined ? quoted(args.data ?? '') : `"abc..."`;

const setText = (fds: readonly FdRef[] | undefined): string => (fds && fds.length > 0 ? `{${fds.join(', ')}}` : 'NULL');
const waits = (timeoutMs: number | undefined): number => timeoutMs ?? -1;

function cLine(step: BenchCall): string {
  switch (step.call) {
    case 'socket': {
      const { family, type, nonblock, cloexec } = step.arguments;
      const kind = [`SOCK_${type.toUpperCase()}`, ...given({ SOCK_NONBLOCK: nonblock, SOCK_CLOEXEC: cloexec })];
      return `socket(${families[family][0]}, ${orOf(kind)}, 0)`;
    }
    case 'bind':
    case 'connect':
      return `${step.call}(${step.arguments.fd}, ${step.arguments.address})`;
    case 'listen':
      return `listen(${step.arguments.fd}, ${step.arguments.backlog})`;
    case 'accept4': {
      const { fd, nonblock, cloexec } = step.arguments;
      return `accept4(${fd}, &peer, &length, ${orOf(given({ SOCK_NONBLOCK: nonblock, SOCK_CLOEXEC: cloexec }))})`;
    }
    case 'read':
      return `read(${step.arguments.fd}, buffer, ${step.arguments.count})`;
    case 'write':
      return `write(${step.arguments.fd}, ${whatIsSent(step.arguments)}, ${bytesSent(step.arguments)})`;
    case 'recv': {
      const { fd, count, peek, dontwait, waitall } = step.arguments;
      const flags = given({ MSG_PEEK: peek, MSG_DONTWAIT: dontwait, MSG_WAITALL: waitall });
      return `recv(${fd}, buffer, ${count}, ${orOf(flags)})`;
    }
    case 'send': {
      const { fd, dontwait, nosignal } = step.arguments;
      const flags = given({ MSG_DONTWAIT: dontwait, MSG_NOSIGNAL: nosignal });
      return `send(${fd}, ${whatIsSent(step.arguments)}, ${bytesSent(step.arguments)}, ${orOf(flags)})`;
    }
    case 'recvfrom': {
      const { fd, count, dontwait } = step.arguments;
      return `recvfrom(${fd}, buffer, ${count}, ${orOf(given({ MSG_DONTWAIT: dontwait }))}, &peer, &length)`;
    }
    case 'sendto': {
      const { fd, address } = step.arguments;
      return `sendto(${fd}, ${whatIsSent(step.arguments)}, ${bytesSent(step.arguments)}, 0, ${address})`;
    }
    case 'shutdown':
      return `shutdown(${step.arguments.fd}, ${step.arguments.how})`;
    case 'close':
      return `close(${step.arguments.fd})`;
    case 'dup': {
      const { fd, to } = step.arguments;
      return to === undefined ? `dup(${fd})` : `dup2(${fd}, ${to})`;
    }
    case 'fcntl': {
      const { fd, command, flags = [], value, signal } = step.arguments;
      const third = { F_SETFL: orOf(flags), F_SETFD: orOf(flags), F_DUPFD: String(value ?? 0) } as Readonly<
        Record<string, string>
      >;
      const more = { F_SETOWN: 'getpid()', F_SETSIG: signal ?? 'SIGIO' } as Readonly<Record<string, string>>;
      const argument = third[command] ?? more[command];
      return `fcntl(${fd}, ${command}${argument === undefined ? '' : `, ${argument}`})`;
    }
    case 'setsockopt': {
      const { fd, option, value } = step.arguments;
      const shown = option === 'SO_LINGER' ? `{on ${value < 0 ? 0 : 1}, ${Math.max(value, 0)} s}` : String(value);
      return `setsockopt(${fd}, ${levelOf(option)}, ${option}, ${shown})`;
    }
    case 'getsockopt':
      return `getsockopt(${step.arguments.fd}, ${levelOf(step.arguments.option)}, ${step.arguments.option}, &value, &length)`;
    case 'getsockname':
    case 'getpeername':
      return `${step.call}(${step.arguments.fd}, &address, &length)`;
    case 'select': {
      const { read, write, except, timeoutMs } = step.arguments;
      const all = [...(read ?? []), ...(write ?? []), ...(except ?? [])];
      const highest = Math.max(-1, ...all.map(Number).filter(Number.isFinite));
      const time = waits(timeoutMs) < 0 ? 'NULL' : `${waits(timeoutMs)} ms`;
      return `select(${highest + 1}, ${setText(read)}, ${setText(write)}, ${setText(except)}, ${time})`;
    }
    case 'poll': {
      const { fds, timeoutMs } = step.arguments;
      return `poll({${fds.map(({ fd, events }) => `{${fd}, ${orOf(events)}}`).join(', ')}}, ${fds.length}, ${waits(timeoutMs)})`;
    }
    case 'epoll_create1':
      return `epoll_create1(${step.arguments.cloexec === true ? 'EPOLL_CLOEXEC' : '0'})`;
    case 'epoll_ctl': {
      const { epfd, operation, fd, events } = step.arguments;
      return `epoll_ctl(${epfd}, ${operation}, ${fd}, ${operation === 'EPOLL_CTL_DEL' ? 'NULL' : `{${orOf(events ?? [])}}`})`;
    }
    case 'epoll_wait': {
      const { epfd, maxEvents, timeoutMs } = step.arguments;
      return `epoll_wait(${epfd}, events, ${maxEvents}, ${waits(timeoutMs)})`;
    }
    case 'eventfd': {
      const { initial, nonblock, semaphore } = step.arguments;
      return `eventfd(${initial}, ${orOf(given({ EFD_NONBLOCK: nonblock, EFD_SEMAPHORE: semaphore }))})`;
    }
    case 'setrlimit':
      return `setrlimit(RLIMIT_NOFILE, ${step.arguments.descriptors})`;
    case 'sigprocmask':
      return `sigprocmask(${step.arguments.how}, {${step.arguments.signals.join(', ')}}, NULL)`;
    case 'sigtimedwait': {
      const { signals, timeoutMs } = step.arguments;
      const time = waits(timeoutMs) < 0 ? 'NULL' : `${waits(timeoutMs)} ms`;
      return `sigtimedwait({${signals.join(', ')}}, &info, ${time})`;
    }
    case 'fork':
      return 'fork()';
    case 'execve':
      return 'execve("/proc/self/exe", ...)';
    case 'exit':
      return `exit(${step.arguments.code})`;
    case 'io_uring_setup':
      return `io_uring_setup(${step.arguments.entries}, &parameters)`;
    case 'io_uring_prep': {
      const { operation, fd, count, data, tag } = step.arguments;
      const about = { accept: `, ${fd ?? -1}`, recv: `, ${fd ?? -1}, buffer, ${count ?? 0}`, nop: '' };
      const rest = operation === 'send' ? `, ${fd ?? -1}, ${quoted(data ?? '')}` : about[operation];
      return `io_uring_prep_${operation}(sqe${rest}); sqe->user_data = ${tag}`;
    }
    case 'io_uring_submit':
      return `io_uring_submit(ring ${step.arguments.ring})`;
    case 'io_uring_wait':
      return `io_uring_wait_cqe(ring ${step.arguments.ring}, &cqe)`;
  }
}

export const levelOf = (option: string): string =>
  option.startsWith('TCP_') ? 'IPPROTO_TCP' : option.startsWith('IPV6_') ? 'IPPROTO_IPV6' : 'SOL_SOCKET';

/** ("127.0.0.1", 8080), or a UNIX socket's name. */
export function pythonAddress(address: string): string {
  if (address.startsWith('unix:@')) return `"\\0${address.slice(6)}"`;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replaceAll(/[[\]]/g, '');
  return `("${host}", ${address.slice(colon + 1)})`;
}

const pythonSent = (args: { data?: string | undefined; bytes?: number | undefined }): string =>
  args.bytes === undefined ? `b${quoted(args.data ?? '')}` : `pattern(${args.bytes})`;
const seconds = (timeoutMs: number | undefined): string =>
  waits(timeoutMs) < 0 ? 'None' : String(waits(timeoutMs) / 1000);
const of = (fd: FdRef | undefined): string => (typeof fd === 'number' ? `s${fd}` : (fd ?? 's'));

function pythonLine(step: BenchCall): string {
  switch (step.call) {
    case 'socket': {
      const { family, type, nonblock } = step.arguments;
      const made = `socket.socket(socket.${families[family][0]}, socket.SOCK_${type.toUpperCase()})`;
      return nonblock === true ? `${made}.setblocking(False)` : made;
    }
    case 'bind':
    case 'connect':
      return `${of(step.arguments.fd)}.${step.call}(${pythonAddress(step.arguments.address)})`;
    case 'listen':
      return `${of(step.arguments.fd)}.listen(${step.arguments.backlog})`;
    case 'accept4':
      return `${of(step.arguments.fd)}.accept()`;
    case 'read':
      return `os.read(${of(step.arguments.fd)}.fileno(), ${step.arguments.count})`;
    case 'write':
      return `os.write(${of(step.arguments.fd)}.fileno(), ${pythonSent(step.arguments)})`;
    case 'recv': {
      const { fd, count, peek, dontwait } = step.arguments;
      const flags = given({ 'socket.MSG_PEEK': peek, 'socket.MSG_DONTWAIT': dontwait });
      return `${of(fd)}.recv(${[String(count), ...(flags.length > 0 ? [orOf(flags)] : [])].join(', ')})`;
    }
    case 'send':
      return `${of(step.arguments.fd)}.send(${pythonSent(step.arguments)})`;
    case 'recvfrom':
      return `${of(step.arguments.fd)}.recvfrom(${step.arguments.count})`;
    case 'sendto':
      return `${of(step.arguments.fd)}.sendto(${pythonSent(step.arguments)}, ${pythonAddress(step.arguments.address)})`;
    case 'shutdown':
      return `${of(step.arguments.fd)}.shutdown(socket.${step.arguments.how})`;
    case 'close':
      return `${of(step.arguments.fd)}.close()`;
    case 'dup': {
      const { fd, to } = step.arguments;
      return to === undefined ? `${of(fd)}.dup()` : `os.dup2(${of(fd)}.fileno(), ${to})`;
    }
    case 'fcntl': {
      const { fd, command, flags = [], value, signal } = step.arguments;
      if (command === 'F_SETFL' && flags.join() === 'O_NONBLOCK') return `${of(fd)}.setblocking(False)`;
      const third = {
        ...{ F_SETFL: orOf(flags.map((each) => `os.${each}`)), F_SETFD: flags.length > 0 ? 'fcntl.FD_CLOEXEC' : '0' },
        ...{ F_DUPFD: String(value ?? 0), F_SETOWN: 'os.getpid()', F_SETSIG: pythonSignal(signal ?? 'SIGIO') },
      } as Readonly<Record<string, string>>;
      const argument = third[command];
      return `fcntl.fcntl(${of(fd)}, fcntl.${command}${argument === undefined ? '' : `, ${argument}`})`;
    }
    case 'setsockopt': {
      const { fd, option, value } = step.arguments;
      const shown =
        option === 'SO_LINGER' ? `struct.pack("ii", ${value < 0 ? 0 : 1}, ${Math.max(value, 0)})` : String(value);
      return `${of(fd)}.setsockopt(socket.${levelOf(option)}, socket.${option}, ${shown})`;
    }
    case 'getsockopt':
      return `${of(step.arguments.fd)}.getsockopt(socket.${levelOf(step.arguments.option)}, socket.${step.arguments.option})`;
    case 'getsockname':
    case 'getpeername':
      return `${of(step.arguments.fd)}.${step.call}()`;
    case 'select': {
      const { read = [], write = [], except = [], timeoutMs } = step.arguments;
      const lists = [read, write, except].map((fds) => `[${fds.map(of).join(', ')}]`).join(', ');
      return `select.select(${lists}${waits(timeoutMs) < 0 ? '' : `, ${seconds(timeoutMs)}`})`;
    }
    case 'poll':
      return `poller.poll(${waits(step.arguments.timeoutMs) < 0 ? '' : waits(step.arguments.timeoutMs)})`;
    case 'epoll_create1':
      return 'select.epoll()';
    case 'epoll_ctl': {
      const { epfd, operation, fd, events = [] } = step.arguments;
      const verb = { EPOLL_CTL_ADD: 'register', EPOLL_CTL_MOD: 'modify', EPOLL_CTL_DEL: 'unregister' }[operation];
      const mask = verb === 'unregister' ? '' : `, ${orOf(events.map((each) => `select.${each}`))}`;
      return `${of(epfd)}.${verb}(${of(fd)}${mask})`;
    }
    case 'epoll_wait':
      return `${of(step.arguments.epfd)}.poll(${seconds(step.arguments.timeoutMs)}, ${step.arguments.maxEvents})`;
    case 'eventfd':
      return `os.eventfd(${step.arguments.initial})`;
    case 'setrlimit':
      return `resource.setrlimit(resource.RLIMIT_NOFILE, (${step.arguments.descriptors}, hard))`;
    case 'sigprocmask':
      return `signal.pthread_sigmask(signal.${step.arguments.how}, {${step.arguments.signals.map(pythonSignal).join(', ')}})`;
    case 'sigtimedwait': {
      const signals = `{${step.arguments.signals.map(pythonSignal).join(', ')}}`;
      const isForEver = waits(step.arguments.timeoutMs) < 0;
      return isForEver
        ? `signal.sigwaitinfo(${signals})`
        : `signal.sigtimedwait(${signals}, ${seconds(step.arguments.timeoutMs)})`;
    }
    case 'fork':
      return 'os.fork()';
    case 'execve':
      return 'os.execve(sys.executable, ...)';
    case 'exit':
      return `os._exit(${step.arguments.code})`;
    case 'io_uring_setup':
    case 'io_uring_prep':
    case 'io_uring_submit':
    case 'io_uring_wait':
      return `# ${step.call}: Python's library has no io_uring`;
  }
}

export const pythonSignal = (name: string): string =>
  name.includes('+') ? `signal.${name.replace('+', ' + ')}` : `signal.${name}`;

/** `bind(3, 127.0.0.1:8080)`. The arguments are valid for the call (callSchemas), with numbers or names for fds. */
export const cText = (call: CallName, args: Loose): string => cLine({ call, arguments: args } as unknown as BenchCall);

/** `s3.bind(("127.0.0.1", 8080))`: the socket that C knows as 3 is an object, called by its number or its name. */
export const pythonText = (call: CallName, args: Loose): string =>
  pythonLine({ call, arguments: args } as unknown as BenchCall);
