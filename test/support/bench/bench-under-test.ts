/** A bench with a server and a client, two processes, for tests: calls by short lines, and nothing left behind. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { Bench, type ActorPlace } from '../../../main/lab/bench/bench.ts';
import type { CallName } from '../../../shared/bench/calls.ts';
import type { SocketState } from '../../../shared/bench/state.ts';
import type { BenchStep } from '../../../shared/bench/step.ts';

export type Args = Readonly<Record<string, unknown>>;

const twoProcesses: readonly ActorPlace[] = [
  { name: 'server', process: 'server' },
  { name: 'client', process: 'client' },
];

/** Still of the bench: numbers of processes are given again. */
export const isOfBench = (pid: number): boolean =>
  existsSync(`/proc/${pid}/cmdline`) && /bench(-actor)?\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));

export class BenchUnderTest {
  readonly bench: Bench;

  private constructor(bench: Bench) {
    this.bench = bench;
  }

  /** Afterwards its processes are gone and its engine has ended well. */
  static async with(work: (under: BenchUnderTest) => Promise<void>, actors = twoProcesses): Promise<void> {
    const bench = await Bench.open(actors);
    const pids = new Set([bench.enginePid]);
    try {
      await work(new BenchUnderTest(bench));
    } finally {
      for (const { pid } of bench.state.processes) pids.add(pid);
      await bench.close();
    }
    const { fault, code } = await bench.ended;
    expect({ fault: fault?.message, code }).toEqual({ fault: undefined, code: 0 });
    for (const pid of pids) expect(isOfBench(pid), `process ${pid} is left`).toBe(false);
  }

  call(actor: string, call: CallName, args: Args = {}, as?: string): Promise<BenchStep> {
    return this.bench.call({ actor, call, arguments: args, as });
  }

  /** The call must succeed. */
  async do(actor: string, call: CallName, args: Args = {}, as?: string): Promise<BenchStep> {
    const step = await this.call(actor, call, args, as);
    expect({ text: step.text, errno: step.errno, refused: step.refused }).toEqual({
      ...{ text: step.text, errno: null, refused: false },
    });
    return step;
  }

  /** It must fail so, and say why in a sentence of its own. */
  async fails(errno: string, actor: string, call: CallName, args: Args = {}): Promise<BenchStep> {
    const step = await this.call(actor, call, args);
    expect({ text: step.text, result: step.result, errno: step.errno }).toEqual({
      ...{ text: step.text, result: -1, errno },
    });
    expect(step.sentence).toMatch(/^[A-Z].*\.$/);
    expect(step.sentence, step.text).not.toContain('refused with');
    return step;
  }

  /** It must sleep in the kernel. */
  async sleeps(actor: string, call: CallName, args: Args = {}): Promise<BenchStep> {
    const step = await this.call(actor, call, args);
    expect({ text: step.text, blocked: step.blocked, result: step.result }).toEqual({
      ...{ text: step.text, blocked: true, result: null },
    });
    return step;
  }

  /** The newest of a step. */
  step(index: number): BenchStep {
    const step = this.bench.steps[index];
    if (!step) throw new Error(`there is no step ${index}`);
    return step;
  }

  socket(name: string): SocketState | undefined {
    return this.bench.state.sockets.find(({ key }) => key === this.bench.socketKey(name));
  }

  /** Waits for what the kernel does by itself. */
  async until(what: () => unknown, wanted: unknown): Promise<void> {
    await expect
      .poll(
        async () => {
          await this.bench.look();
          return what();
        },
        { timeout: 10_000, interval: 20 },
      )
      .toEqual(wanted);
  }

  /** A server that listens, and a client's connection that it has accepted: listener, connection, peer. */
  async connected(address = '127.0.0.1:$port', family = 'inet'): Promise<void> {
    await this.do('server', 'socket', { family, type: 'stream' }, 'listener');
    await this.do('server', 'bind', { fd: 'listener', address });
    await this.do('server', 'listen', { fd: 'listener', backlog: 4 });
    await this.do('client', 'socket', { family, type: 'stream' }, 'peer');
    await this.do('client', 'connect', { fd: 'peer', address });
    await this.do('server', 'accept4', { fd: 'listener' }, 'connection');
  }
}
