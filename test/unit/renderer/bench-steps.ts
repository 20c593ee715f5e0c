/** Steps of a bench as the lab tells them, made by hand: the six steps of a server, and a bench of many sockets. */
import type { BenchLook, End, FdEntry, ProcessState, SocketState } from '../../../shared/bench/state.ts';
import type { BenchStep } from '../../../shared/bench/step.ts';
import type { BenchState } from '../../../shared/contract/bench.ts';

export const end = (port: number, host = '127.0.0.1'): End => ({ host, port });

export const socket = (key: string, more: Partial<SocketState> = {}): SocketState => ({
  ...{ key, inode: Number(/\d+/.exec(key)?.[0] ?? 0), owner: [], family: 'inet', type: 'stream', state: 'CLOSE' },
  ...{ local: null, peer: null, recvQueue: 0, sendQueue: 0, acceptQueue: null, backlog: null, timer: null },
  ...more,
});

export const fd = (number: number, inode: number, more: Partial<FdEntry> = {}): FdEntry => ({
  ...{ fd: number, file: `socket:[${inode}]`, kind: 'socket', inode, flags: ['O_RDWR'], position: 0 },
  ...more,
});

export const process = (name: string, fds: FdEntry[], more: Partial<ProcessState> = {}): ProcessState => ({
  ...{ name, pid: name === 'client' ? 4100 : 4200, state: 'running', descriptorLimit: 1024, fds },
  actors: [{ name, process: name, tid: name === 'client' ? 4100 : 4200, state: 'ready' }],
  ...more,
});

let clock = 1_000_000_000;

export const look = (processes: ProcessState[], sockets: SocketState[], more: Partial<BenchLook> = {}): BenchLook => ({
  ...{ timeNs: (clock += 1_000_000), processes, sockets, epollSets: [], notices: [] },
  ...more,
});

export const step = (index: number, actor: string, call: string, more: Partial<BenchStep>): BenchStep => ({
  ...{ index, actor, process: actor, call, arguments: {}, text: `${call}()`, result: 0, errno: null, refused: false },
  ...{ blocked: false, startedNs: clock, durationNs: 4200, woke: [], expectations: [], crossed: [] },
  state: look([], []),
  ...more,
});

export const benchState = (more: Partial<BenchState> = {}): BenchState => ({
  ...{ phase: 'open', epoch: 1, ports: [8080], names: {}, steps: 0 },
  actors: [
    { name: 'server', process: 'server' },
    { name: 'client', process: 'client' },
  ],
  ...more,
});

const guard = socket('s1', {
  inode: 11,
  owner: ['server:3'],
  state: 'LISTEN',
  local: end(8080),
  acceptQueue: 0,
  backlog: 2,
});
const ours = socket('s2', { inode: 12, owner: ['client:3'], state: 'ESTABLISHED', local: end(40000), peer: end(8080) });
const theirs = socket('s3', { inode: 0, owner: [], state: 'ESTABLISHED', local: end(8080), peer: end(40000) });
const accepted = { ...theirs, inode: 13, owner: ['server:4'] };
const asleep: ProcessState['actors'] = [
  {
    ...{ name: 'server', process: 'server', tid: 4200, state: 'asleep' },
    asleepIn: { call: 'read', wchan: 'wait_woken', sinceNs: 1, step: 6 },
  },
];

/** socket, bind, listen; the client's socket, connect; accept; a read that sleeps and is woken by the client's write. */
export function sixSteps(): BenchStep[] {
  const server = [fd(3, 11)];
  const client = [fd(3, 12)];
  const both = [fd(3, 11), fd(4, 13)];
  const fresh = socket('s1', { inode: 11, owner: ['server:3'] });
  const bound = { ...fresh, local: end(8080) };
  const mine = socket('s2', { inode: 12, owner: ['client:3'] });
  const at = (fds: FdEntry[], more: FdEntry[], sockets: SocketState[], actors?: ProcessState['actors']): BenchLook =>
    look([process('server', fds, actors ? { actors } : {}), process('client', more)], sockets);
  return [
    step(0, 'server', 'socket', {
      ...{
        text: 'socket(AF_INET, SOCK_STREAM, 0)',
        result: 3,
        walkStep: 0,
        arguments: { family: 'inet', type: 'stream' },
      },
      expectations: [{ expect: 'state(listener) = CLOSE', held: true, seen: ['state(listener) = CLOSE'] }],
      state: at(server, [], [fresh]),
    }),
    step(1, 'server', 'bind', {
      ...{ text: 'bind(3, 127.0.0.1:8080, 16)', walkStep: 1, arguments: { fd: 3, address: '127.0.0.1:8080' } },
      state: at(server, [], [bound]),
    }),
    step(2, 'server', 'listen', {
      ...{ text: 'listen(3, 2)', walkStep: 2, arguments: { fd: 3, backlog: 2 } },
      state: at(server, [], [guard]),
    }),
    step(3, 'client', 'socket', {
      ...{ text: 'socket(AF_INET, SOCK_STREAM, 0)', result: 3, walkStep: 3 },
      state: at(server, client, [guard, mine]),
    }),
    step(4, 'client', 'connect', {
      ...{ text: 'connect(3, 127.0.0.1:8080, 16)', walkStep: 4, arguments: { fd: 3, address: '127.0.0.1:8080' } },
      crossed: [
        { from: 's2', to: 's3', segments: 2, bytes: 0, retransmits: 0, inferredFlags: ['SYN', 'ACK'] },
        { from: 's3', to: 's2', segments: 1, bytes: 0, retransmits: 0, inferredFlags: ['SYN+ACK'] },
      ],
      state: at(server, client, [{ ...guard, acceptQueue: 1 }, ours, theirs]),
    }),
    step(5, 'server', 'accept4', {
      ...{ text: 'accept4(3, &peer, &length, 0)', result: 4, walkStep: 5, arguments: { fd: 3 } },
      ...{ output: { address: '127.0.0.1:40000' }, state: at(both, client, [guard, ours, accepted]) },
    }),
    step(6, 'server', 'read', {
      ...{
        text: 'read(4, buffer, 100)',
        result: null,
        blocked: true,
        durationNs: null,
        arguments: { fd: 4, count: 100 },
      },
      ...{ blockedIn: { call: 'read', wchan: 'wait_woken' }, walkStep: 6 },
      state: at(both, client, [guard, ours, accepted], asleep),
    }),
  ];
}

/** The client writes, which wakes the server's read: the write's own step, and the read's told again. */
export function wakingWrite(): [BenchStep, BenchStep] {
  const state = (): BenchLook =>
    look([process('server', [fd(3, 11), fd(4, 13)]), process('client', [fd(3, 12)])], [guard, ours, accepted]);
  const write = step(7, 'client', 'write', {
    ...{ text: 'write(3, "hello", 5)', result: 5, woke: [6], walkStep: 7, arguments: { fd: 3, data: 'hello' } },
    crossed: [{ from: 's2', to: 's3', segments: 1, bytes: 5, retransmits: 0, inferredFlags: [] }],
    state: state(),
  });
  const read = step(6, 'server', 'read', {
    ...{ text: 'read(4, buffer, 100)', result: 5, durationNs: 2.1e9, wokenBy: 7, arguments: { fd: 4, count: 100 } },
    ...{ output: { data: 'hello' }, walkStep: 6, state: state() },
  });
  return [write, read];
}

/** A server that holds so many connections, none of which anybody closes. */
export function crowd(count: number): BenchLook {
  const sockets: SocketState[] = [guard];
  const server: FdEntry[] = [fd(3, 11)];
  const client: FdEntry[] = [];
  for (let i = 0; i < count; i++) {
    const [a, b] = [1000 + 2 * i, 1001 + 2 * i];
    server.push(fd(4 + i, a));
    client.push(fd(3 + i, b));
    const port = 40_000 + i;
    sockets.push(
      socket(`c${a}`, {
        inode: a,
        owner: [`server:${4 + i}`],
        state: 'ESTABLISHED',
        local: end(8080),
        peer: end(port),
      }),
      socket(`c${b}`, {
        inode: b,
        owner: [`client:${3 + i}`],
        state: 'ESTABLISHED',
        local: end(port),
        peer: end(8080),
      }),
    );
  }
  return look([process('server', server), process('client', client)], sockets);
}
