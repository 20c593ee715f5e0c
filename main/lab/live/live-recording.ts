/** The recording of a live run: begun, told of while it grows, and ended with the run at the latest. */
import type { LiveSettings, LiveState } from '../../../shared/contract/live.ts';
import type { SessionCard } from '../../../shared/contract/sessions.ts';
import { LabError } from '../errors.ts';
import { HubRecording } from '../sessions/hub-recording.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { newManifest } from '../sessions/new-manifest.ts';
import type { FrameHub } from './frame-hub.ts';

export interface LiveRecordingHooks {
  /** `state` has changed. */
  readonly onChange: () => void;
  /** It has stopped by itself; the run goes on. */
  readonly onFault: (sentence: string) => void;
}

/** How often the bytes are told. */
const tellMs = 1000;

/** What the manifest says was run. */
export const recordedRun = (settings: LiveSettings, name?: string): Parameters<typeof newManifest>[0] => ({
  name: name ?? settings.title ?? `${settings.server.model}, ${settings.connections} connections`,
  settings: { ...settings },
  pin: settings.pin,
});

export class LiveRecording {
  readonly #hub: FrameHub;
  readonly #library: SessionLibrary;
  readonly #hooks: LiveRecordingHooks;
  #current: { readonly recording: HubRecording; readonly end: () => void; readonly timer: NodeJS.Timeout } | undefined;
  #isStarting = false;

  constructor(hub: FrameHub, library: SessionLibrary, hooks: LiveRecordingHooks) {
    this.#hub = hub;
    this.#library = library;
    this.#hooks = hooks;
  }

  get state(): LiveState['recording'] {
    if (!this.#current) return undefined;
    const { id, path, bytes } = this.#current.recording.recorder;
    return { id, path, bytes };
  }

  /** Throws LabError; the run is not touched by that. */
  async start(settings: LiveSettings, name?: string): Promise<void> {
    if (this.#current || this.#isStarting) throw new LabError('bad-input', 'This run is being recorded already.');
    this.#isStarting = true;
    try {
      const run = recordedRun(settings, name);
      const path = await this.#library.newPath(run.name);
      const onFault = (sentence: string): void => {
        void this.stop();
        this.#hooks.onFault(sentence);
      };
      const recording = await HubRecording.start(this.#hub, { path, manifest: newManifest(run), onFault });
      const timer = setInterval(() => this.#hooks.onChange(), tellMs);
      this.#current = { recording, end: this.#library.recording(recording.recorder), timer };
    } finally {
      this.#isStarting = false;
    }
    this.#hooks.onChange();
  }

  /** Resolves with the session when its file is closed; undefined where nothing was being recorded. */
  async stop(): Promise<SessionCard | undefined> {
    const current = this.#current;
    if (!current) return undefined;
    this.#current = undefined;
    clearInterval(current.timer);
    this.#hooks.onChange();
    const { path } = await current.recording.stop();
    current.end();
    return this.#library.cardOf(path);
  }
}
