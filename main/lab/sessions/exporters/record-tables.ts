/** Tables of single things: sockets, what happened on them, events, context switches, and moments of the run. */
import { isFlagSeen } from '../../../../shared/telemetry/counted.ts';
import {
  awaits,
  eventKinds,
  fdFlags,
  fdRoles,
  noFd,
  readinessBits,
  shareNames,
  switchKinds,
  syscallNames,
  tcpStates,
} from '../../../../shared/telemetry/wire.ts';
import { columnsOf, snakeCase, timeAndSource, timeCell, type CellType, type Row, type Table } from './table.ts';

const flags = Object.entries(fdFlags);
const booleans = Object.fromEntries(flags.map(([name]) => [snakeCase(name), 'boolean'])) as Record<string, CellType>;

/** A row for each fd on which something happened, each interval. The flags up to `closed` are of that interval. Empty: not known of a server watched from outside. */
export const fdStates: Table = {
  name: 'fd_states',
  columns: columnsOf({
    ...timeAndSource,
    ...{ connection_id: 'integer', fd: 'integer', role: 'text', tcp_state: 'text' },
    ...booleans,
    ...{ receive_queue_bytes: 'integer', send_queue_bytes: 'integer', waiting_us: 'integer' },
    ...{ in_bytes: 'integer', out_bytes: 'integer' },
  }),
  types: ['fdStates'],
  *rows({ type, frame, source, isState }, context): Generator<Row> {
    if (type !== 'fdStates' || isState) return;
    const time = timeCell(frame.timeNs, context);
    const isOutside = context.names.isOutside(source);
    for (let i = 0; i < frame.count; i++) {
      const bits = frame.flags[i] ?? 0;
      yield [
        ...[time, source, frame.connectionIds[i] ?? 0, frame.fds[i] ?? 0],
        ...[fdRoles[frame.roles[i] ?? 0] ?? null, tcpStates[frame.tcpStates[i] ?? 0] ?? null],
        ...flags.map(([name, bit]) => (isOutside && !isFlagSeen(name) ? null : (bits & bit) !== 0)),
        ...[frame.receiveQueueBytes[i] ?? 0, frame.sendQueueBytes[i] ?? 0, frame.waitingUs[i] ?? 0],
        ...[frame.bytesIn[i] ?? 0, frame.bytesOut[i] ?? 0],
      ];
    }
  },
};

const shareColumns = Object.fromEntries(shareNames.map((name) => [`${snakeCase(name)}_ns`, 'integer'])) as Record<
  string,
  CellType
>;

/**
 * How long each fd was in which state during the `span_ns` up to `time_ns`: a row for each that was not idle for all of
 * it. A row adds up to the span, or to the part of it in which the fd was open. `unsure_ns`: idle or waiting, as the
 * data came in somewhere in there. Sessions recorded before this was measured have no rows.
 */
export const fdShares: Table = {
  name: 'fd_shares',
  columns: columnsOf({
    ...timeAndSource,
    ...{ connection_id: 'integer', role: 'text', span_ns: 'integer', end_state: 'text' },
    ...shareColumns,
  }),
  types: ['fdShares'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'fdShares') return;
    const time = timeCell(frame.timeNs, context);
    for (let i = 0; i < frame.count; i++) {
      yield [
        ...[time, source, frame.connectionIds[i] ?? 0, fdRoles[frame.roles[i] ?? 0] ?? null, frame.spanNs],
        shareNames[frame.endStates[i] ?? 0] ?? null,
        ...shareNames.map((_, state) => frame.ns[i * shareNames.length + state] ?? 0),
      ];
    }
  },
};

/** `pid`: of the process that has it, of servers of several processes that were watched from outside. */
export const sockets: Table = {
  name: 'sockets',
  columns: columnsOf({
    ...timeAndSource,
    ...{ connection_id: 'integer', fd: 'integer', role: 'text', local: 'text', peer: 'text', pid: 'integer' },
  }),
  types: ['opened'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'opened') return;
    for (const socket of frame) {
      const { timeNs, connectionId, fd, role, local, peer } = socket;
      const pid = context.names.pidOf(source, socket) ?? null;
      yield [timeCell(timeNs, context), source, connectionId, fd, role, local, peer, pid];
    }
  },
};

const kindNames = new Map<number, string>(Object.entries(eventKinds).map(([name, kind]) => [kind, snakeCase(name)]));

/** "readable + hangup". */
export const readinessText = (bits: number): string =>
  Object.entries(readinessBits)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(' + ');

/**
 * At the level `events`. `name` is the system call, the readiness that was reported, the label of the step, or what the
 * coroutine awaits from then on; a negative result of a system call is the errno.
 */
export const events: Table = {
  name: 'events',
  columns: columnsOf({
    ...timeAndSource,
    ...{ thread_id: 'integer', thread: 'text', kind: 'text', name: 'text', fd: 'integer' },
    ...{ connection_id: 'integer', duration_ns: 'integer', result: 'integer' },
  }),
  types: ['events'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'events') return;
    const thread = context.names.thread(source, frame.threadId)?.name ?? null;
    for (let i = 0; i < frame.count; i++) {
      const kind = frame.kinds[i] ?? 0;
      const code = frame.codes[i] ?? 0;
      const fd = frame.fds[i] ?? noFd;
      yield [
        ...[timeCell(frame.timesNs[i] ?? 0, context), source, frame.threadId, thread, kindNames.get(kind) ?? null],
        ...[eventName(kind, code, (index) => context.names.step(source, index)?.label), fd === noFd ? null : fd],
        ...[frame.connectionIds[i] ?? 0, frame.durationsNs[i] ?? 0],
        kind === eventKinds.syscall ? (frame.results[i] ?? 0) : null,
      ];
    }
  },
};

export function eventName(kind: number, code: number, stepLabel: (index: number) => string | undefined): string | null {
  switch (kind) {
    case eventKinds.syscall:
      return syscallNames[code] ?? null;
    case eventKinds.ready:
      return readinessText(code);
    case eventKinds.step:
      return stepLabel(code) ?? null;
    case eventKinds.coroutineRan:
      return awaits[code] ?? null;
    default:
      return null;
  }
}

/** Where context switches are recorded. `in`: the thread got a core; else it left one. */
export const switches: Table = {
  name: 'switches',
  columns: columnsOf({ ...timeAndSource, thread_id: 'integer', thread: 'text', kind: 'text' }),
  types: ['switches'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'switches') return;
    for (let i = 0; i < frame.count; i++) {
      const threadId = frame.threadIds[i] ?? 0;
      const thread = context.names.thread(source, threadId)?.name ?? null;
      const time = timeCell(frame.timesNs[i] ?? 0, context);
      yield [time, source, threadId, thread, switchKinds[frame.kinds[i] ?? 0] ?? null];
    }
  },
};

/** Marks, models that began to serve, notices and findings. */
export const moments: Table = {
  name: 'moments',
  columns: columnsOf({ ...timeAndSource, kind: 'text', name: 'text', level: 'text', text: 'text' }),
  types: ['mark', 'model', 'notice', 'finding'],
  *rows(decoded, context): Generator<Row> {
    const { type, source, receivedNs, isState } = decoded;
    if (isState) return;
    const at = (timeNs: number): [number, string, string] => [timeCell(timeNs, context), source, type];
    switch (type) {
      case 'mark':
        yield [...at(decoded.frame.timeNs), decoded.frame.name, null, decoded.frame.text ?? null];
        break;
      case 'model':
        yield [...at(decoded.frame.timeNs), decoded.frame.model, null, null];
        break;
      case 'notice':
        yield [...at(receivedNs), decoded.frame.code, decoded.frame.level, decoded.frame.text];
        break;
      case 'finding':
        yield [...at(decoded.frame.timeNs), decoded.frame.code, decoded.frame.level, decoded.frame.text];
        break;
      default:
    }
  },
};
