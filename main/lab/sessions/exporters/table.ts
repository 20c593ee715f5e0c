/** Tidy tables of a session: a row is one observation, and units are in the names of columns. */
import type { Counters } from '../../../../shared/telemetry/codec.ts';
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { DecodedFrame, DecodedType } from './decoded-frames.ts';
import type { SessionNames } from './session-names.ts';

/** `integer` cells are whole, `number` cells any. */
export type CellType = 'integer' | 'number' | 'text' | 'boolean';
export type Cell = number | string | boolean | null;
export type Row = readonly Cell[];

export interface Column {
  readonly name: string;
  readonly type: CellType;
}

export interface TableContext {
  /** The moment that `time_ns` counts from, CLOCK_MONOTONIC. */
  readonly startedNs: number;
  readonly names: SessionNames;
  /** The last counters of that process before this frame; undefined of its first. */
  before(source: FrameSource): Counters | undefined;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Frames that its rows are made of. */
  readonly types: readonly DecodedType[];
  rows(frame: DecodedFrame, context: TableContext): Iterable<Row>;
}

/** `bytesIn` as `bytes_in`. */
export const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const columnsOf = (types: Readonly<Record<string, CellType>>): Column[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));

/** The first columns of every table: ns since the session's start, and the process that it is about. */
export const timeAndSource = { time_ns: 'integer', source: 'text' } as const;

export const timeCell = (timeNs: number, { startedNs }: TableContext): number => Math.round(timeNs - startedNs);

/** A key for a thread: its id is unique within one engine's run only. */
export const threadKey = (source: FrameSource, threadId: number): string => `${source} ${threadId}`;
