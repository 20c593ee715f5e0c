/** Who serves in a run: one server process, or several, one after another, where models cannot hand over. */
import type { ModelId } from '../../shared/catalogue.ts';
import type { HandlerChanges, ModelOptions, ServerSettings } from '../../shared/schemas/settings.ts';
import type { Counters } from '../../shared/telemetry/codec.ts';
import type { Frame } from '../../shared/telemetry/frame-splitter.ts';
import type { EngineEnd, EngineProcess } from './engine-process.ts';
import { LabError, sentenceOf, throwIfInterrupted } from './errors.ts';
import { MeasuredServer } from './measured-server.ts';
import { mergeParts, type ServerPart } from './merge-figures.ts';
import { noticeServerLimits, type Notices } from './notices.ts';
import { errorsBetween, growth } from './result.ts';
import type { OpenPlace } from './places/open-place.ts';
import type { Hooks } from './progress.ts';
import { handsOver, switchLive, type LiveSwitch } from './switching.ts';

interface Restart {
  readonly how: 'reconnect';
  readonly pauseMs: number;
  readonly keptConnections: 0;
}
export type SwitchReport = LiveSwitch | Restart;

interface Context {
  readonly cpus: string;
  readonly notices: Notices;
  readonly signal: AbortSignal | undefined;
  readonly onFrame?: (frame: Frame) => void;
  readonly detail?: Hooks['detail'];
  /** Where it runs, where that is not here. */
  readonly at?: OpenPlace | undefined;
}

/** Throws LabError; then nothing is left running. */
async function startServer(settings: ServerSettings, { detail, ...context }: Context): Promise<MeasuredServer> {
  const server = await MeasuredServer.start(settings, { ...context, source: 'server' });
  if (!detail) return server;
  try {
    await server.engine.command('level', detail);
  } catch (error) {
    if (!(error instanceof LabError) || context.signal?.aborted === true) {
      await server.engine.stop();
      throw error;
    }
    const text = `Only counters are recorded: ${sentenceOf(error)}`;
    context.notices.add('lab', { level: 'info', code: 'detail', text });
  }
  return server;
}

export class Serving {
  #server: MeasuredServer;
  #settings: ServerSettings;
  readonly #context: Context;
  readonly #parts: ServerPart[] = [];
  #from: Counters | undefined;
  #restarting: Promise<unknown> | undefined;
  /** Engines that may end. */
  readonly #dismissed = new Set<EngineProcess>();
  #fail: (error: unknown) => void = () => {};
  readonly #failure: Promise<never>;

  private constructor(server: MeasuredServer, settings: ServerSettings, context: Context) {
    this.#server = server;
    this.#settings = settings;
    this.#context = context;
    this.#failure = new Promise<never>((_, reject) => (this.#fail = reject));
    this.#failure.catch(() => {}); // whoever waits in during() sees it
    this.#watch(server.engine);
  }

  /** Throws LabError; then nothing is left running. */
  static async start(settings: ServerSettings, context: Context): Promise<Serving> {
    return new Serving(await startServer(settings, context), settings, context);
  }

  get target(): string {
    return this.#server.target;
  }
  get engine(): EngineProcess {
    return this.#server.engine;
  }
  get model(): ModelId {
    return this.#settings.model;
  }

  /** Rejects with the fault of whichever server is there while `work` is awaited. */
  async during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure]);
  }

  /** Begins the measured interval. */
  async begin(): Promise<Counters> {
    return (this.#from = await this.#server.begin());
  }

  /** Ends it. */
  async end(): Promise<Counters> {
    const to = await this.engine.snapshot();
    this.#keep(to);
    return to;
  }

  /** Of the whole interval, after end(). */
  get whole(): ServerPart {
    const [first, ...later] = this.#parts;
    if (!first) throw new Error('The interval has not ended.');
    return mergeParts([first, ...later]);
  }

  async changeHandler(changes: HandlerChanges): Promise<void> {
    await this.engine.command('handler', changes);
    const { workUs = this.#settings.workUs, waitMs = this.#settings.waitMs, chunks = this.#settings.chunks } = changes;
    this.#settings = { ...this.#settings, workUs, waitMs, chunks };
  }

  /** Throws LabError where it is refused; then the model before serves on. */
  async switchTo(model: ModelId, options: ModelOptions): Promise<SwitchReport> {
    const report = handsOver(this.model, model)
      ? await switchLive(this.engine, model, options)
      : await (this.#restarting = this.#restart(model, options));
    this.#settings = { ...this.#settings, model, options };
    return report;
  }

  /** The pause is from the word to stop until the next server listens. */
  async #restart(model: ModelId, options: ModelOptions): Promise<Restart> {
    const before = this.#settings;
    // Where its clients find it again.
    const { port } = this.#server.address;
    const old = this.engine;
    this.#keep(await old.snapshot());
    const fromMs = performance.now();
    this.#dismissed.add(old);
    await old.stop();
    try {
      await this.#next({ ...before, model, options, port });
    } catch (error) {
      throwIfInterrupted(this.#context.signal);
      await this.#next({ ...before, port });
      throw new LabError('failed', `${sentenceOf(error)} ${before.model} serves again; its clients connected anew.`);
    }
    return { how: 'reconnect', pauseMs: performance.now() - fromMs, keptConnections: 0 };
  }

  async #next(settings: ServerSettings): Promise<void> {
    this.#server = await startServer(settings, this.#context);
    this.#watch(this.engine);
    await this.begin();
  }

  #keep(to: Counters): void {
    const from = this.#from ?? to;
    noticeServerLimits(this.#context.notices, to);
    this.#parts.push({
      figures: this.#server.figures(from, to),
      requests: growth(from, to, 'requests'),
      bytesIn: growth(from, to, 'bytesIn'),
      bytesOut: growth(from, to, 'bytesOut'),
      errors: errorsBetween(from, to),
    });
  }

  #watch(engine: EngineProcess): void {
    void engine.ended.then(({ fault, finished }: EngineEnd) => {
      if (this.#dismissed.has(engine)) return;
      const why = finished?.reason ?? 'no reason';
      this.#fail(fault ?? new LabError('failed', `${engine.name} ended before its time (${why}).`));
    });
  }

  /** Resolves when no server is left, not even one that was about to begin. */
  async stop(): Promise<void> {
    this.#dismissed.add(this.engine);
    await this.engine.stop();
    await this.#restarting?.catch(() => {}); // whoever asked for it sees the fault
    this.#dismissed.add(this.engine);
    await this.engine.stop();
  }
}
