/** A recording of what passes through a hub, from now on until it is stopped. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import { frameHeaderBytes } from '../../../shared/telemetry/wire.ts';
import type { FrameHub } from '../live/frame-hub.ts';
import { SessionRecorder, type PastPart, type RecorderOptions, type RecordingResult } from './recorder.ts';

const kindOf = (frame: Uint8Array): number => (frame[4] ?? 0) | ((frame[5] ?? 0) << 8);

export class HubRecording {
  readonly recorder: SessionRecorder;
  readonly #leave: () => void;

  private constructor(recorder: SessionRecorder, hub: FrameHub) {
    this.recorder = recorder;
    this.#leave = hub.follow({
      take: (source: FrameSource, frame) => recorder.frame(source, kindOf(frame), frame.subarray(frameHeaderBytes)),
      // Whoever begins another run ends the recording of the one before.
      clear: () => {},
    });
  }

  /** `past` is asked for when the file is open, in the turn from which on frames are recorded. Throws LabError. */
  static async start(
    hub: FrameHub,
    options: Omit<RecorderOptions, 'tracker' | 'past'>,
    past?: () => readonly PastPart[],
  ): Promise<HubRecording> {
    const recorder = await SessionRecorder.start({ ...options, tracker: hub.state, past: past !== undefined });
    if (past) recorder.takePast(past());
    return new HubRecording(recorder, hub);
  }

  /** Resolves when the file is closed. */
  stop(): Promise<RecordingResult> {
    this.#leave();
    return this.recorder.stop();
  }
}
