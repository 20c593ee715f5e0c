/** What a run changes while it goes on, each at its time. */
import type { RunMoment } from '../../shared/run-result.ts';
import type { Client, Phase } from '../../shared/schemas/settings.ts';
import { shareConnections, totalConnections } from './client-mix.ts';
import { LabError, sentenceOf } from './errors.ts';
import { processTree } from './external/proc.ts';
import type { MeasuredClients } from './measured-clients.ts';
import type { Notices } from './notices.ts';
import type { Serving } from './serving.ts';

interface Setting {
  readonly serving: Serving;
  readonly clients: MeasuredClients;
  readonly notices: Notices;
}

const costTexts = {
  workUs: (value: number) => `CPU work ${value} µs a request`,
  waitMs: (value: number) => `upstream wait ${value} ms a request`,
  chunks: (value: number) => (value === 1 ? 'replies in one piece' : `replies in ${value} pieces`),
} as const;

const optionsText = (options: object): string => {
  const pairs = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.length > 0 ? ` (${pairs.join(', ')})` : '';
};

/** Plays the phases of one run. What an engine refuses is told, and the run goes on. */
export class PhasePlayer {
  readonly moments: RunMoment[] = [];
  readonly #setting: Setting;
  #clients: readonly Client[];
  #connections: number;
  #over = false;
  #wake: () => void = () => {};
  #fromMs = 0;

  constructor(setting: Setting, clients: readonly Client[], connections: number) {
    this.#setting = setting;
    this.#clients = clients;
    this.#connections = connections;
  }

  /** Begins now. Resolves when all are played, or after stop(). Throws what is no refusal. */
  async play(phases: readonly Phase[]): Promise<void> {
    this.#fromMs = performance.now();
    for (const [index, phase] of phases.entries()) {
      await this.#until(this.#fromMs + phase.at * 1000);
      if (this.#over) {
        // A change before has taken until the end of the run.
        for (const late of phases.slice(index)) {
          this.#setting.notices.warn('phaseLate', `The change at ${late.at} s came too late: the run was over.`);
        }
        return;
      }
      await this.#apply(phase);
    }
  }

  /** The run is over: nothing more is changed. */
  stop(): void {
    this.#over = true;
    this.#wake();
  }

  async #until(atMs: number): Promise<void> {
    const leftMs = atMs - performance.now();
    if (leftMs <= 0 || this.#over) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #apply(phase: Phase): Promise<void> {
    const { switch: next, workUs, waitMs, chunks, connections, clients, paused } = phase;
    if (next !== undefined) {
      const { model, options } = typeof next === 'string' ? { model: next, options: {} } : next;
      await this.#switch(phase, model, options);
    }
    const cost = Object.entries({ workUs, waitMs, chunks }).filter(([, value]) => value !== undefined) as [
      keyof typeof costTexts,
      number,
    ][];
    if (cost.length > 0) {
      const what = cost.map(([name, value]) => costTexts[name](value)).join(', ');
      await this.#try(phase, what, async () => {
        await this.#setting.serving.changeHandler(Object.fromEntries(cost));
        return undefined;
      });
    }
    if (connections !== undefined || clients !== undefined) await this.#changeClients(phase);
    if (phase.killWorker) await this.#killWorker(phase);
    if (paused !== undefined) {
      const what = paused ? 'clients pause' : 'clients go on';
      await this.#try(phase, what, async () => {
        await this.#setting.clients.engine.command('pause', { paused });
        return undefined;
      });
    }
  }

  async #switch(phase: Phase, model: Parameters<Serving['switchTo']>[0], options: object): Promise<void> {
    const { serving, notices } = this.#setting;
    const previous = serving.model;
    const what = `${model}${optionsText(options)} took over from ${previous}`;
    await this.#try(phase, what, async () => {
      const report = await serving.switchTo(model, options as Parameters<Serving['switchTo']>[1]);
      if (report.how === 'reconnect') {
        const which = previous === 'node' || model === 'node' ? 'node' : previous;
        notices.add('lab', {
          level: 'info',
          code: 'reconnected',
          text: `${which} cannot hand over open connections: the server was started anew on the same port, and the clients, whose requests under way were lost, connected again.`,
        });
      }
      return { model, previous, ...report };
    });
  }

  /** The server's own workers are its child processes. */
  async #killWorker(phase: Phase): Promise<void> {
    const { serving } = this.#setting;
    let what = 'a worker process was killed';
    await this.#try(
      phase,
      () => what,
      () => {
        const worker = processTree(serving.engine.pid).at(-1);
        if (worker === undefined || worker === serving.engine.pid) {
          const sentence = `${serving.model} has no worker process that could be killed; blocking-fork has one for each connection.`;
          throw new LabError('bad-input', sentence);
        }
        process.kill(worker, 'SIGKILL');
        what = `worker process ${worker} was killed`;
        return Promise.resolve(undefined);
      },
    );
  }

  async #changeClients(phase: Phase): Promise<void> {
    const connections = phase.connections ?? this.#connections;
    const clients = phase.clients ?? this.#clients;
    let count = connections;
    await this.#try(
      phase,
      () => `${count} connections of ${[...new Set(clients.map(({ profile }) => profile))].join(', ')}`,
      async () => {
        const counted = shareConnections(clients, connections);
        count = totalConnections(counted);
        await this.#setting.clients.engine.command('clients', { clients: counted });
        this.#clients = clients;
        this.#connections = connections;
        return undefined;
      },
    );
  }

  async #try(
    { at, label }: Phase,
    what: string | (() => string),
    act: () => Promise<RunMoment['switch']>,
  ): Promise<void> {
    const named = label === undefined ? {} : { label };
    const text = (): string => (typeof what === 'string' ? what : what());
    const atSeconds = (): number => Math.max(at, (performance.now() - this.#fromMs) / 1000);
    try {
      const report = await act();
      this.moments.push({
        atSeconds: atSeconds(),
        what: text(),
        ...named,
        ...(report ? { switch: report } : {}),
      });
    } catch (error) {
      if (!(error instanceof LabError) || error.kind === 'interrupted') throw error;
      const refused = sentenceOf(error);
      this.moments.push({ atSeconds: atSeconds(), what: text(), ...named, refused });
      this.#setting.notices.warn('phaseRefused', `The change at ${at} s was refused: ${refused}`);
    }
  }
}
