/**
 * The bench under calls that nobody would make in that order: it survives all of them, and leaves nothing behind.
 * FDSCOPE_BENCH_SEQUENCES says how many sequences of 200 calls (npm run test:long: 500); FDSCOPE_BENCH_SEED begins them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Bench } from '../../main/lab/bench/bench.ts';
import {
  callNames,
  epollEvents,
  fcntlCommands,
  pollEvents,
  signalNames,
  socketOptions,
  type CallName,
} from '../../shared/bench/calls.ts';
import { LabError } from '../../main/lab/errors.ts';

const sequences = Number(process.env.FDSCOPE_BENCH_SEQUENCES ?? 2);
const firstSeed = Number(process.env.FDSCOPE_BENCH_SEED ?? 1);
const callsEach = 200;

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Chooser {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
  of<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }
  some<T>(choices: readonly T[]): T[] {
    return choices.filter(() => this.#random() < 0.4);
  }
  flag(): boolean {
    return this.#random() < 0.5;
  }
}

function argumentsOf(call: CallName, choose: Chooser, child: string): Record<string, unknown> {
  // Mostly those that are there, now and then one that cannot be.
  const fd = (): number => choose.of([3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 0, -1, 1100]);
  const address = (): string =>
    choose.of([
      '127.0.0.1:$port',
      '127.0.0.1:$port',
      '127.0.0.1:0',
      '127.0.0.1:$port2',
      '[::1]:$port',
      'unix:@fdscope-random',
    ]);
  const timeoutMs = choose.of([0, 0, 1, 20, -1]);
  const sent = choose.flag() ? { data: 'hello' } : { bytes: choose.of([0, 1, 5000, 300_000]) };
  const count = choose.of([0, 1, 100, 65_536]);
  const fds = { fd: fd() };
  switch (call) {
    case 'socket':
      return {
        ...{ family: choose.of(['inet', 'inet', 'inet6', 'unix']), type: choose.of(['stream', 'stream', 'dgram']) },
        ...{ nonblock: choose.flag(), cloexec: choose.flag() },
      };
    case 'bind':
    case 'connect':
      return { ...fds, address: address() };
    case 'listen':
      return { ...fds, backlog: choose.of([0, 1, 16, -1]) };
    case 'accept4':
      return { ...fds, nonblock: choose.flag() };
    case 'read':
      return { ...fds, count };
    case 'recv':
      return { ...fds, count, peek: choose.flag(), dontwait: choose.flag() };
    case 'recvfrom':
      return { ...fds, count, dontwait: choose.flag() };
    case 'write':
      return { ...fds, ...sent };
    case 'send':
      return { ...fds, ...sent, dontwait: choose.flag(), nosignal: choose.flag() };
    case 'sendto':
      return { ...fds, ...sent, address: address() };
    case 'shutdown':
      return { ...fds, how: choose.of(['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR']) };
    case 'dup':
      return choose.flag() ? fds : { ...fds, to: choose.of([3, 20, 1100]) };
    case 'fcntl': {
      const command = choose.of(fcntlCommands);
      const flags = command === 'F_SETFL' ? choose.some(['O_NONBLOCK', 'O_ASYNC']) : ['FD_CLOEXEC'];
      return { ...fds, command, flags, value: choose.of([0, 30, 1100]), signal: choose.of(signalNames) };
    }
    case 'setsockopt':
      return { ...fds, option: choose.of(socketOptions), value: choose.of([-1, 0, 1, 4096]) };
    case 'getsockopt':
      return { ...fds, option: choose.of(socketOptions) };
    case 'select':
      return { read: [fd(), fd()], write: choose.flag() ? [fd()] : [], timeoutMs };
    case 'poll':
      return {
        fds: [
          { fd: fd(), events: choose.some(pollEvents) },
          { fd: fd(), events: ['POLLIN'] },
        ],
        timeoutMs,
      };
    case 'epoll_ctl': {
      const operation = choose.of(['EPOLL_CTL_ADD', 'EPOLL_CTL_MOD', 'EPOLL_CTL_DEL']);
      return { epfd: fd(), operation, fd: fd(), events: choose.some(epollEvents) };
    }
    case 'epoll_wait':
      return { epfd: fd(), maxEvents: choose.of([0, 1, 16]), timeoutMs };
    case 'eventfd':
      return { initial: choose.below(3), nonblock: choose.flag(), semaphore: choose.flag() };
    case 'setrlimit':
      return { descriptors: choose.of([6, 12, 1200]) };
    case 'sigprocmask':
      return { how: choose.of(['SIG_BLOCK', 'SIG_UNBLOCK']), signals: choose.some(signalNames) };
    case 'sigtimedwait':
      return { signals: [choose.of(signalNames)], timeoutMs };
    case 'fork':
      return { child };
    case 'exit':
      return { code: choose.below(3) };
    case 'io_uring_setup':
      return { entries: choose.of([1, 8]) };
    case 'io_uring_prep':
      return { ring: fd(), operation: choose.of(['nop', 'accept', 'recv', 'send']), fd: fd(), count: 100, tag: 1 };
    case 'io_uring_submit':
    case 'io_uring_wait':
      return { ring: fd() };
    case 'epoll_create1':
    case 'execve':
      return {};
    case 'close':
    case 'getsockname':
    case 'getpeername':
      return fds;
  }
}

/** Every few calls is one that ends a process. */
const often = callNames.filter((name) => !['exit', 'fork', 'execve', 'setrlimit'].includes(name));
const usual: readonly CallName[] = [
  'socket',
  'socket',
  'bind',
  'listen',
  'connect',
  'accept4',
  'write',
  'read',
  'close',
];

async function sequence(seed: number): Promise<void> {
  const choose = new Chooser(seed);
  const bench = await Bench.open([
    { name: 'server', process: choose.flag() ? 'one' : 'two' },
    { name: 'client', process: 'one' },
    { name: 'third', process: 'three' },
  ]);
  const pids = new Set<number>([bench.enginePid]);
  const made: string[] = [];
  try {
    for (let i = 0; i < callsEach; i++) {
      const actors = bench.state.processes.flatMap((each) => each.actors);
      const there = actors.filter(({ state }) => state !== 'gone');
      if (there.length === 0) break;
      const { name: actor, state } = choose.of(there);
      made.push(actor);
      if (state === 'asleep') {
        if (choose.below(3) === 0) await bench.act(actor, 'signal').catch(onlyRefusals);
      } else {
        const call = choose.below(60) === 0 ? choose.of(callNames) : choose.of(choose.flag() ? usual : often);
        const args = argumentsOf(call, choose, `child${i}`);
        await bench.call({ actor, call, arguments: args }).catch(onlyRefusals);
      }
      for (const { pid } of bench.state.processes) pids.add(pid);
    }
  } finally {
    await bench.close();
  }
  const { fault, finished, code } = await bench.ended;
  expect({ fault: fault?.message, reason: finished?.reason, code }, `seed ${seed}`).toEqual({
    ...{ fault: undefined, reason: 'stopped', code: 0 },
  });
  for (const pid of pids) expect(isThere(pid), `process ${pid} of seed ${seed} is left`).toBe(false);
}

function onlyRefusals(error: unknown): void {
  if (!(error instanceof LabError) || error.kind !== 'bad-input') throw error;
}

/** Still of the bench: numbers of processes are given again. */
const isThere = (pid: number): boolean =>
  existsSync(`/proc/${pid}/cmdline`) && /bench(-actor)?\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));

describe('the bench', () => {
  it(
    `survives ${sequences} sequences of ${callsEach} calls in no order, and leaves no process and no descriptor`,
    { timeout: 60_000 + sequences * 60_000 },
    async () => {
      const before = readdirSync('/proc/self/fd').length;
      // They wait most of their time.
      let next = firstSeed;
      const work = async (): Promise<void> => {
        while (next < firstSeed + sequences) await sequence(next++);
      };
      await Promise.all([work(), work(), work(), work()]);
      await expect.poll(() => readdirSync('/proc/self/fd').length, { timeout: 60_000 }).toBeLessThanOrEqual(before + 1);
    },
  );
});
