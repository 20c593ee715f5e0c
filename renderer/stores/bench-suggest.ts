/** Which calls make sense next for an actor, the likeliest first, with their arguments filled in. */
import type { BenchLook, SocketState } from '../../shared/bench/state.ts';
import type { BenchStep } from '../../shared/bench/step.ts';
import type { Call } from './bench.ts';
import { endText } from './bench-look.ts';

export interface Suggestion extends Call {
  /** What it would come to, in a few words. */
  readonly hint: string;
}

export interface Situation {
  readonly actor: string;
  readonly look: BenchLook;
  readonly steps: readonly BenchStep[];
  /** The first port that the bench chose. */
  readonly port: number;
}

interface Known extends Situation {
  /** The call that the actor made last on each descriptor. */
  readonly lastUse: ReadonlyMap<unknown, string>;
}

interface Held {
  readonly fd: number;
  readonly socket: SocketState;
}

const isClient = (actor: string): boolean => /^(client|peer)/i.test(actor);

/** Descriptors that the actor itself made, in a table that it may share with other actors. */
function ownFds({ actor, steps }: Situation): Set<number> {
  const own = new Set<number>();
  for (const step of steps) {
    if (step.result === null || step.result < 0 || step.actor !== actor) continue;
    if (['socket', 'accept4', 'dup', 'epoll_create1', 'eventfd'].includes(step.call)) own.add(step.result);
  }
  return own;
}

function held(situation: Situation): Held[] {
  const { look, actor } = situation;
  const process = look.processes.find(({ actors }) => actors.some(({ name }) => name === actor));
  const shared = (process?.actors.length ?? 1) > 1;
  const own = ownFds(situation);
  const byInode = new Map(look.sockets.map((each) => [each.inode, each]));
  return (process?.fds ?? []).flatMap(({ fd, inode }) => {
    if (inode === undefined || (shared && !own.has(fd))) return [];
    const socket = byInode.get(inode);
    return socket === undefined ? [] : [{ fd, socket }];
  });
}

const lastUses = ({ actor, steps }: Situation): Map<unknown, string> =>
  new Map(steps.filter((step) => step.actor === actor).map(({ arguments: { fd }, call }) => [fd, call]));

const greetings = { client: 'hello', server: 'welcome' } as const;

function forGuard({ fd, socket }: Held): Suggestion[] {
  const waiting = socket.acceptQueue ?? 0;
  const hint = waiting > 0 ? `${waiting} in the accept queue` : 'sleeps until somebody connects';
  return [{ call: 'accept4', arguments: { fd }, hint }];
}

function forFresh({ fd, socket }: Held, situation: Situation): Suggestion[] {
  const { look, actor, port } = situation;
  const family = socket.family === 'inet6' ? '[::1]' : '127.0.0.1';
  const guards = look.sockets.filter(({ state, family: of }) => state === 'LISTEN' && of === socket.family);
  const guard = guards.find(({ owner }) => owner.length > 0) ?? guards[0];
  const target =
    guard === undefined ? `${family}:${port}` : endText(guard.local, guard.family).replace('0.0.0.0', family);
  const connect: Suggestion = {
    ...{ call: 'connect', arguments: { fd, address: socket.family === 'unix' && !guard ? 'unix:@fdscope' : target } },
    hint: guard === undefined ? 'nobody listens there' : 'the handshake, by the kernel',
  };
  const bind: Suggestion = {
    ...{ call: 'bind', arguments: { fd, address: socket.family === 'unix' ? 'unix:@fdscope' : `${family}:${port}` } },
    hint: 'its half of the 4-tuple',
  };
  const listen: Suggestion = { call: 'listen', arguments: { fd, backlog: 2 }, hint: 'it becomes a guard' };
  if (isClient(actor)) return [connect, bind];
  return socket.local === null || socket.local.port === 0 ? [bind, listen] : [listen, connect];
}

function forDatagrams({ fd, socket }: Held, situation: Situation): Suggestion[] {
  const { look, actor, port } = situation;
  const other = look.sockets.find((each) => each !== socket && each.type === 'dgram' && (each.local?.port ?? 0) > 0);
  const address = endText(other?.local ?? { host: '127.0.0.1', port }, socket.family);
  const receive: Suggestion = { call: 'recvfrom', arguments: { fd, count: 1024 }, hint: 'one datagram' };
  const send: Suggestion = { call: 'sendto', arguments: { fd, data: 'hello', address }, hint: 'one datagram' };
  const bind: Suggestion = {
    ...{ call: 'bind', arguments: { fd, address: `127.0.0.1:${port}` } },
    hint: 'a port to be found at',
  };
  if (socket.local === null && !isClient(actor)) return [bind, send];
  return socket.recvQueue > 0 ? [receive, send] : [send, receive];
}

function forConnection({ fd, socket }: Held, situation: Known): Suggestion[] {
  const side = isClient(situation.actor) ? 'client' : 'server';
  const waiting = socket.recvQueue;
  const peerHasClosed = ['CLOSE_WAIT', 'LAST_ACK', 'CLOSING'].includes(socket.state);
  const read: Suggestion = {
    ...{ call: 'read', arguments: { fd, count: 100 } },
    hint: peerHasClosed
      ? 'then 0: end of file'
      : waiting > 0
        ? `${waiting} bytes wait`
        : 'sleeps until something comes',
  };
  const write: Suggestion = { call: 'write', arguments: { fd, data: greetings[side] }, hint: 'into the send queue' };
  const close: Suggestion = { call: 'close', arguments: { fd }, hint: 'FIN' };
  const half: Suggestion = { call: 'shutdown', arguments: { fd, how: 'SHUT_WR' }, hint: 'no more to send' };
  const last = situation.lastUse.get(fd);
  if (peerHasClosed) return last === 'read' ? [close, write, read] : [read, close, write];
  if (waiting > 0) return [read, write, close];
  if (last === 'write' && side === 'client') return [read, close, half];
  if (last === 'write') return [close, read, half];
  return side === 'client' || last === 'read' ? [write, read, close, half] : [read, write, close, half];
}

function forSocket(one: Held, situation: Known): Suggestion[] {
  const { socket } = one;
  if (socket.state === 'LISTEN') return forGuard(one);
  if (socket.type === 'dgram') return forDatagrams(one, situation);
  if (socket.state === 'CLOSE') return forFresh(one, situation);
  if (socket.state === 'SYN_SENT')
    return [{ call: 'getsockopt', arguments: { fd: one.fd, option: 'SO_ERROR' }, hint: 'is it done?' }];
  return forConnection(one, situation);
}

const socketCall: Suggestion = {
  call: 'socket',
  arguments: { family: 'inet', type: 'stream' },
  hint: 'the first step',
};

/** Each at most once; at most `most`. */
export function suggest(situation: Situation, most = 4): Suggestion[] {
  const sockets = held(situation);
  if (sockets.length === 0) return [socketCall];
  const known = { ...situation, lastUse: lastUses(situation) };
  // Connections before guards that nobody waits at; newer before older.
  const weight = ({ socket }: Held): number =>
    socket.state === 'LISTEN' && (socket.acceptQueue ?? 0) > 0 ? 0 : socket.state === 'LISTEN' ? 2 : 1;
  const lists = [...sockets]
    .reverse()
    .sort((a, b) => weight(a) - weight(b))
    .map((one) => forSocket(one, known));
  const depth = Math.max(...lists.map((list) => list.length));
  const all = Array.from({ length: depth }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
  const [first, ...rest] = all;
  return first === undefined ? [] : [first, ...rest].slice(0, most);
}
