/** Calls that were made on a bench, made again on a fresh one. */
import type { CallName } from '../../../shared/bench/calls.ts';
import type { BenchLook } from '../../../shared/bench/state.ts';
import type { BenchStep } from '../../../shared/bench/step.ts';
import type { Bench } from './bench.ts';

/** A call that ends by a timeout of its own is waited for so long. */
const patienceMs = 10_000;

export class Repetition {
  readonly #bench: Bench;
  /** What was a port then, is this one now: on the old ones are the connections of before, in TIME_WAIT. */
  readonly #ports = new Map<number, number>();

  constructor(bench: Bench, portsBefore: readonly number[]) {
    this.#bench = bench;
    portsBefore.forEach((port, i) => this.#ports.set(port, bench.ports[i] ?? port));
  }

  /** Numbers of fds come out as they did; ports are others. Throws LabError. */
  async make(step: BenchStep): Promise<void> {
    const { actor, call, as, arguments: args } = step;
    if (call === 'wait') return;
    if (call === 'signal' || call === 'kill') {
      await this.#bench.act(actor, call);
    } else {
      await this.#mustBeReady(actor);
      await this.#bench.call({ actor, call: call as CallName, arguments: this.#moved(args), as });
    }
    this.#learn(step.state, this.#bench.state);
  }

  async #mustBeReady(name: string): Promise<void> {
    const isAsleep = (): boolean =>
      this.#bench.state.processes.some(({ actors }) =>
        actors.some((actor) => actor.name === name && actor.state === 'asleep'),
      );
    for (const until = performance.now() + patienceMs; isAsleep() && performance.now() < until;) {
      await this.#bench.look();
      if (isAsleep()) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #moved(args: BenchStep['arguments']): BenchStep['arguments'] {
    const { address } = args;
    if (typeof address !== 'string' || address.startsWith('unix:')) return args;
    const moved = address.replace(/\d+$/, (port) => String(this.#ports.get(Number(port)) ?? port));
    return { ...args, address: moved };
  }

  /** Ports that the kernel chose then and now, by who holds the socket. */
  #learn(then: BenchLook, now: BenchLook): void {
    for (const { owner, local } of then.sockets) {
      const same = now.sockets.find((each) => each.owner.some((holder) => owner.includes(holder)));
      if (local && local.port > 0 && same?.local) this.#ports.set(local.port, same.local.port);
    }
  }
}
