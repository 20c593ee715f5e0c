/** The run's history, fed from the link. One for the window; plain objects, outside Vue's reactivity. */
import { FrameError, FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import { TelemetryHistory } from './history.ts';

export const history = new TelemetryHistory();

/** Faults in frames are shown once a kind: a broken stream would say the same twenty times a second. */
const told = new Set<string>();

/** Takes whole frames; `onFault` gets a sentence for each new kind of fault. */
export function takeFrames(source: FrameSource, frames: Uint8Array, onFault: (sentence: string) => void): void {
  const splitter = new FrameSplitter();
  try {
    for (const frame of splitter.push(frames)) {
      try {
        history.take(source, frame.kind, frame.payload);
      } catch (error) {
        tell(`A frame of the ${source} could not be read and was left out`, error, onFault);
      }
    }
    if (splitter.pendingBytes > 0) throw new FrameError(`A batch ends ${splitter.pendingBytes} bytes into a frame.`);
  } catch (error) {
    tell(`A batch of the ${source} could not be read to its end`, error, onFault);
  }
}

function tell(what: string, error: unknown, onFault: (sentence: string) => void): void {
  const sentence = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  if (told.has(what)) return;
  told.add(what);
  onFault(sentence);
}
