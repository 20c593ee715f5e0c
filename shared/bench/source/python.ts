/** A program in Python that does what was done on a bench, call by call, and prints what each came to. */
import { levelOf, pythonAddress, pythonSignal } from '../call-text.ts';
import type { BenchStep } from '../step.ts';
import { planOf, type Operation, type Plan } from './plan.ts';

const identifier = (name: string): string => name.replaceAll(/\W/g, '_');

const head = `import errno, fcntl, mmap, os, resource, select, signal, socket, struct, sys, threading, time

pattern = bytes(ord("a") + i % 26 for i in range(1 << 20))


def say(line):
    """In one piece, whoever else prints."""
    os.write(1, (line + "\\n").encode())


def tell(step, call):
    """Makes a call, prints what it came to, and hands that on."""
    try:
        result = call()
    except OSError as error:
        say(f"{step} = -1 errno {error.errno} ({error.strerror})")
        return None
    except ValueError as error:
        # Python itself refuses the number of what is closed.
        say(f"{step} = -1 errno {errno.EBADF} ({error})")
        return None
    shown = result
    if hasattr(result, "fileno"):
        shown = result.fileno()
    elif isinstance(result, (bytes, list)):
        shown = len(result)
    elif isinstance(result, tuple):
        shown = sum(map(len, result)) if all(isinstance(each, list) for each in result) else len(result[0])
    say(f"{step} = {shown if isinstance(shown, int) else 0}")
    return result


def at(fd):
    """A socket by its number."""
    return socket.socket(fileno=fd)
`;

interface Sent {
  readonly data?: string | undefined;
  readonly bytes?: number | undefined;
}
const quoted = (text: string): string =>
  `b"${Array.from(new TextEncoder().encode(text), (byte) =>
    byte < 32 || byte > 126 || byte === 34 || byte === 92
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  ).join('')}"`;
const sent = ({ data, bytes }: Sent): string => (bytes === undefined ? quoted(data ?? '') : `pattern[:${bytes}]`);
const or = (flags: readonly string[]): string => (flags.length === 0 ? '0' : flags.join(' | '));
const given = (flags: Readonly<Record<string, boolean | undefined>>): string[] =>
  Object.entries(flags).flatMap(([name, isSet]) => (isSet === true ? [`socket.${name}`] : []));
const seconds = (ms: number): string => String(ms / 1000);

function addressOf(operation: Operation, address: string): string {
  const colon = address.lastIndexOf(':');
  const chosen = address.startsWith('unix:') ? undefined : operation.portOf(Number(address.slice(colon + 1)));
  if (chosen === undefined) return pythonAddress(address);
  return `("${address.slice(0, colon).replaceAll(/[[\]]/g, '')}", ${chosen}.getsockname()[1])`;
}

/** The expression that makes the call. */
function expressionOf(operation: Operation): string | undefined {
  const { made } = operation;
  if (!made) return undefined;
  const of = (fd: unknown): string => operation.variable(fd) ?? `at(${String(fd)})`;
  const number = (fd: unknown): string => {
    const variable = operation.variable(fd);
    return variable === undefined ? String(fd) : `${variable}.fileno()`;
  };
  switch (made.call) {
    case 'socket': {
      const { family, type, nonblock } = made.arguments;
      const domain = { inet: 'AF_INET', inet6: 'AF_INET6', unix: 'AF_UNIX' }[family];
      const flags = [`SOCK_${type.toUpperCase()}`, ...(nonblock === true ? ['SOCK_NONBLOCK'] : [])];
      return `socket.socket(socket.${domain}, ${or(flags.map((flag) => `socket.${flag}`))})`;
    }
    case 'bind':
    case 'connect':
      return `${of(made.arguments.fd)}.${made.call}(${addressOf(operation, made.arguments.address)})`;
    case 'listen':
      return `${of(made.arguments.fd)}.listen(${made.arguments.backlog})`;
    case 'accept4':
      return `${of(made.arguments.fd)}.accept()[0]`;
    case 'read':
      return `os.read(${number(made.arguments.fd)}, ${made.arguments.count})`;
    case 'write':
      return `os.write(${number(made.arguments.fd)}, ${sent(made.arguments)})`;
    case 'recv': {
      const { fd, count, peek, dontwait, waitall } = made.arguments;
      return `${of(fd)}.recv(${count}, ${or(given({ MSG_PEEK: peek, MSG_DONTWAIT: dontwait, MSG_WAITALL: waitall }))})`;
    }
    case 'recvfrom':
      return `${of(made.arguments.fd)}.recvfrom(${made.arguments.count}, ${or(given({ MSG_DONTWAIT: made.arguments.dontwait }))})`;
    case 'send': {
      const { fd, dontwait, nosignal } = made.arguments;
      return `${of(fd)}.send(${sent(made.arguments)}, ${or(given({ MSG_DONTWAIT: dontwait, MSG_NOSIGNAL: nosignal }))})`;
    }
    case 'sendto':
      return `${of(made.arguments.fd)}.sendto(${sent(made.arguments)}, ${addressOf(operation, made.arguments.address)})`;
    case 'shutdown':
      return `${of(made.arguments.fd)}.shutdown(socket.${made.arguments.how})`;
    case 'close':
      return `${of(made.arguments.fd)}.close()`;
    case 'dup': {
      const { fd, to } = made.arguments;
      return to === undefined ? `${of(fd)}.dup()` : `at(os.dup2(${number(fd)}, ${to}))`;
    }
    case 'fcntl': {
      const { fd, command, flags = [], value, signal } = made.arguments;
      const third: Readonly<Record<string, string>> = {
        ...{ F_SETFL: or(flags.map((flag) => `os.${flag}`)), F_SETFD: flags.length > 0 ? 'fcntl.FD_CLOEXEC' : '0' },
        ...{ F_DUPFD: String(value ?? 0), F_SETOWN: 'os.getpid()', F_SETSIG: pythonSignal(signal ?? 'SIGIO') },
      };
      const argument = third[command];
      const call = `fcntl.fcntl(${number(fd)}, fcntl.${command}${argument === undefined ? '' : `, ${argument}`})`;
      return command === 'F_DUPFD' ? `at(${call})` : call;
    }
    case 'setsockopt': {
      const { fd, option, value } = made.arguments;
      const shown =
        option === 'SO_LINGER'
          ? `struct.pack("ii", ${value < 0 ? 0 : 1}, ${Math.max(value, 0)})`
          : option.endsWith('TIMEO')
            ? `struct.pack("ll", ${Math.floor(value / 1000)}, ${(value % 1000) * 1000})`
            : String(value);
      return `${of(fd)}.setsockopt(socket.${levelOf(option)}, socket.${option}, ${shown})`;
    }
    case 'getsockopt': {
      const { fd, option } = made.arguments;
      return `(${of(fd)}.getsockopt(socket.${levelOf(option)}, socket.${option}), 0)[1]`;
    }
    case 'getsockname':
    case 'getpeername':
      return `(${of(made.arguments.fd)}.${made.call}(), 0)[1]`;
    case 'select': {
      const { read = [], write = [], except = [], timeoutMs = -1 } = made.arguments;
      const lists = [read, write, except].map((fds) => `[${fds.map(of).join(', ')}]`).join(', ');
      return `select.select(${lists}, ${timeoutMs < 0 ? 'None' : seconds(timeoutMs)})`;
    }
    case 'poll': {
      const { fds, timeoutMs = -1 } = made.arguments;
      const list = fds.map(({ fd, events }) => `(${number(fd)}, ${or(events.map((each) => `select.${each}`))})`);
      return `polled([${list.join(', ')}], ${timeoutMs})`;
    }
    case 'epoll_create1':
      return 'select.epoll()';
    case 'epoll_ctl': {
      const { epfd, operation: what, fd, events = [] } = made.arguments;
      const verb = { EPOLL_CTL_ADD: 'register', EPOLL_CTL_MOD: 'modify', EPOLL_CTL_DEL: 'unregister' }[what];
      const mask = verb === 'unregister' ? '' : `, ${or(events.map((each) => `select.${each}`))}`;
      return `${of(epfd)}.${verb}(${number(fd)}${mask})`;
    }
    case 'epoll_wait': {
      const { epfd, maxEvents, timeoutMs = -1 } = made.arguments;
      return `${of(epfd)}.poll(${timeoutMs < 0 ? 'None' : seconds(timeoutMs)}, ${maxEvents})`;
    }
    case 'eventfd':
      return `os.eventfd(${made.arguments.initial})`;
    case 'setrlimit': {
      const hard = 'resource.getrlimit(resource.RLIMIT_NOFILE)[1]';
      return `resource.setrlimit(resource.RLIMIT_NOFILE, (${made.arguments.descriptors}, ${hard}))`;
    }
    case 'sigprocmask': {
      const signals = made.arguments.signals.map(pythonSignal).join(', ');
      return `(signal.pthread_sigmask(signal.${made.arguments.how}, {${signals}}), 0)[1]`;
    }
    case 'sigtimedwait': {
      const signals = `{${made.arguments.signals.map(pythonSignal).join(', ')}}`;
      const { timeoutMs = -1 } = made.arguments;
      return timeoutMs < 0
        ? `signal.sigwaitinfo(${signals}).si_signo`
        : `waited_for(${signals}, ${seconds(timeoutMs)})`;
    }
    case 'fork':
    case 'execve':
    case 'exit':
    case 'io_uring_setup':
    case 'io_uring_prep':
    case 'io_uring_submit':
    case 'io_uring_wait':
      return undefined;
  }
}

const helpers = `

def polled(fds, timeout):
    poller = select.poll()
    for fd, events in fds:
        poller.register(fd, events)
    return poller.poll(None if timeout < 0 else timeout)


def waited_for(signals, seconds):
    info = signal.sigtimedwait(signals, seconds)
    if info is None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return info.si_signo
`;

function callLine(operation: Operation, plan: Plan): string[] {
  const expression = expressionOf(operation);
  if (expression === undefined) return ["# Python's library has no call for this."];
  const { as, index } = operation;
  const line = `${as === undefined ? '' : `${as} = `}tell(${index + 1}, lambda: ${expression})`;
  const isInherited = as !== undefined && plan.operations.some(({ made }) => made?.call === 'execve');
  // Descriptors that Python makes are closed on exec; those of C are not.
  return isInherited ? [line, `if ${as}: ${as}.set_inheritable(True)`] : [line];
}

const comment = ({ index, actor, text }: Operation): string => `# ${index + 1}. ${actor}: ${text}`;
const indented = (lines: readonly string[]): string => lines.map((line) => `    ${line}\n`).join('');

function straight(plan: Plan): string {
  return plan.operations
    .map((operation) => {
      const lines =
        operation.outside === 'wait' ? [`time.sleep(${seconds(operation.milliseconds)})`] : callLine(operation, plan);
      return `${comment(operation)}\n${lines.join('\n')}\n`;
    })
    .join('');
}

const stage = (steps: number, actors: number): string => `
# Actors take turns: each waits until the steps before its own are made. One that sleeps in a call has made its step.
stage = memoryview(mmap.mmap(-1, 4 * ${1 + steps + 2 * actors})).cast("i")
RETURNED, PID = 1, ${1 + steps}


def wait_until(word, value):
    while stage[word] < value:
        time.sleep(0.0005)


def turn(step):
    wait_until(0, step)


def done(step):
    stage[0] = step + 1
`;

function stagedLines(operation: Operation, plan: Plan): string[] {
  const { index, made, slept, afterSleep, woke, outside, actor } = operation;
  const place = plan.actors.findIndex(({ name }) => name === actor);
  const lines = [comment(operation), `turn(${index})`];
  if (afterSleep) lines.push('time.sleep(0.05)  # the one before falls asleep');
  const ends = [...woke.map((each) => `wait_until(RETURNED + ${each}, 1)`), `done(${index})`];
  const kill = [`os.kill(stage[PID + ${place}], signal.SIGKILL)`, 'time.sleep(0.05)', ...ends];
  if (outside === 'wait') return [...lines, `time.sleep(${seconds(operation.milliseconds)})`, ...ends];
  if (outside === 'kill') return [...lines, ...kill];
  if (outside === 'signal') {
    // A call that has done a part of its work returns; one that has not is repeated by Python (PEP 475).
    const isSeen = woke.length > 0;
    return isSeen
      ? [...lines, `os.kill(stage[PID + ${place}], signal.SIGUSR1)`, ...ends]
      : [...lines, '# Python repeats a call that a signal has ended (PEP 475).', `done(${index})`];
  }
  if (made?.call === 'fork') {
    const child = plan.actors.findIndex(({ name }) => name === made.arguments.child);
    return [
      ...lines,
      ...['child = os.fork()', 'if child == 0:', `    actor_${identifier(made.arguments.child)}()`, '    os._exit(0)'],
      ...[`wait_until(PID + ${child}, 1)`, `say(f"${index + 1} = {child}")`, ...ends],
    ];
  }
  if (made?.call === 'execve') {
    const run = 'os.execv("/bin/sleep", ["sleep", "5"])';
    return [...lines, `say("${index + 1} = 0")`, `done(${index})`, run];
  }
  if (made?.call === 'exit') {
    const isForeign = plan.operations.some((each) => each.actor === actor && each.made?.call === 'execve');
    return isForeign ? [...lines, ...kill] : [...lines, ...ends, `os._exit(${made.arguments.code})`];
  }
  if (slept) return [...lines, `done(${index})`, ...callLine(operation, plan), `stage[RETURNED + ${index}] = 1`];
  return [...lines, ...callLine(operation, plan), ...ends];
}

function staged(plan: Plan): string {
  const { operations, actors, processes, variables } = plan;
  const all = operations.length;
  const hasBecomeAnother = (operation: Operation): boolean =>
    operations.some(
      ({ actor, made, index }) => actor === operation.actor && made?.call === 'execve' && index < operation.index,
    );
  const isMain = (operation: Operation): boolean => operation.outside !== undefined || hasBecomeAnother(operation);
  const globals = variables.length > 0 ? [`global ${variables.join(', ')}`] : [];
  const bodies = actors.map(({ name }, place) => {
    const own = operations.filter((operation) => operation.actor === name && !isMain(operation));
    const lines = own.flatMap((operation) => stagedLines(operation, plan));
    return `\n\ndef actor_${identifier(name)}():\n${indented([...globals, `stage[PID + ${place}] = os.getpid()`, ...lines, `turn(${all})`])}`;
  });
  const begins = processes.flatMap((process, index) => {
    const [first, ...others] = actors.filter((actor) => actor.process === process);
    const place = actors.findIndex(({ name }) => name === first?.name);
    const threads = others.map(
      ({ name }) => `    threading.Thread(target=actor_${identifier(name)}, daemon=True).start()`,
    );
    return [
      ...[`process_${index} = os.fork()  # ${process}`, `if process_${index} == 0:`, ...threads],
      ...[`    actor_${identifier(first?.name ?? '')}()`, '    os._exit(0)', `wait_until(PID + ${place}, 1)`],
    ];
  });
  const outside = operations.filter(isMain).flatMap((operation) => stagedLines(operation, plan));
  const ends = processes.flatMap((_, index) => [
    ...[`os.kill(process_${index}, signal.SIGKILL)`, `os.waitpid(process_${index}, 0)`],
  ]);
  const main = [
    'signal.alarm(60)  # should a turn never come',
    'signal.signal(signal.SIGUSR1, lambda *_: None)',
    ...begins,
    ...outside,
    `turn(${all})`,
    'time.sleep(0.05)',
    ...ends,
  ];
  return `${stage(all + 1, actors.length)}${bodies.join('')}\n\n${main.join('\n')}\n`;
}

/** Python repeats a call that a signal has ended, so that the program never sees EINTR: what slept until then is left out. */
const seenByPython = (steps: readonly BenchStep[]): BenchStep[] =>
  steps.map((step) => (step.errno === 'EINTR' ? { ...step, refused: true } : step));

export function pythonProgram(steps: readonly BenchStep[]): string {
  const plan = planOf(seenByPython(steps));
  const about = '# What was done on the bench of fdscope, call by call.\n';
  if (plan.operations.some(({ made }) => made?.call === 'io_uring_setup')) {
    return `${about}raise SystemExit("Python's library has no io_uring: take the program in C.")\n`;
  }
  const variables = plan.isStaged ? plan.variables.map((name) => `${name} = None\n`).join('') : '';
  return `${about}${head}${helpers}\n\n${variables}${plan.isStaged ? staged(plan) : straight(plan)}`;
}
