/** The histories of the window, fed from the link: plain objects, outside Vue's reactivity. `runs.ts` says whose they are. */
import { FrameError, FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import { TelemetryHistory } from './history.ts';

/** What the screens show. */
export const history = new TelemetryHistory();
/** What waits beside it. */
export const beside = new TelemetryHistory();
let isFedBeside = false;

/** The one that takes the frames. */
export const fedHistory = (): TelemetryHistory => (isFedBeside ? beside : history);

/** Shows what waited and lets what was shown wait; frames go on to the run that they are of. */
export function exchangeShown(): void {
  isFedBeside = !isFedBeside;
  history.exchange(beside);
}

/** What is shown waits from now on, and frames are of another run, which is shown. */
export function putAside(): void {
  isFedBeside = false;
  beside.reset();
  history.exchange(beside);
}

/** Nothing waits any more: frames are of what is shown, whatever that is. */
export function dropBeside(): void {
  isFedBeside = false;
  beside.reset();
}

/** Faults in frames are shown once a kind: a broken stream would say the same twenty times a second. */
const told = new Set<string>();

/** Takes whole frames; `onFault` gets a sentence for each new kind of fault. */
export function takeFrames(source: FrameSource, frames: Uint8Array, onFault: (sentence: string) => void): void {
  const splitter = new FrameSplitter();
  try {
    for (const frame of splitter.push(frames)) {
      try {
        fedHistory().take(source, frame.kind, frame.payload);
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
