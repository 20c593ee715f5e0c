/** A server of the lab with everything that its frames say, kept for the result. */
import type { ResultNotice, ServerFigures } from '../../shared/run-result.ts';
import type { ServerSettings } from '../../shared/schemas/settings.ts';
import type { Counters } from '../../shared/telemetry/codec.ts';
import type { Frame } from '../../shared/telemetry/frame-splitter.ts';
import { checkServerAddresses } from './address-gate.ts';
import { addressText, reachableHost, type Address } from './addresses.ts';
import { serverCommand } from './engine-location.ts';
import type { Ready } from '../../shared/engine-messages.ts';
import { EngineProcess } from './engine-process.ts';
import { placePatience } from './places/engine-crew.ts';
import { keepLease } from './places/lease.ts';
import type { OpenPlace } from './places/open-place.ts';
import { orInterrupted } from './errors.ts';
import type { Notices } from './notices.ts';
import { Peaks, serverFigures } from './result.ts';
import { ThreadTotals } from './thread-totals.ts';

/** Only what is asked for: an engine refuses keys that it does not know. */
function engineConfig(settings: ServerSettings, cpus: string): Record<string, unknown> {
  const { model, protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose } = settings;
  const { host, port, options, upstream } = settings;
  const { noDelay, sendBufferBytes, receiveBufferBytes, deferAcceptSeconds } = settings;
  const sockets = { noDelay, sendBufferBytes, receiveBufferBytes, deferAcceptSeconds };
  const config = {
    ...{ model, protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose, host, port, options, cpus },
    ...Object.fromEntries(Object.entries(sockets).filter(([, value]) => value !== undefined)),
  };
  return handler === 'forward' ? { ...config, upstream } : config;
}

export class MeasuredServer {
  readonly engine: EngineProcess;
  readonly ready: Ready;
  readonly #peaks: Peaks;
  readonly #threads: ThreadTotals;

  private constructor(engine: EngineProcess, ready: Ready, peaks: Peaks, threads: ThreadTotals) {
    this.engine = engine;
    this.ready = ready;
    this.#peaks = peaks;
    this.#threads = threads;
  }

  /** Resolves when it listens. Throws LabError; then nothing is left running. */
  static async start(
    settings: ServerSettings,
    context: {
      cpus: string;
      notices: Notices;
      source: ResultNotice['source'];
      signal: AbortSignal | undefined;
      /** Sees every frame from the first on. */
      onFrame?: (frame: Frame) => void;
      /** Where it runs, where that is not here. */
      at?: OpenPlace | undefined;
    },
  ): Promise<MeasuredServer> {
    checkServerAddresses(settings);
    const what = context.source === 'upstream' ? 'upstream server' : 'server';
    const { at } = context;
    const config = JSON.stringify(engineConfig(settings, at ? (at.settings.cores ?? '') : context.cpus));
    const args = ['serve', '--config', config, '--frames', '1'];
    const engine = at
      ? new EngineProcess(`The ${what} (${settings.model}) at ${at.name}`, at.command(args), [], placePatience)
      : new EngineProcess(`The ${what} (${settings.model})`, serverCommand(settings.model), args);
    if (at) keepLease(engine);
    if (context.onFrame) engine.on('frame', context.onFrame);
    const peaks = new Peaks();
    const threads = new ThreadTotals();
    engine.on('counters', (frame) => peaks.see(frame));
    engine.on('threadStarted', (thread) => threads.started(thread));
    engine.on('threads', (frame) => threads.changed(frame));
    engine.on('notice', (notice) => context.notices.add(context.source, notice));
    try {
      const ready = await orInterrupted(engine.ready, context.signal);
      for (const notice of ready.notices) context.notices.add(context.source, notice);
      return new MeasuredServer(engine, ready, peaks, threads);
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** Where it really listens. */
  get address(): Address {
    return { host: this.ready.host ?? '127.0.0.1', port: this.ready.port ?? 0 };
  }

  /** Where clients on this machine reach it, as HOST:PORT. */
  get target(): string {
    const { host, port } = this.address;
    return addressText({ host: reachableHost(host), port });
  }

  /** Begins the measured interval. */
  async begin(): Promise<Counters> {
    const frame = await this.engine.snapshot();
    this.#peaks.restart();
    this.#peaks.see(frame);
    this.#threads.restart();
    return frame;
  }

  figures(from: Counters, to: Counters): ServerFigures {
    return serverFigures(from, to, { ready: this.ready, peaks: this.#peaks, threads: this.#threads.groups() });
  }
}
