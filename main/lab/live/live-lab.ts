/** The running lab: at most one live run, its state, and its frames. All hosts and all their windows share it. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { FlightSettings } from '../../../shared/contract/flight.ts';
import type {
  Detail,
  LiveChanges,
  LiveSettings,
  LiveState,
  SwitchReport,
  switchRequestSchema,
} from '../../../shared/contract/live.ts';
import type { SessionCard } from '../../../shared/contract/sessions.ts';
import type { ModelId } from '../../../shared/catalogue.ts';
import type { Notice } from '../../../shared/engine-messages.ts';
import type { ModelOptions, ServerSettings } from '../../../shared/schemas/settings.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import type { z } from 'zod';
import { monotonicNs } from '../clock.ts';
import { NoiseWatch } from '../machine-noise.ts';
import { Diagnosis } from '../diagnosis/diagnosis.ts';
import { LabError, sentenceOf } from '../errors.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import type { RecordingSettingsStore } from '../sessions/recording-settings.ts';
import { FlightRecorder } from './flight-recorder.ts';
import { FrameHub } from './frame-hub.ts';
import { LiveRecording } from './live-recording.ts';
import { LiveReplay } from './live-replay.ts';
import { LiveRun } from './live-run.ts';
import { noticeFrame, withTime } from './timed-notice.ts';
import { wordsOf } from './change-words.ts';

/** What the lab knows of models. */
export interface ModelKnowledge {
  /** Options as the model takes them. Throws LabError where it is not there, not available, or refuses an option. */
  resolveModel(model: ModelId, options: ModelOptions): Promise<ModelOptions>;
}

type SwitchRequest = z.output<typeof switchRequestSchema>;

/** Everything, every context switch among it: what a flight recorder is for. */
const flightDetail: Detail = { level: 'events', switches: true };

const noiseEveryMs = 1000;

export class LiveLab {
  readonly frames = new FrameHub();
  readonly sessions: SessionLibrary;
  readonly replay: LiveReplay;
  readonly flight: FlightRecorder;
  readonly #recording: LiveRecording;
  readonly #recordingSettings: Pick<RecordingSettingsStore, 'settings'>;
  /** What was recorded before the flight recorder was armed. */
  #detailBefore: Detail | undefined;
  readonly #models: ModelKnowledge;
  readonly #listeners = new Set<(state: LiveState) => void>();
  #state: LiveState = { phase: 'idle', paused: false };
  #run: LiveRun | undefined;
  #abort = new AbortController();
  #diagnosis = new Diagnosis();
  readonly #noise = new NoiseWatch(() => this.#run?.processes);
  #end: NodeJS.Timeout | undefined;
  /** Changes and switches, one after another. */
  #work: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(
    models: ModelKnowledge,
    library: SessionLibrary,
    recordingSettings: Pick<RecordingSettingsStore, 'settings'>,
  ) {
    this.#models = models;
    this.sessions = library;
    this.#recordingSettings = recordingSettings;
    this.replay = new LiveReplay(this.frames, library);
    // Clients that end in mid-request are errors to the server, and no news to whoever has stopped them.
    const isFlying = (): boolean => this.#run !== undefined && this.#state.phase !== 'stopping';
    this.flight = new FlightRecorder(this.frames, library, () => (isFlying() ? this.#state.settings : undefined));
    this.flight.on({ state: () => {}, kept: () => {}, failed: (sentence) => this.#warn('flightFailed', sentence) });
    this.#recording = new LiveRecording(this.frames, library, {
      onChange: () => this.#set({ recording: this.#recording.state }),
      onFault: (sentence) => this.#warn('recordingStopped', sentence),
    });
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
    if (this.#state.phase === 'replaying') await this.closeReplay();
    if (this.#state.phase !== 'idle') throw new LabError('bad-input', 'The lab runs already: stop it first.');
    const wanted = settings.detail;
    const armed = this.flight.state.armed;
    if (armed?.events === true) settings = { ...settings, detail: flightDetail };
    this.#detailBefore = armed?.events === true ? wanted : undefined;
    this.#abort = new AbortController();
    this.#set({ phase: 'starting', settings, paused: false, startedNs: monotonicNs() });
    this.frames.clear();
    this.#diagnosis = new Diagnosis();
    try {
      if (this.#recordingSettings.settings.automatic) await this.#recordIfPossible(settings);
      const server = await this.#resolved(settings.server);
      if (settings.upstream) await this.#models.resolveModel(settings.upstream.model, {});
      this.#run = new LiveRun(
        { ...settings, server },
        {
          signal: this.#abort.signal,
          onFrame: (source, { kind, payload }) => this.#take(source, kind, payload),
          onNotice: (code, text) => this.#notice('info', code, text),
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
    this.#set({ phase: 'running', ...this.#facts() });
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

  /** Resolves when every engine is gone, and every recording in its file. May be called at any time. */
  async stop(): Promise<LiveState> {
    if (this.#state.phase === 'replaying') await this.closeReplay();
    await this.#finish(undefined);
    return this.#state;
  }

  /** Records what runs, from now on. Throws LabError. */
  record(name?: string): Promise<LiveState> {
    return this.#inTurn(async () => {
      if (this.#state.settings) await this.#recording.start(this.#state.settings, name);
      return this.#state;
    });
  }

  /** Resolves with the session when its file is closed. Throws LabError. */
  async stopRecording(): Promise<SessionCard> {
    const card = await this.#recording.stop();
    if (!card) throw new LabError('bad-input', 'Nothing is being recorded.');
    return card;
  }

  /** In the place of a live run. Throws LabError. */
  async openReplay(file: string): ReturnType<LiveReplay['open']> {
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'replaying') {
      throw new LabError('bad-input', 'The lab runs: stop it before you open a session.');
    }
    const before = this.#state;
    this.#state = { phase: 'replaying', paused: false };
    this.#set({});
    try {
      return await this.replay.open(file);
    } catch (error) {
      this.#state = this.replay.state ? before : { phase: 'idle', paused: false };
      this.#set({});
      throw error;
    }
  }

  async closeReplay(): Promise<void> {
    await this.replay.close();
    if (this.#state.phase !== 'replaying') return;
    this.#state = { phase: 'idle', paused: false };
    this.#set({});
  }

  /** Throws LabError where the engine refuses the detail; then it is armed with the detail that there is. */
  async armFlight(settings: FlightSettings): Promise<void> {
    this.flight.arm(settings);
    await this.#setFlightDetail(settings.events);
  }

  async disarmFlight(): Promise<void> {
    this.flight.disarm();
    await this.#setFlightDetail(false);
  }

  async #setFlightDetail(wantsEvents: boolean): Promise<void> {
    if (this.#state.phase !== 'running') return;
    const before = this.#detailBefore;
    if (wantsEvents && before === undefined) {
      this.#detailBefore = this.#state.settings?.detail;
      await this.change({ detail: flightDetail });
    } else if (!wantsEvents && before !== undefined) {
      this.#detailBefore = undefined;
      await this.change({ detail: before });
    }
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
    const { settings, startedNs } = this.#state;
    this.#set({ phase: 'stopping' });
    try {
      await this.#run?.end();
      await this.flight.runEnds();
    } finally {
      await this.#recording.stop();
      this.#run = undefined;
      this.#state = { phase: 'idle', paused: false };
      this.#set({
        ...(settings ? { settings } : {}),
        ...(startedNs === undefined ? {} : { startedNs }),
        ...(fault === undefined ? {} : { fault }),
      });
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
    // Who subscribes later is told the notices of before: each says when it was.
    if (kind === frameKinds.notice) this.frames.publishFrame(source, withTime(payload, monotonicNs()));
    else this.frames.publish(source, kind, payload);
    for (const finding of this.#diagnosis.take(source, kind, payload)) this.#say(frameKinds.finding, finding);
    if (source === 'server' && kind === frameKinds.counters) this.#lookAtMachine();
  }

  /** Once a second, with the server's counters: without a server there is nothing to be disturbed. */
  #lookAtMachine(): void {
    if (this.#noise.ageMs < noiseEveryMs) return;
    const noise = this.#noise.take();
    if (!noise) return;
    this.#diagnosis.takeNoise(noise);
    this.#say(frameKinds.machine, { ...noise, timeNs: monotonicNs() });
  }

  /** A run without its recording is better than none. */
  async #recordIfPossible(settings: LiveSettings): Promise<void> {
    try {
      await this.#recording.start(settings);
    } catch (error) {
      this.#warn('recordingStopped', sentenceOf(error));
    }
  }

  #warn(code: string, text: string): void {
    this.#notice('warning', code, text);
  }

  #notice(level: Notice['level'], code: string, text: string): void {
    this.frames.publishFrame('lab', noticeFrame({ level, code, text }, monotonicNs()));
  }

  #markNow(name: string, text: string): void {
    this.#say(frameKinds.mark, { name, timeNs: monotonicNs(), text });
  }

  #say(kind: Parameters<typeof encodeJson>[0], value: object): void {
    this.frames.publishFrame('lab', encodeJson(kind, value));
  }
}
