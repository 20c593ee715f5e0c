/** What the inspector tells, and of when. */
import type { ToldMoment, ToldNow, ToldStretch } from './inspector-moment.ts';

export interface ToldEvent {
  /** From the moment on, such as "−1.20 ms"; of the newest events, the time of the run. */
  readonly when: string;
  readonly text: string;
  readonly failed: boolean;
  /** The last that began before the moment, or at it. */
  readonly isLastBefore: boolean;
  /** What was picked. */
  readonly isPicked: boolean;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What is told of one moment, or of one stretch: all of it is of that, and its heading says of what. */
export interface ToldPart {
  readonly heading: string;
  /** What it was in, in a sentence; empty where the facts say it. */
  readonly sentence: string;
  readonly facts: readonly Fact[];
  /** What the facts are of. */
  readonly note?: string;
  readonly events?: readonly ToldEvent[];
  /** Why there are no events, where there are none. */
  readonly eventsNote?: string;
}

export interface Told {
  readonly title: string;
  readonly parts: readonly ToldPart[];
}

/** Of when is told. */
export interface ToldWhen {
  readonly at: ToldMoment;
  readonly now: ToldNow;
  readonly over: ToldStretch;
}
