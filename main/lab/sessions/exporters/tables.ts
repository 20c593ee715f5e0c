/** All tables of a session, and the pass over its frames that fills those that are wanted. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { Counters } from '../../../../shared/telemetry/codec.ts';
import { LabError } from '../../errors.ts';
import { counters, latency, latencyBuckets, steps, threads } from './counter-tables.ts';
import type { DecodedType, FrameReader } from './decoded-frames.ts';
import { machine, rates } from './machine-tables.ts';
import { events, fdShares, fdStates, moments, sockets, switches } from './record-tables.ts';
import { SessionNames } from './session-names.ts';
import type { Row, Table } from './table.ts';

export const tables: readonly Table[] = [
  counters,
  rates,
  machine,
  fdStates,
  fdShares,
  events,
  latency,
  latencyBuckets,
  threads,
  steps,
  sockets,
  switches,
  moments,
];

export const tableNames: readonly string[] = tables.map(({ name }) => name);

/** All, or the one of that name. Throws LabError. */
export function chosenTables(name: string | undefined): readonly Table[] {
  if (name === undefined) return tables;
  const found = tables.filter((table) => table.name === name);
  if (found.length > 0) return found;
  throw new LabError('bad-input', `There is no table "${name}": choose ${tableNames.join(', ')}.`);
}

export interface TableSink {
  readonly table: Table;
  /** Rows of one chunk of frames. */
  write(rows: readonly Row[]): Promise<void>;
}

/** Rows that go to a sink at once: a chunk of frames can hold a million small ones. */
const rowsAtOnce = 8192;

/** One pass over the session fills all sinks. */
export async function fillTables(reader: FrameReader, sinks: readonly TableSink[]): Promise<void> {
  const names = new SessionNames();
  const last = new Map<FrameSource, Counters>();
  const context = { startedNs: reader.session.startedNs, names, before: (source: FrameSource) => last.get(source) };
  const types = new Set<DecodedType>([...SessionNames.types, ...sinks.flatMap(({ table }) => table.types)]);
  for await (const batch of reader.batches(types)) {
    const pending = new Map<TableSink, Row[]>(sinks.map((sink) => [sink, []]));
    for (const decoded of batch) {
      names.see(decoded);
      for (const [sink, rows] of pending) {
        if (!sink.table.types.includes(decoded.type)) continue;
        for (const row of sink.table.rows(decoded, context)) rows.push(row);
        if (rows.length < rowsAtOnce) continue;
        await sink.write(rows.splice(0));
      }
      // A process that begins counts from zero, at a moment that no frame of counters tells.
      if (decoded.type === 'ready' && !decoded.isState) last.delete(decoded.source);
      if (decoded.type === 'counters') last.set(decoded.source, decoded.frame);
    }
    for (const [sink, rows] of pending) if (rows.length > 0) await sink.write(rows);
  }
}
