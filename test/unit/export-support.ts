/** A small recorded run, and its tables worked out from the frames that were put in, without the code under test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { exportSession, type ExportRequest, type ExportResult } from '../../main/lab/sessions/exporters/index.ts';
import { SessionRecorder, type RecorderOptions } from '../../main/lab/sessions/recorder.ts';
import type { SessionFrame } from '../../shared/session/format.ts';
import { decodeCounters, decodeEvents, decodeFdStates, gaugeOf } from '../../shared/telemetry/codec.ts';
import { counterNames, fdFlags, frameKinds, gaugeNames, syscallNames } from '../../shared/telemetry/wire.ts';
import { manifestOf, smallRun, startNs, type SmallRun } from './session-frames.ts';

export interface RecordedRun extends SmallRun {
  readonly folder: string;
  readonly path: string;
  export(format: string, changes?: Partial<ExportRequest>): Promise<ExportResult>;
  remove(): void;
}

export async function recordFrames(
  frames: Iterable<SessionFrame>,
  path: string,
  options: Partial<RecorderOptions> = {},
): Promise<string> {
  const recorder = await SessionRecorder.start({ path, manifest: manifestOf(), ...options });
  for (const { source, kind, payload, receivedNs } of frames) recorder.frame(source, kind, payload, receivedNs);
  await recorder.stop();
  return path;
}

/** Chunks are short, so that exporters meet many of them. */
export async function recordedRun(run = smallRun({ hasShares: true })): Promise<RecordedRun> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-export-'));
  const path = await recordFrames(run.frames, join(folder, 'run.fdscope'), { policy: { chunkBytes: 20_000 } });
  return {
    ...run,
    ...{ folder, path },
    export: (format, changes = {}) => exportSession({ path, format, out: join(folder, `out.${format}`), ...changes }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type ReadCell = number | string | boolean | null;
export type ReadRow = Record<string, ReadCell>;

/** Rows of a query, with whole numbers of any width as Numbers. */
export async function queryDuckDb(sql: string): Promise<ReadRow[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS().map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => {
          if (typeof cell === 'bigint') return [name, Number(cell)];
          if (cell === null || ['number', 'string', 'boolean'].includes(typeof cell)) return [name, cell as ReadCell];
          throw new Error(`${name} was read as a ${typeof cell}.`);
        }),
      ),
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const named = (
  names: readonly string[],
  prefix: string,
  values: Float64Array,
  isCounted: (name: string) => boolean = () => true,
): ReadRow =>
  Object.fromEntries(
    names.map((name, i) => [
      `${prefix}${snake(name)}`,
      values[i] === 0 && !isCounted(name) ? null : (values[i] ?? null),
    ]),
  );
/** Nobody counts them where context switches are not recorded. */
const ofSwitches = new Set(['onCpuNs', 'blockedNs', 'preemptedNs', 'recordedBlocked', 'recordedPreempted']);
const since = (timeNs: number): number => timeNs - startNs;

export function expectedCounters({ frames }: SmallRun): ReadRow[] {
  return frames
    .filter(({ kind }) => kind === frameKinds.counters)
    .map(({ source, payload }) => {
      const frame = decodeCounters(payload);
      const recordsSwitches = gaugeOf(frame, 'recordsSwitches') > 0;
      return {
        ...{ time_ns: since(frame.timeNs), source },
        ...named(counterNames, '', frame.counters, (name) => recordsSwitches || !ofSwitches.has(name)),
        ...named(gaugeNames, '', frame.gauges),
        ...named(syscallNames, 'syscall_', frame.syscalls),
      };
    });
}

export function expectedFdStates({ frames }: SmallRun): ReadRow[] {
  return frames
    .filter(({ kind }) => kind === frameKinds.fdStates)
    .flatMap(({ source, payload }) => {
      const frame = decodeFdStates(payload);
      return Array.from(frame.fds, (fd, i) => ({
        ...{ time_ns: since(frame.timeNs), source, connection_id: frame.connectionIds[i] ?? -1, fd },
        ...{ role: 'client', tcp_state: 'ESTABLISHED' },
        ...Object.fromEntries(
          Object.entries(fdFlags).map(([name, bit]) => [snake(name), ((frame.flags[i] ?? 0) & bit) !== 0]),
        ),
        ...{ receive_queue_bytes: frame.receiveQueueBytes[i] ?? -1, send_queue_bytes: frame.sendQueueBytes[i] ?? -1 },
        ...{ waiting_us: frame.waitingUs[i] ?? -1, in_bytes: frame.bytesIn[i] ?? -1, out_bytes: 128 },
      }));
    });
}

/** Of the small run: the first connection, which is the only one that is not idle. */
export function expectedFdShares(): ReadRow[] {
  return Array.from({ length: 60 }, (_, i) => {
    const servingNs = (i + 1) * 100_000;
    return {
      ...{ time_ns: (i + 1) * 50e6, source: 'server', connection_id: 1, role: 'client', span_ns: 50e6 },
      ...{ end_state: 'serving', idle_ns: 50e6 - servingNs - 70, unsure_ns: 40, waiting_ns: 30, reported_ns: 0 },
      ...{ serving_ns: servingNs, in_vain_ns: 0, write_blocked_ns: 0, unknown_ns: 0 },
    };
  });
}

/** The small run has system calls and coroutines, and its coroutines always await a read. */
export function expectedEvents({ frames }: SmallRun): ReadRow[] {
  return frames
    .filter(({ kind }) => kind === frameKinds.events)
    .flatMap(({ source, payload }) => {
      const frame = decodeEvents(payload);
      return Array.from(frame.timesNs, (timeNs, i) => {
        const isCall = frame.kinds[i] === 1;
        return {
          ...{ time_ns: since(timeNs), source, thread_id: 1, thread: 'loop' },
          ...{
            kind: isCall ? 'syscall' : 'coroutine_ran',
            name: isCall ? (syscallNames[frame.codes[i] ?? 0] ?? '') : 'read',
          },
          ...{ fd: frame.fds[i] === -1 ? null : (frame.fds[i] ?? null), connection_id: frame.connectionIds[i] ?? -1 },
          ...{ duration_ns: frame.durationsNs[i] ?? -1, result: isCall ? (frame.results[i] ?? null) : null },
        };
      });
    });
}
