/** A server and clients that are changed while they run, by commands. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineProcess } from '../../main/lab/engine-process.ts';
import { LabError } from '../../main/lab/errors.ts';
import type { ModelFrame } from '../../shared/engine-messages.ts';
import { errorCounter } from '../../shared/run-result.ts';
import { counterOf, type Counters } from '../../shared/telemetry/codec.ts';
import { errorKinds, type CounterName } from '../../shared/telemetry/wire.ts';
import { engine, serveCommand, slowdown } from './engines.ts';

type Settings = Readonly<Record<string, unknown>>;

const framed = (settings: Settings): string[] => ['--config', JSON.stringify(settings), '--frames', '1'];

export interface Switched extends ModelFrame {
  readonly pauseMs: number;
}

/** How long a switch may take: requests under way are let finish, and the machine may be busy. */
const switchLimitMs = 30_000 * slowdown;

/** Both are ended by end(), whatever a test did. */
export class LiveEngines {
  readonly server: EngineProcess;
  readonly clients: EngineProcess;
  private constructor(server: EngineProcess, clients: EngineProcess) {
    this.server = server;
    this.clients = clients;
  }

  /** Resolves when the clients have tried to open their connections. They go on until end(). */
  static async start(model: string, serve: Settings, load: Settings): Promise<LiveEngines> {
    const [file, ...args] = serveCommand(model);
    const server = new EngineProcess('The server', { file, args }, framed({ handler: 'respond', ...serve }));
    try {
      const { port } = await server.ready;
      const config = {
        ...{ target: `127.0.0.1:${port}`, durationMs: 0, warmupMs: 0, timeoutMs: 20_000 * slowdown },
        ...{ handler: 'respond', protocol: serve.protocol ?? 'http', responseBytes: serve.responseBytes ?? 128 },
        ...load,
      };
      const clients = new EngineProcess('The clients', { file: engine, args: ['load'] }, framed(config));
      const steady = clients.mark('steady');
      const engines = new LiveEngines(server, clients);
      await clients.during(steady).catch(async (error: unknown) => {
        await engines.end();
        throw error;
      });
      return engines;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Another model takes over. Resolves to the frame that says so; throws LabError where it is refused. */
  async switchTo(model: string, options: Settings = {}): Promise<Switched> {
    let frame: ModelFrame | undefined;
    const onModel = (model: ModelFrame): void => void (frame = model);
    this.server.once('model', onModel);
    try {
      await this.server.command('switch', { model, options }, { limitMs: switchLimitMs });
    } finally {
      this.server.off('model', onModel);
    }
    if (!frame) throw new Error('No model frame came before the answer.');
    return { ...frame, pauseMs: (frame.pauseNs ?? NaN) / 1e6 };
  }

  /** The sentence with which the server refuses a switch. */
  async refusalOf(model: string, options: Settings = {}): Promise<string> {
    try {
      await this.switchTo(model, options);
    } catch (error) {
      if (error instanceof LabError) return error.message;
      throw error;
    }
    throw new Error(`The switch to ${model} was not refused.`);
  }

  /** A counter of the clients. */
  async count(name: CounterName): Promise<number> {
    return counterOf(await this.clients.snapshot(), name);
  }

  /** Waits until so many more replies have come and were checked. */
  async answered(more: number, limitMs = 20_000 * slowdown): Promise<void> {
    const from = await this.count('requests');
    const end = performance.now() + limitMs;
    for (;;) {
      const now = await this.count('requests');
      if (now >= from + more) return;
      if (performance.now() > end) throw new Error(`Only ${now - from} of ${more} replies came in ${limitMs} ms.`);
      await sleep(5);
    }
  }

  async end(): Promise<void> {
    await this.clients.stop();
    await this.server.stop();
  }
}

/** The errors that were counted, by kind. */
export const errorsIn = (counters: Counters): Record<string, number> =>
  Object.fromEntries(
    errorKinds.map((kind) => [kind, counterOf(counters, errorCounter(kind))] as const).filter(([, count]) => count > 0),
  );
