/**
 * What a walk expects of a step and of how things stand behind it: `result == 0 and state(listener) == LISTEN`.
 *
 *   result errno blocked refused value data        of the step itself
 *   woke                                           how many calls returned by it
 *   state(x) recvQueue(x) sendQueue(x) acceptQueue(x) backlog(x) timer(x) local(x) peer(x) port(x) peerPort(x)
 *   recvText(x) owners(x)                          of the socket that a step called x; state is NONE when it is gone
 *   ready(x)                                       the call has told that fd (x, or a number) as ready
 *   count(eventfd)                                 of an eventfd
 *   watches(set) stale(set)                        descriptors that an epoll set watches; those whose number is not theirs
 *   asleep(actor) returned(actor) failed(actor)    of an actor: its last call's result, and its errno (NONE: it went well)
 *   alive(process) fds(process)                    of a process
 *   sockets(STATE) nobodys(STATE)                  sockets in a state; those of them that no descriptor leads to
 *   completion tag signal                          of io_uring_wait and sigtimedwait
 *   crossed(SYN)                                   such a flag was inferred to have crossed
 *
 * Words in capitals and "..." are texts; == != < <= > >= + -, `and`, `or`, `not`, brackets. A minus has blanks around it.
 */
import type jsep from 'jsep';
import { ExpressionError, treeOf } from '../expectations/tree.ts';
import { didYouMean } from '../schemas/suggest.ts';
import type { BenchLook, SocketState } from './state.ts';
import type { BenchStep } from './step.ts';

export type Value = number | string | boolean;

/** What an expectation is judged by. */
export interface Judgement {
  readonly step: BenchStep;
  readonly look: BenchLook;
  /** The newest report of each step so far. */
  readonly steps: readonly BenchStep[];
  /** Of a name: the key of its socket, and the number that it was given. */
  readonly socketKey: (name: string) => string | undefined;
  readonly fdOf: (name: string) => { readonly process: string; readonly fd: number } | undefined;
}

type OfSocket = (socket: SocketState | undefined) => Value;
const endOf = (end: SocketState['local'] | undefined): string => (end ? `${end.host}:${end.port}` : 'NONE');

// Maps: an object would also have what every object has, and names come from files.
const ofSocket: ReadonlyMap<string, OfSocket> = new Map(
  Object.entries<OfSocket>({
    state: (socket) => socket?.state ?? 'NONE',
    recvQueue: (socket) => socket?.recvQueue ?? 0,
    sendQueue: (socket) => socket?.sendQueue ?? 0,
    acceptQueue: (socket) => socket?.acceptQueue ?? -1,
    backlog: (socket) => socket?.backlog ?? -1,
    timer: (socket) => socket?.timer?.kind ?? 'NONE',
    local: (socket) => endOf(socket?.local),
    peer: (socket) => endOf(socket?.peer),
    port: (socket) => socket?.local?.port ?? 0,
    peerPort: (socket) => socket?.peer?.port ?? 0,
    recvText: (socket) => socket?.recvText ?? '',
    owners: (socket) => socket?.owner.length ?? 0,
  }),
);

type Own = (judged: Judgement) => Value;
const own: ReadonlyMap<string, Own> = new Map(
  Object.entries<Own>({
    result: ({ step }) => step.result ?? NaN,
    errno: ({ step }) => step.errno ?? 'NONE',
    blocked: ({ step }) => step.blocked,
    refused: ({ step }) => step.refused,
    value: ({ step }) => step.output?.value ?? NaN,
    data: ({ step }) => step.output?.data ?? '',
    woke: ({ step }) => step.woke.length,
    completion: ({ step }) => step.output?.completion?.result ?? NaN,
    tag: ({ step }) => step.output?.completion?.tag ?? NaN,
    signal: ({ step }) => step.output?.signal?.name ?? 'NONE',
    true: () => true,
    false: () => false,
  }),
);

const lastOf = ({ steps }: Judgement, actor: string): BenchStep | undefined =>
  steps.findLast((step) => step.actor === actor && !['signal', 'kill', 'wait'].includes(step.call));

const setOf = (judged: Judgement, name: string): BenchLook['epollSets'][number] | undefined => {
  const at = judged.fdOf(name);
  return judged.look.epollSets.find(({ process, fd }) => process === at?.process && fd === at.fd);
};

type OfName = (judged: Judgement, name: string) => Value;
const ofName: ReadonlyMap<string, OfName> = new Map(
  Object.entries<OfName>({
    ready: ({ step, fdOf }, name) => {
      const fd = /^\d+$/.test(name) ? Number(name) : fdOf(name)?.fd;
      return step.output?.ready?.some((each) => each.fd === fd) ?? false;
    },
    count: ({ look, fdOf }, name) => {
      const at = fdOf(name);
      const process = look.processes.find((each) => each.name === at?.process);
      return process?.fds.find(({ fd }) => fd === at?.fd)?.count ?? NaN;
    },
    watches: (judged, name) => setOf(judged, name)?.watches.length ?? 0,
    stale: (judged, name) => setOf(judged, name)?.watches.filter(({ isStale }) => isStale).length ?? 0,
    asleep: ({ look }, name) =>
      look.processes.some(({ actors }) => actors.some((actor) => actor.name === name && actor.state === 'asleep')),
    returned: (judged, name) => lastOf(judged, name)?.result ?? NaN,
    failed: (judged, name) => lastOf(judged, name)?.errno ?? 'NONE',
    alive: ({ look }, name) => look.processes.some((each) => each.name === name && each.state === 'running'),
    fds: ({ look }, name) => look.processes.find((each) => each.name === name)?.fds.length ?? 0,
    sockets: ({ look }, name) => look.sockets.filter(({ state }) => state === name).length,
    nobodys: ({ look }, name) => look.sockets.filter(({ state, owner }) => state === name && owner.length === 0).length,
    crossed: ({ step }, name) => step.crossed.some(({ inferredFlags }) => inferredFlags.some((flag) => flag === name)),
  }),
);

const known = [...own.keys(), ...ofSocket.keys(), ...ofName.keys()];

type Node = jsep.Expression;

function nameIn(node: Node | undefined): string | undefined {
  if (node?.type === 'Identifier') return (node as jsep.Identifier).name;
  const value = node?.type === 'Literal' ? (node as jsep.Literal).value : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

const comparisons: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** What a name in brackets may be. */
export interface WalkNames {
  readonly fds: ReadonlySet<string>;
  readonly actors: ReadonlySet<string>;
  readonly processes: ReadonlySet<string>;
}

class Reader {
  readonly #text: string;
  readonly #names: WalkNames;

  constructor(text: string, names: WalkNames) {
    this.#text = text;
    this.#names = names;
  }

  /** A function of the judgement, and the figures that it names with what they are. */
  read(node: Node, seen: ((judged: Judgement) => string)[]): (judged: Judgement) => Value {
    switch (node.type) {
      case 'Literal': {
        const { value } = node as jsep.Literal;
        if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return () => value;
        break;
      }
      case 'Identifier':
        return this.#word((node as jsep.Identifier).name, seen);
      case 'UnaryExpression': {
        const { operator, argument } = node as jsep.UnaryExpression;
        const of = this.read(argument, seen);
        if (operator === '!' || operator === 'not') return (judged) => of(judged) !== true;
        if (operator === '-') return (judged) => -Number(of(judged));
        break;
      }
      case 'BinaryExpression':
      case 'LogicalExpression': {
        const { operator, left, right } = node as jsep.BinaryExpression;
        const [a, b] = [this.read(left, seen), this.read(right, seen)];
        if (operator === 'and' || operator === '&&') return (judged) => a(judged) === true && b(judged) === true;
        if (operator === 'or' || operator === '||') return (judged) => a(judged) === true || b(judged) === true;
        const compare = comparisons[operator];
        if (compare) return (judged) => compare(a(judged), b(judged));
        if (operator === '+') return (judged) => Number(a(judged)) + Number(b(judged));
        if (operator === '-') return (judged) => Number(a(judged)) - Number(b(judged));
        break;
      }
      case 'CallExpression':
        return this.#call(node as jsep.CallExpression, seen);
      default:
    }
    throw new ExpressionError(`"${this.#text}" has something that a walk's expectations do not have`);
  }

  #word(name: string, seen: ((judged: Judgement) => string)[]): (judged: Judgement) => Value {
    const figure = own.get(name);
    if (figure) {
      if (name !== 'true' && name !== 'false') seen.push((judged) => `${name} = ${String(figure(judged))}`);
      return figure;
    }
    if (/^[A-Z][A-Z0-9_]*$/.test(name)) return () => name;
    if (ofSocket.has(name) || ofName.has(name))
      throw new ExpressionError(`"${this.#text}": ${name} is of something: write ${name}(...)`);
    throw new ExpressionError(
      `"${this.#text}" has the unknown word "${name}"${didYouMean(name, known) || `; known are ${known.join(', ')}`}`,
    );
  }

  #call({ callee, arguments: args }: jsep.CallExpression, seen: ((judged: Judgement) => string)[]) {
    const name = nameIn(callee) ?? '';
    const about = nameIn(args[0]);
    const socketFigure = ofSocket.get(name);
    const figure: OfName | undefined = socketFigure
      ? ({ look, socketKey }, of) => socketFigure(look.sockets.find(({ key }) => key === socketKey(of)))
      : ofName.get(name);
    if (!figure) {
      const hint = didYouMean(name, known) || `; known are ${known.join(', ')}`;
      throw new ExpressionError(`"${this.#text}" asks for the unknown "${name}"${hint}`);
    }
    if (about === undefined || args.length !== 1)
      throw new ExpressionError(`"${this.#text}": ${name} is of one thing: write ${name}(...)`);
    this.#check(name, about);
    seen.push((judged) => `${name}(${about}) = ${String(figure(judged, about))}`);
    return (judged: Judgement): Value => figure(judged, about);
  }

  #check(name: string, about: string): void {
    const { fds, actors, processes } = this.#names;
    const must = (names: ReadonlySet<string>, what: string): void => {
      if (names.has(about)) return;
      const hint = didYouMean(about, [...names]) || (names.size > 0 ? `; there are ${[...names].join(', ')}` : '');
      throw new ExpressionError(`"${this.#text}" names "${about}", but there is no such ${what} by then${hint}`);
    };
    if (ofSocket.has(name) || ['watches', 'stale', 'count'].includes(name)) must(fds, 'descriptor');
    else if (name === 'ready' && !/^\d+$/.test(about)) must(fds, 'descriptor');
    else if (['asleep', 'returned', 'failed'].includes(name)) must(actors, 'actor');
    else if (['alive', 'fds'].includes(name)) must(processes, 'process');
  }
}

export interface WalkExpectation {
  readonly judge: (judged: Judgement) => { readonly held: boolean; readonly seen: string[] };
}

/** Throws ExpressionError with a sentence that has no full stop. */
export function parseWalkExpectation(text: string, names: WalkNames): WalkExpectation {
  const seen: ((judged: Judgement) => string)[] = [];
  const value = new Reader(text, names).read(treeOf(text), seen);
  return {
    judge: (judged) => ({ held: value(judged) === true, seen: [...new Set(seen.map((of) => of(judged)))] }),
  };
}
