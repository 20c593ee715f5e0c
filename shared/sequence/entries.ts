/**
 * What a sequence diagram shows: lanes beside each other, and what happened in them one below the other. Time goes
 * down, in the order of events and not to scale.
 */
export interface SequenceLane {
  readonly id: string;
  readonly title: string;
  /** Which process it is of, or that it has ended. */
  readonly note?: string;
}

/** `done`: it returned something; `failed`: -1 and an errno; `refused`: it was not made, with the reason. */
export type Ending = 'done' | 'failed' | 'refused';

export interface Outcome {
  readonly ending: Ending;
  /** Such as "= 4" or "= -1 EAGAIN". */
  readonly text: string;
}

/** A call, at the moment when it was made. */
export interface CallEntry {
  readonly kind: 'call';
  /** Names the step in the page; entries that one step brought have the same. */
  readonly step: number;
  readonly lane: string;
  /** As C would write it. */
  readonly text: string;
  /** Not there: it did not return at once, and its lane sleeps. */
  readonly outcome?: Outcome;
  /** Of a call that sleeps: where, such as "asleep in accept". */
  readonly asleep?: string;
  /** Of a call that returned at once. */
  readonly tookNs?: number;
}

/** A call that slept returns. */
export interface WakeEntry {
  readonly kind: 'wake';
  readonly step: number;
  readonly lane: string;
  readonly text: string;
  readonly outcome: Outcome;
  readonly sleptNs: number;
}

/** What went from one lane to another. */
export interface CrossingEntry {
  readonly kind: 'crossing';
  readonly step: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Concluded from the states before and after, not counted by the kernel. */
  readonly isInferred: boolean;
}

/** What belongs to no call: a process that ended, a timer that ran out. */
export interface NoteEntry {
  readonly kind: 'note';
  readonly step: number;
  readonly text: string;
}

export type SequenceEntry = CallEntry | WakeEntry | CrossingEntry | NoteEntry;

export interface Sequence {
  readonly lanes: readonly SequenceLane[];
  readonly entries: readonly SequenceEntry[];
}
