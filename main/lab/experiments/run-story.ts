/** How one run of a scenario went, taken from its frames as they come. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { RunStory } from '../../../shared/contract/experiments.ts';
import { counterOf, decodeCounters } from '../../../shared/telemetry/codec.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { RunTimeline } from '../compare/run-timeline.ts';

export class StoryTeller {
  readonly #timeline: RunTimeline;
  /** Nobody counts inside a server that is watched from outside. */
  readonly #isInside: boolean;
  #fromNs: number | undefined;
  #toNs = 0;
  #requests = 0;
  #accepts = 0;
  /** Of servers before, where another process took over. */
  #acceptsBefore = 0;

  constructor(durationSeconds: number, isInside: boolean) {
    this.#timeline = new RunTimeline(durationSeconds);
    this.#isInside = isInside;
  }

  frame(source: FrameSource, frame: Frame): void {
    this.#timeline.frame(source, frame);
    if (frame.kind === frameKinds.ready && source === 'server') {
      this.#acceptsBefore += this.#accepts;
      this.#accepts = 0;
    }
    if (frame.kind !== frameKinds.counters || (source !== 'server' && source !== 'clients')) return;
    const counters = decodeCounters(frame.payload);
    if (source === 'server') {
      this.#accepts = counterOf(counters, 'accepts');
      return;
    }
    this.#fromNs ??= counters.timeNs;
    this.#toNs = counters.timeNs;
    this.#requests = counterOf(counters, 'requests');
  }

  /** When the run is over. */
  get story(): RunStory {
    return {
      timeline: this.#timeline.timeline,
      whole: {
        seconds: this.#fromNs === undefined ? 0 : (this.#toNs - this.#fromNs) / 1e9,
        requests: this.#requests,
        accepts: this.#isInside ? this.#acceptsBefore + this.#accepts : null,
      },
    };
  }
}
