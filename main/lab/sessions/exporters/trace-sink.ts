/** A trace as viewers know it: tracks with slices, instants and counters. chrome.ts and perfetto.ts write it down. */

export type TrackId = number;

/** Values that a slice or an instant carries; undefined ones are left out. */
export type TraceArgs = Readonly<Record<string, number | string | undefined>>;

export interface TrackSpec {
  /** A lane is a track that is no thread of the kernel's: a socket, a coroutine, the states of a thread. */
  readonly kind: 'process' | 'thread' | 'lane' | 'counter';
  readonly name: string;
  readonly parent?: TrackId | undefined;
  /** Of a process and its threads. */
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
  /** Of a counter. */
  readonly unit?: 'ns' | 'bytes' | 'count' | undefined;
}

export interface Slice {
  readonly track: TrackId;
  readonly fromNs: number;
  readonly toNs: number;
  readonly name: string;
  readonly category: string;
  readonly args?: TraceArgs | undefined;
}

export type Instant = Omit<Slice, 'fromNs' | 'toNs'> & { readonly atNs: number };

/**
 * Slices of a track nest: they come so that one which holds others, of the same batch of frames, is before them. A sink
 * keeps no slice and no arguments that it is given: the same object comes again with other values.
 */
export interface TraceSink {
  track(spec: TrackSpec): TrackId;
  /** Nothing more will come on it. */
  forget(track: TrackId): void;
  slice(slice: Slice): void;
  /** A slice whose end is not known yet; what comes on its track until then is within it. */
  begin(slice: Omit<Slice, 'toNs'>): void;
  end(track: TrackId, atNs: number): void;
  instant(instant: Instant): void;
  counter(track: TrackId, atNs: number, value: number): void;
}
