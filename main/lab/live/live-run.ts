/** The engines of a live run: started together, changed while they run, ended together. Knows nothing of who watches. */
import type { ModelId } from '../../../shared/catalogue.ts';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Detail, LiveChanges, LiveSettings, SwitchReport } from '../../../shared/contract/live.ts';
import type { ModelOptions, RunSettings, ServerSettings } from '../../../shared/schemas/settings.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import type { Address } from '../addresses.ts';
import { shareConnections } from '../client-mix.ts';
import type { EngineProcess } from '../engine-process.ts';
import { LabError, orInterrupted, sentenceOf } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import type { WatchedProcesses } from '../machine-noise.ts';
import { MeasuredClients } from '../measured-clients.ts';
import { MeasuredServer } from '../measured-server.ts';
import { Notices, noticeSharedCore } from '../notices.ts';
import { loadConfigOf, upstreamSettings } from '../run.ts';
import { handsOver, switchLive } from '../switching.ts';

export interface LiveRunHooks {
  readonly onFrame: (source: FrameSource, frame: Frame) => void;
  /** Something a person should be told, that no engine says. */
  readonly onNotice: (code: string, text: string) => void;
  /** Given where the run is to end before it is whole. */
  readonly signal: AbortSignal;
  /** An engine ended that was not told to. */
  readonly onFault: (sentence: string) => void;
}

export class LiveRun {
  #settings: LiveSettings;
  /** What was asked for; a server may have less. */
  #wantedDetail: Detail;
  readonly #hooks: LiveRunHooks;
  readonly #notices = new Notices();
  readonly #machine;
  #server: MeasuredServer | undefined;
  #upstream: MeasuredServer | undefined;
  #clients: MeasuredClients<EngineProcess> | undefined;
  #isPaused = false;
  /** Engines that may end. */
  readonly #dismissed = new Set<EngineProcess>();

  constructor(settings: LiveSettings, hooks: LiveRunHooks) {
    this.#settings = settings;
    this.#wantedDetail = settings.detail;
    this.#hooks = hooks;
    this.#machine = describeMachine(settings.pin);
  }

  /** As they are now. */
  get settings(): LiveSettings {
    return this.#settings;
  }
  get paused(): boolean {
    return this.#isPaused;
  }
  get address(): Address | undefined {
    return this.#server?.address;
  }
  get serverPid(): number | undefined {
    return this.#server?.engine.pid;
  }
  get clientsPid(): number | undefined {
    return this.#clients?.engine.pid;
  }
  /** Whose CPU time is not the neighbours'. */
  get processes(): WatchedProcesses | undefined {
    if (this.#server === undefined) return undefined;
    const others = [this.#clients?.engine.pid, this.#upstream?.engine.pid].filter((pid) => pid !== undefined);
    return { serverPid: this.#server.engine.pid, otherPids: others, serverCpus: this.#machine.serverCpus };
  }

  /** Throws LabError; then end() is still to be called. */
  async begin(): Promise<void> {
    noticeSharedCore(this.#notices, this.#machine.cpus);
    for (const { code, text } of this.#notices.all) this.#hooks.onNotice(code, text);
    const behind = upstreamSettings(this.#settings);
    if (behind) this.#upstream = await this.#startServer(behind, 'upstream');
    await this.#startMeasuredServer(this.#settings.server);
    await this.#startClients();
  }

  /** Ends every engine, clients first, so that none of them meets a server that is going. */
  async end(): Promise<void> {
    for (const engine of [this.#clients?.engine, this.#server?.engine, this.#upstream?.engine]) {
      if (engine) await this.#dismiss(engine);
    }
  }

  /** What was changed is in `settings`, even where a later one of the changes is refused. Throws LabError. */
  async change(changes: LiveChanges): Promise<void> {
    const { connections, clients, paused, workUs, waitMs, chunks, detail } = changes;
    const cost = Object.fromEntries(
      Object.entries({ workUs, waitMs, chunks }).filter(([, value]) => value !== undefined),
    );
    if (Object.keys(cost).length > 0) {
      await this.#serving.engine.command('handler', cost);
      this.#settings = { ...this.#settings, server: { ...this.#settings.server, ...cost } };
    }
    if (connections !== undefined || clients !== undefined) {
      const changed = {
        connections: connections ?? this.#settings.connections,
        clients: clients ?? this.#settings.clients,
      };
      const counted = shareConnections(changed.clients, changed.connections);
      await this.#asking.engine.command('clients', { clients: counted });
      this.#settings = { ...this.#settings, ...changed };
    }
    if (paused !== undefined) {
      await this.#asking.engine.command('pause', { paused });
      this.#isPaused = paused;
    }
    if (detail) {
      await this.#serving.engine.command('level', detail);
      this.#wantedDetail = detail;
      this.#settings = { ...this.#settings, detail };
    }
  }

  /** Throws LabError; then the model before serves on. */
  async switchTo(model: ModelId, options: ModelOptions): Promise<SwitchReport> {
    const previous = this.#settings.server.model;
    const report = handsOver(previous, model)
      ? await switchLive(this.#serving.engine, model, options)
      : await this.#switchByRestart(model, options);
    this.#settings = { ...this.#settings, server: { ...this.#settings.server, model, options } };
    return { model, previous, ...report };
  }

  /** The pause is from the moment at which the clients were told to go until the new ones are served. */
  async #switchByRestart(model: ModelId, options: ModelOptions): Promise<Omit<SwitchReport, 'model' | 'previous'>> {
    const before = this.#settings.server;
    // Whoever else uses the server finds it where it was.
    const port = this.#serving.address.port;
    const fromMs = performance.now();
    await this.#dismiss(this.#asking.engine);
    await this.#dismiss(this.#serving.engine);
    try {
      await this.#startMeasuredServer({ ...before, model, options, port });
    } catch (error) {
      if (this.#hooks.signal.aborted) throw error;
      await this.#startMeasuredServer({ ...before, port });
      await this.#startClients();
      throw new LabError('failed', `${sentenceOf(error)} ${before.model} serves again; its clients connected anew.`);
    }
    this.#settings = { ...this.#settings, server: { ...before, model, options } };
    await this.#startClients();
    await this.#asking.steady();
    return { how: 'reconnect', pauseMs: performance.now() - fromMs, keptConnections: 0 };
  }

  get #serving(): MeasuredServer {
    if (!this.#server) throw new LabError('failed', 'The server is not running yet.');
    return this.#server;
  }
  get #asking(): MeasuredClients<EngineProcess> {
    if (!this.#clients) throw new LabError('failed', 'The clients are not running yet.');
    return this.#clients;
  }

  async #startServer(settings: ServerSettings, source: 'server' | 'upstream'): Promise<MeasuredServer> {
    const server = await MeasuredServer.start(settings, {
      cpus: source === 'server' ? this.#machine.serverCpus : this.#machine.clientCpus,
      ...{ notices: this.#notices, source, signal: this.#hooks.signal },
      onFrame: (frame) => this.#hooks.onFrame(source, frame),
    });
    this.#watch(server.engine);
    return server;
  }

  async #startMeasuredServer(settings: ServerSettings): Promise<void> {
    const upstream = this.#upstream ? { upstream: this.#upstream.target } : {};
    this.#server = await this.#startServer({ ...settings, ...upstream }, 'server');
    await this.#askForDetail();
  }

  /** The detail that was asked for, or what this server has, with a word about it. */
  async #askForDetail(): Promise<void> {
    let detail = this.#wantedDetail;
    try {
      await this.#serving.engine.command('level', detail);
    } catch (error) {
      if (!(error instanceof LabError) || this.#hooks.signal.aborted) throw error;
      detail = { level: 'counters', switches: false };
      this.#hooks.onNotice('detail', `Only counters are recorded: ${sentenceOf(error)}`);
    }
    this.#settings = { ...this.#settings, detail };
  }

  #runSettings(): RunSettings {
    const { server, connections, clients, load, upstream, pin } = this.#settings;
    // Without an end: the clients go on until they are told to stop.
    const run = { server, connections, clients, load, pin, durationSeconds: 0, warmupSeconds: 0 };
    return upstream ? { ...run, upstream } : run;
  }

  async #startClients(): Promise<void> {
    const config = loadConfigOf(this.#runSettings(), this.#serving.target, this.#machine.clientCpus);
    const clients = MeasuredClients.here(config, this.#notices, this.#hooks.signal);
    clients.engine.on('frame', (frame) => this.#hooks.onFrame('clients', frame));
    this.#clients = clients;
    try {
      await orInterrupted(clients.engine.ready, this.#hooks.signal);
    } catch (error) {
      await this.#dismiss(clients.engine);
      throw error;
    }
    this.#watch(clients.engine);
    if (this.#isPaused) await clients.engine.command('pause', { paused: true });
  }

  #watch(engine: EngineProcess): void {
    void engine.ended.then(({ fault, finished }) => {
      if (this.#dismissed.has(engine)) return;
      const why = finished?.reason ?? 'without a reason';
      this.#hooks.onFault(fault ? sentenceOf(fault) : `${engine.name} ended by itself (${why}).`);
    });
  }

  async #dismiss(engine: EngineProcess): Promise<void> {
    this.#dismissed.add(engine);
    await engine.stop();
  }
}
