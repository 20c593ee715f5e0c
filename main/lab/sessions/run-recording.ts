/** A recording of runs without a window, one after another, into one file. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Detail } from '../../../shared/contract/live.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { monotonicNs } from '../clock.ts';
import { FrameHub } from '../live/frame-hub.ts';
import type { RunWatch } from '../progress.ts';
import { HubRecording } from './hub-recording.ts';
import { newManifest, type Recorded } from './new-manifest.ts';
import type { RecordingResult, SessionRecorder } from './recorder.ts';

export class RunRecording implements RunWatch {
  /** What the servers are asked to record. */
  readonly detail: Detail;
  readonly #hub: FrameHub;
  readonly #recording: HubRecording;
  #name = '';

  private constructor(hub: FrameHub, recording: HubRecording, detail: Detail) {
    this.#hub = hub;
    this.#recording = recording;
    this.detail = detail;
  }

  /** `onFault` is told where it stops by itself; the runs go on. Throws LabError where the file cannot be begun. */
  static async start(
    path: string,
    { recorded, level, onFault }: { recorded: Recorded; level: Detail['level']; onFault: (sentence: string) => void },
  ): Promise<RunRecording> {
    const hub = new FrameHub();
    const recording = await HubRecording.start(hub, { path, manifest: newManifest(recorded), onFault });
    return new RunRecording(hub, recording, { level, switches: level !== 'counters' });
  }

  get path(): string {
    return this.recorder.path;
  }

  get recorder(): SessionRecorder {
    return this.#recording.recorder;
  }

  /** What the next run is called, in the mark where it begins. */
  next(name: string): void {
    this.#name = name;
  }

  begin(): void {
    this.#hub.clear();
    const mark = { name: 'run', timeNs: monotonicNs(), text: this.#name };
    this.#hub.publishFrame('lab', encodeJson(frameKinds.mark, mark));
  }

  frame(source: FrameSource, { kind, payload }: Frame): void {
    this.#hub.publish(source, kind, payload);
  }

  /** Resolves when the file is closed. */
  stop(): Promise<RecordingResult> {
    return this.#recording.stop();
  }
}
