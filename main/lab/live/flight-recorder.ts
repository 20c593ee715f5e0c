/**
 * The flight recorder: while it is armed, the last seconds of the run stay in memory, and a trigger keeps them, and
 * what follows, as a session of the library. It costs memory and no disk until then.
 */
import { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import type { FlightKept, FlightSettings, FlightState } from '../../../shared/contract/flight.ts';
import type { LiveSettings } from '../../../shared/contract/live.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import { monotonicNs } from '../clock.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { HubRecording } from '../sessions/hub-recording.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { newManifest } from '../sessions/new-manifest.ts';
import { FlightRing } from './flight-ring.ts';
import { FlightTriggers, type Trip } from './flight-triggers.ts';
import type { FrameHub, FrameListener } from './frame-hub.ts';
import { recordedRun } from './live-recording.ts';

interface Armed {
  readonly settings: FlightSettings;
  readonly ring: FlightRing;
  readonly triggers: FlightTriggers;
  readonly leave: () => void;
  readonly timer: NodeJS.Timeout;
  restUntilNs: number;
  kept: number;
}

const tellMs = 1000;

export class FlightRecorder {
  readonly #hub: FrameHub;
  readonly #library: SessionLibrary;
  /** Of the live run; undefined where none runs. */
  readonly #settings: () => LiveSettings | undefined;
  readonly #events = new EventEmitter<{ state: [FlightState]; kept: [FlightKept]; failed: [string] }>();
  #armed: Armed | undefined;
  /** Under way; `finish` ends what follows the trigger before its time. */
  #keeping: { finish: () => void; readonly done: Promise<void> } | undefined;

  constructor(hub: FrameHub, library: SessionLibrary, settings: () => LiveSettings | undefined) {
    this.#hub = hub;
    this.#library = library;
    this.#settings = settings;
    this.#events.setMaxListeners(0);
  }

  get state(): FlightState {
    const { settings, ring, kept = 0 } = this.#armed ?? {};
    return {
      ...(settings ? { armed: settings } : {}),
      ...{ heldSeconds: ring?.seconds ?? 0, heldBytes: ring?.bytes ?? 0 },
      ...{ isKeeping: this.#keeping !== undefined, kept },
    };
  }

  /** Of what changes, what was kept, and why something could not be kept. Returns how to end that. */
  on(listeners: {
    state: (state: FlightState) => void;
    kept: (kept: FlightKept) => void;
    failed?: (sentence: string) => void;
  }): () => void {
    const { state, kept, failed = () => {} } = listeners;
    this.#events.on('state', state).on('kept', kept).on('failed', failed);
    return () => void this.#events.off('state', state).off('kept', kept).off('failed', failed);
  }

  arm(settings: FlightSettings): void {
    this.#leave();
    const ring = new FlightRing(this.#hub.state, settings.beforeSeconds);
    const listener: FrameListener = {
      take: (source, frame) => {
        const kind = new DataView(frame.buffer, frame.byteOffset).getUint16(4, true);
        this.#take(source, kind, frame.subarray(frameHeaderBytes));
      },
      clear: () => ring.clear(),
    };
    const leave = this.#hub.follow(listener);
    const timer = setInterval(() => this.#tell(), tellMs);
    timer.unref();
    const triggers = new FlightTriggers(settings);
    this.#armed = { settings, ring, triggers, leave, timer, restUntilNs: 0, kept: 0 };
    this.#tell();
  }

  /** What is being kept is kept to its end. */
  disarm(): void {
    this.#leave();
    this.#tell();
  }

  /** The user's key. Resolves when the recording has begun. Throws LabError. */
  async keep(): Promise<void> {
    if (!this.#armed) throw new LabError('bad-input', 'The flight recorder is not armed: arm it first.');
    if (!this.#settings()) throw new LabError('bad-input', 'Nothing runs, so there is nothing to keep.');
    if (this.#keeping) throw new LabError('bad-input', 'The moment before is still being kept: try again in a second.');
    const text = 'Kept by the key.';
    await this.#begin(this.#armed, { trigger: 'key', sentence: text, timeNs: monotonicNs() });
  }

  /** The run has ended, or is about to: what follows a trigger ends here. Resolves when it is in its file. */
  async runEnds(): Promise<void> {
    this.#keeping?.finish();
    await this.#keeping?.done;
  }

  #leave(): void {
    this.#armed?.leave();
    clearInterval(this.#armed?.timer);
    this.#armed = undefined;
  }

  #take(source: Parameters<FrameListener['take']>[0], kind: number, payload: Uint8Array): void {
    const armed = this.#armed;
    // The frames of a replay are no flight.
    if (!armed || !this.#settings()) return;
    const nowNs = monotonicNs();
    armed.ring.take(source, kind, payload, nowNs);
    const trip = armed.triggers.take(source, kind, payload);
    if (!trip || this.#keeping || nowNs < armed.restUntilNs) return;
    this.#begin(armed, trip).catch((error: unknown) => this.#events.emit('failed', sentenceOf(error)));
  }

  async #begin(armed: Armed, trip: Trip): Promise<void> {
    armed.restUntilNs = monotonicNs() + armed.settings.restSeconds * 1e9;
    let finish = (): void => {};
    const after = new Promise<void>((resolve) => (finish = resolve));
    let begun = (): void => {};
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const done = this.#keep(armed, trip, { after, begun, finish }).finally(() => {
      this.#keeping = undefined;
      this.#tell();
    });
    done.catch(() => {}); // told below, where it fails before it has begun, and as `failed` afterwards
    this.#keeping = { finish, done: done.catch(() => {}) };
    this.#tell();
    await Promise.race([beginning, done]);
  }

  async #keep(
    armed: Armed,
    { trigger, sentence, timeNs }: Trip,
    { after, begun, finish }: { after: Promise<void>; begun: () => void; finish: () => void },
  ): Promise<void> {
    const live = this.#settings();
    if (!live) return;
    const run = recordedRun(live);
    const name = `${run.name}: ${{ p99: 'slow', error: 'error', starved: 'starved', key: 'kept' }[trigger]}`;
    const path = await this.#library.newPath(`flight-${trigger}-${live.server.model}`);
    const startedNs = armed.ring.parts[0]?.atNs;
    const manifest = newManifest({ ...run, name, tags: ['flight recorder', trigger], notes: sentence, startedNs });
    let fault: string | undefined;
    const onFault = (why: string): void => {
      fault = why;
      finish();
    };
    const recording = await HubRecording.start(this.#hub, { path, manifest, onFault }, () => armed.ring.parts);
    const end = this.#library.recording(recording.recorder);
    begun();
    this.#hub.publishFrame('lab', encodeJson(frameKinds.mark, { name: `flight-${trigger}`, timeNs, text: sentence }));
    const timer = setTimeout(finish, armed.settings.afterSeconds * 1000);
    await after;
    clearTimeout(timer);
    await recording.stop();
    end();
    armed.kept++;
    this.#events.emit('kept', { trigger, sentence, timeNs, file: basename(path) });
    if (fault !== undefined) this.#events.emit('failed', fault);
  }

  #tell(): void {
    this.#events.emit('state', this.state);
  }
}
