/** The running lab: at most one live run, its state, and its frames. All hosts and all their windows share it. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type {
  LiveChanges,
  LiveSettings,
  LiveState,
  SwitchReport,
  switchRequestSchema,
} from '../../../shared/contract/live.ts';
import type { ModelId } from '../../../shared/catalogue.ts';
import type { ModelOptions, ServerSettings } from '../../../shared/schemas/settings.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import type { z } from 'zod';
import { monotonicNs } from '../clock.ts';
import { Diagnosis } from '../diagnosis/diagnosis.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { FrameHub } from './frame-hub.ts';
import { LiveRun } from './live-run.ts';

/** What the lab knows of models. */
export interface ModelKnowledge {
  /** Options as the model takes them. Throws LabError where it is not there, not available, or refuses an option. */
  resolveModel(model: ModelId, options: ModelOptions): Promise<ModelOptions>;
}

type SwitchRequest = z.output<typeof switchRequestSchema>;

export class LiveLab {
  readonly frames = new FrameHub();
  readonly #models: ModelKnowledge;
  readonly #listeners = new Set<(state: LiveState) => void>();
  #state: LiveState = { phase: 'idle', paused: false };
  #run: LiveRun | undefined;
  #abort = new AbortController();
  #diagnosis = new Diagnosis();
  #end: NodeJS.Timeout | undefined;
  /** Changes and switches, one after another. */
  #work: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(models: ModelKnowledge) {
    this.#models = models;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Tells every change of the state. Returns how to end that. */
  onState(listener: (state: LiveState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when server and clients run. Throws LabError; then nothing is left running. */
  async start(settings: LiveSettings): Promise<LiveState> {
    if (this.#stopping) await this.#stopping;
    if (this.#state.phase !== 'idle') throw new LabError('bad-input', 'The lab runs already: stop it first.');
    this.#abort = new AbortController();
    this.#set({ phase: 'starting', settings, paused: false });
    this.frames.clear();
    this.#diagnosis = new Diagnosis();
    try {
      const server = await this.#resolved(settings.server);
      if (settings.upstream) await this.#models.resolveModel(settings.upstream.model, {});
      this.#run = new LiveRun(
        { ...settings, server },
        {
          signal: this.#abort.signal,
          onFrame: (source, { kind, payload }) => this.#take(source, kind, payload),
          onNotice: (code, text) => this.#say(frameKinds.notice, { level: 'info', code, text }),
          onFault: (sentence) => void this.#finish(sentence),
        },
      );
      await this.#run.begin();
    } catch (error) {
      await this.#finish(this.#abort.signal.aborted ? undefined : sentenceOf(error));
      throw error;
    }
    if (settings.durationSeconds !== undefined) {
      this.#end = setTimeout(() => void this.stop(), settings.durationSeconds * 1000);
    }
    this.#set({ phase: 'running', ...this.#facts(), startedNs: monotonicNs() });
    return this.#state;
  }

  /** Throws LabError. */
  change(changes: LiveChanges): Promise<LiveState> {
    return this.#inTurn(async (run) => {
      const text = wordsOf(changes);
      try {
        await run.change(changes);
      } finally {
        this.#set(this.#facts());
      }
      this.#markNow('change', text);
      return this.#state;
    });
  }

  /** Throws LabError; then the model before serves on. */
  switchTo({ model, options }: SwitchRequest): Promise<SwitchReport> {
    return this.#inTurn(async (run) => {
      const resolved = await this.#models.resolveModel(model, options);
      this.#set({ phase: 'switching' });
      try {
        const report = await run.switchTo(model, resolved);
        if (report.how === 'reconnect') {
          this.#markNow('reconnect', `${report.previous} cannot hand over to ${model}: the clients connected anew.`);
        }
        return report;
      } finally {
        if (this.#state.phase === 'switching') this.#set({ phase: 'running', ...this.#facts() });
      }
    });
  }

  /** Resolves when every engine is gone. May be called at any time. */
  async stop(): Promise<LiveState> {
    await this.#finish(undefined);
    return this.#state;
  }

  mark(text: string): void {
    if (!this.#run) throw new LabError('bad-input', 'Nothing runs, so there is no moment to mark.');
    this.#markNow('user', text);
  }

  async #resolved(server: ServerSettings): Promise<ServerSettings> {
    return { ...server, options: await this.#models.resolveModel(server.model, server.options) };
  }

  #inTurn<T>(work: (run: LiveRun) => Promise<T>): Promise<T> {
    const turn = this.#work.then(() => {
      if (!this.#run || this.#state.phase !== 'running') {
        throw new LabError('bad-input', 'The lab does not run: start it first.');
      }
      return work(this.#run);
    });
    this.#work = turn.catch(() => {});
    return turn;
  }

  /** Ends the run once, however often it is asked for. */
  #finish(fault: string | undefined): Promise<void> {
    if (this.#state.phase === 'idle') return Promise.resolve();
    return (this.#stopping ??= this.#endRun(fault).finally(() => (this.#stopping = undefined)));
  }

  async #endRun(fault: string | undefined): Promise<void> {
    clearTimeout(this.#end);
    this.#abort.abort();
    const { settings } = this.#state;
    this.#set({ phase: 'stopping' });
    try {
      await this.#run?.end();
    } finally {
      this.#run = undefined;
      this.#state = { phase: 'idle', paused: false };
      this.#set({ ...(settings ? { settings } : {}), ...(fault === undefined ? {} : { fault }) });
    }
  }

  /** What the state says of the run. */
  #facts(): Partial<LiveState> {
    const run = this.#run;
    if (!run) return {};
    const { settings, paused, address, serverPid, clientsPid } = run;
    return {
      ...{ settings, paused },
      ...(address ? { address } : {}),
      ...(serverPid === undefined ? {} : { serverPid }),
      ...(clientsPid === undefined ? {} : { clientsPid }),
    };
  }

  #set(changes: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener(this.#state);
  }

  #take(source: FrameSource, kind: number, payload: Uint8Array): void {
    this.frames.publish(source, kind, payload);
    for (const finding of this.#diagnosis.take(source, kind, payload)) this.#say(frameKinds.finding, finding);
  }

  #markNow(name: string, text: string): void {
    this.#say(frameKinds.mark, { name, timeNs: monotonicNs(), text });
  }

  #say(kind: Parameters<typeof encodeJson>[0], value: object): void {
    this.frames.publishFrame('lab', encodeJson(kind, value));
  }
}

/** A change in words, such as "connections 200, workUs 50". */
function wordsOf({ connections, clients, paused, workUs, waitMs, chunks, detail }: LiveChanges): string {
  const numbers = Object.entries({ connections, workUs, waitMs, chunks });
  const said = numbers.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  if (clients) said.push(`clients ${clients.map(({ profile }) => profile).join(', ')}`);
  if (paused !== undefined) said.push(paused ? 'clients paused' : 'clients go on');
  if (detail) said.push(`detail ${detail.level}${detail.switches ? ' with context switches' : ''}`);
  return said.join(', ');
}
