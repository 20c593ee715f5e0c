/**
 * Steps of a bench as what a program has to do: descriptors become variables, and calls that slept get a thread in which
 * they can. Where none slept and no process did anything of its own, it is one straight list.
 */
import { visibleLine } from '../../visible.ts';
import { callNames, callSchemas, nameSchema, type BenchCall, type CallName } from '../calls.ts';
import type { BenchStep } from '../step.ts';

export interface Operation {
  readonly index: number;
  readonly actor: string;
  readonly process: string;
  /** Undefined: done to the actor from outside, or time that passes. */
  readonly made: BenchCall | undefined;
  readonly outside: 'signal' | 'kill' | 'wait' | undefined;
  readonly text: string;
  /** The variable of the fd that it returns. */
  readonly as: string | undefined;
  /** For a number of an fd: its variable at that time. */
  readonly variable: (fd: unknown) => string | undefined;
  /** For a port that the kernel chose: the variable of the socket that has it. */
  readonly portOf: (port: number) => string | undefined;
  readonly slept: boolean;
  /** The call before fell asleep: it is given time for that. */
  readonly afterSleep: boolean;
  readonly woke: readonly number[];
  readonly milliseconds: number;
  readonly result: number | null;
}

export interface Plan {
  readonly operations: readonly Operation[];
  readonly actors: readonly { readonly name: string; readonly process: string }[];
  /** Of actors that are there from the beginning. */
  readonly processes: readonly string[];
  readonly variables: readonly string[];
  /** Threads, processes and turns are needed. */
  readonly isStaged: boolean;
}

const makers: readonly string[] = ['socket', 'accept4', 'dup', 'epoll_create1', 'eventfd', 'io_uring_setup'];
const needsProcess: readonly string[] = ['fork', 'exit', 'execve', 'kill', 'signal', 'setrlimit'];

const isCall = (name: string): name is CallName => callNames.some((each) => each === name);
const makesFd = ({ call, arguments: args }: BenchStep): boolean =>
  makers.includes(call) || (call === 'fcntl' && args.command === 'F_DUPFD');

/** A step is none that a bench makes. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

const isName = (text: string): boolean => nameSchema.safeParse(text).success;
const addressShape = /^(?:unix:@[\w./-]+|\[[\da-f:.]+\]:\d{1,5}|\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})$/i;

/**
 * Steps may be of a session that somebody sent, or their texts of a walk, and a program is run: what is not of the shape that
 * a bench gives it would be code of theirs. The call is undefined where something was done to the actor from outside.
 */
function checkedCall({ index, actor, process, as, call, arguments: args }: BenchStep): BenchCall | undefined {
  const parsed = isCall(call) ? callSchemas[call].safeParse(args) : undefined;
  const isKnown = parsed ? parsed.success : ['signal', 'kill', 'wait'].includes(call);
  const { address } = args;
  const isPlain = typeof address === 'string' ? addressShape.test(address) : address === undefined;
  if (!isKnown || !isPlain || ![actor, process, as ?? 'unnamed'].every(isName)) {
    throw new ProgramError(`Step ${index + 1} has names or arguments that no program can have: none is written.`);
  }
  return parsed && ({ call, arguments: parsed.data } as unknown as BenchCall);
}

/** Ports that a step names itself. */
function namedPorts(steps: readonly BenchStep[]): Set<number> {
  const ports = steps.flatMap(({ call, arguments: { address } }) =>
    call === 'bind' && typeof address === 'string' ? [Number(address.slice(address.lastIndexOf(':') + 1))] : [],
  );
  return new Set(ports.filter((port) => port > 0));
}

/** Steps that the bench refused are none: they are left out. Throws ProgramError. */
export function planOf(steps: readonly BenchStep[]): Plan {
  const done = steps.filter(({ refused }) => !refused);
  const numbers = new Map<string, string>();
  const variables = new Set<string>();
  const ports = namedPorts(steps);
  const children = new Set<string>();
  let wasAsleep = false;
  const operations = done.map((step, index): Operation => {
    const { actor, process, call, arguments: args } = step;
    const made = checkedCall(step);
    let as: string | undefined;
    const before = new Map(numbers);
    const slept = step.blocked || step.wokenBy !== undefined;
    if (makesFd(step)) {
      const name = `${step.as?.replaceAll('-', '_') ?? `made_${step.index + 1}`}_fd`;
      as = variables.has(name) ? `${name}_${step.index + 1}` : name;
      variables.add(as);
      if (step.result !== null && step.result >= 0) numbers.set(`${process}:${step.result}`, as);
    }
    if (call === 'fork') {
      const child = String(args.child);
      children.add(child);
      for (const [key, variable] of before) {
        const [of = '', fd = ''] = key.split(':');
        if (of === process) numbers.set(`${child}:${fd}`, variable);
      }
    }
    const afterSleep = wasAsleep;
    wasAsleep = slept;
    return {
      ...{ index, actor, process, made, as, slept, afterSleep, result: step.result },
      text: visibleLine(step.text),
      outside: call === 'signal' || call === 'kill' || call === 'wait' ? call : undefined,
      variable: (fd) => before.get(`${process}:${String(fd)}`),
      portOf: (port) => {
        if (ports.has(port)) return undefined;
        const socket = step.state.sockets.find(({ local, owner }) => local?.port === port && owner.length > 0);
        return before.get(socket?.owner[0] ?? '');
      },
      woke: step.woke.map((woken) => done.findIndex((each) => each.index === woken)).filter((woken) => woken >= 0),
      milliseconds: Math.ceil((step.durationNs ?? 0) / 1e6),
    };
  });
  const actors = [...new Map(done.map(({ actor, process }) => [actor, { name: actor, process }])).values()];
  for (const child of children) {
    if (!actors.some(({ name }) => name === child)) actors.push({ name: child, process: child });
  }
  return {
    ...{ operations, actors, variables: [...variables] },
    processes: [...new Set(actors.map(({ process }) => process))].filter((process) => !children.has(process)),
    isStaged: operations.some(
      ({ slept, made, outside }) => slept || needsProcess.includes(made?.call ?? outside ?? ''),
    ),
  };
}
