/**
 * What every socket did at every tick of the telemetry: a byte a socket and tick, in columns that are drawn as they
 * are. A row is a place in the server's fd table, so that a connection which takes over a closed one's fd goes on in
 * its row. Servers that fork have the same fd in several processes; those get rows of their own, of each process where
 * that is told.
 */
import type { FdStates, OpenedSocket } from '../../shared/telemetry/codec.ts';
import { fdFlags, fdRoles, frameIntervalMs, type FdRole } from '../../shared/telemetry/wire.ts';
import { rowStep, TickColumns } from './tick-columns.ts';

/** In the order in which they win where many share a pixel: trouble must stay visible among thousands. */
export const socketStates = [
  'none',
  'closed',
  'idle',
  'served',
  'eagain',
  'reported',
  'waiting',
  'writeBlocked',
  'error',
] as const;
export type SocketState = (typeof socketStates)[number];
export const stateCode = Object.fromEntries(socketStates.map((name, i) => [name, i])) as Record<SocketState, number>;

/** The state during a tick is in the lower half of its byte; the upper half is the state it was left in. */
export const shownOf = (cell: number): number => cell & 15;
export const leftOf = (cell: number): number => cell >>> 4;

export interface SocketOfProcess extends OpenedSocket {
  /** Of the process that has it; 0 where nobody knows. */
  readonly pid?: number;
}

/** One connection's time in a row. */
export interface Tenant {
  readonly connectionId: number;
  readonly role: FdRole;
  readonly fd: number;
  readonly row: number;
  readonly local: string;
  readonly peer: string;
  /** As of SocketOfProcess. */
  readonly pid: number;
  readonly openedNs: number;
  closedNs: number;
}

/** The newest that is known of a row. */
export interface SocketFigures {
  readonly flags: number;
  readonly tcpState: number;
  readonly receiveQueueBytes: number;
  readonly sendQueueBytes: number;
  /** Up to the newest tick. */
  readonly waitingUs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const tickNs = frameIntervalMs * 1e6;
const maxPastTenants = 50_000;

const servedFlags = fdFlags.read | fdFlags.wrote | fdFlags.accepted;
const reportFlags = fdFlags.reportedReadable | fdFlags.reportedWritable;

const figureNames = [
  'flags',
  'tcp',
  'receive',
  'send',
  'waiting',
  'bytesIn',
  'bytesOut',
  'lastNs',
  'activity',
] as const;
type Figure = (typeof figureNames)[number];
/** Per second: how soon what a socket did is forgotten when rows are sorted by activity. */
const activityDecay = 0.5;

const keyOf = (connectionId: number, role: number): number => connectionId * fdRoles.length + role;

/** Descriptors are below 2^24, and pids below 2^22. */
const placeOf = (fd: number, pid: number): number => pid * 2 ** 24 + fd;

export class SocketStore {
  /** Rows that were ever taken; they are numbered from 0. */
  rows = 0;
  /** Grows when a row begins or changes hands. */
  rowsVersion = 0;
  readonly ticks = new TickColumns();
  readonly #rowOf = new Map<number, number>();
  /** By fd and process, as `placeOf` puts them together. */
  readonly #rowsOfFd = new Map<number, number[]>();
  readonly #pids = new Set<number>();
  /** Key of the connection that has each row, or had it last. */
  readonly #keyIn: number[] = [];
  #announced: SocketOfProcess[] = [];
  /** Whether one that forks may have served: then a fd may be open in several processes at once. */
  hasForks = false;
  readonly #tenants: (Tenant | undefined)[] = [];
  readonly #past: Tenant[][] = [];
  readonly #pastOrder: number[] = [];
  #left = new Uint8Array(rowStep);
  #isReported = new Uint8Array(rowStep);
  readonly #figures = Object.fromEntries(figureNames.map((name) => [name, new Float64Array(rowStep)])) as Record<
    Figure,
    Float64Array
  >;

  get byteLength(): number {
    return this.ticks.byteLength + this.#left.length * (2 + 8 * figureNames.length);
  }

  /** Then a fd alone does not say which socket it is. */
  get hasSeveralProcesses(): boolean {
    return this.#pids.size > 1;
  }

  takeOpened(sockets: readonly SocketOfProcess[]): void {
    // Whether their fds' rows are free is told by the states of the same report, which may come before or after.
    for (const socket of sockets) this.#announced.push(socket);
  }

  take(frame: FdStates): void {
    const column = this.#settle(frame);
    for (let i = 0; i < frame.count; i++) {
      const key = keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0);
      const row = this.#rowOf.get(key) ?? 0;
      const flags = frame.flags[i] ?? 0;
      const isCurrent = this.#keyIn[row] === key;
      const left = isCurrent ? this.#stateLeft(row, flags, frame.receiveQueueBytes[i] ?? 0) : stateCode.none;
      const shown = Math.max(shownOf(column[row] ?? 0), stateShown(flags, left));
      // Of several connections that had the row within the tick, the last one's state remains.
      if (isCurrent) {
        this.#left[row] = left;
        this.#note(row, frame, i);
      }
      column[row] = shown | ((this.#left[row] ?? 0) << 4);
      if (flags & fdFlags.closed) this.#rowOf.delete(key);
    }
  }

  /** The process has gone, of which `timeNs` is the last that was heard: nothing of it is open any more. */
  endProcess(timeNs: number): void {
    this.#announced.length = 0;
    this.#rowOf.clear();
    for (const [row, tenant] of this.#tenants.entries()) {
      this.#left[row] = stateCode.none;
      if (tenant?.closedNs === Number.POSITIVE_INFINITY) tenant.closedNs = timeNs;
    }
  }

  /** Time passed: where nothing happened on any socket there may be no frame, and all stay as they were left. */
  passTo(timeNs: number): void {
    if (timeNs - this.ticks.newestNs > 1.5 * tickNs) this.#columnFor(timeNs);
  }

  /** Who had a row at a time, or the one before or now in it where nobody had. */
  tenantAt(row: number, timeNs: number): Tenant | undefined {
    const now = this.#tenants[row];
    if (now !== undefined && timeNs >= now.openedNs) return now;
    const past = this.#past[row] ?? [];
    for (let i = past.length - 1; i >= 0; i--) {
      const tenant = past[i];
      if (tenant !== undefined && timeNs >= tenant.openedNs - tickNs) return tenant;
    }
    return past[0] ?? now;
  }

  latestTenant(row: number): Tenant | undefined {
    return this.#tenants[row];
  }

  rowOfSocket(connectionId: number, role: FdRole): number | undefined {
    return this.#rowOf.get(keyOf(connectionId, fdRoles.indexOf(role)));
  }

  /** The row of an open connection's fd. */
  rowOfFd(fd: number, connectionId: number): number | undefined {
    for (let role = 0; role < fdRoles.length; role++) {
      const row = this.#rowOf.get(keyOf(connectionId, role));
      if (row !== undefined && this.#tenants[row]?.fd === fd) return row;
    }
    return this.#rowsOfFd.get(fd)?.[0];
  }

  figures(row: number): SocketFigures {
    const at = (name: Figure): number => this.#figures[name][row] ?? 0;
    return {
      flags: at('flags'),
      tcpState: at('tcp'),
      receiveQueueBytes: at('receive'),
      sendQueueBytes: at('send'),
      waitingUs: this.waitingUs(row),
      bytesIn: at('bytesIn'),
      bytesOut: at('bytesOut'),
    };
  }

  waitingUs(row: number): number {
    const waiting = this.#figures.waiting[row] ?? 0;
    return waiting === 0 || !this.isOpen(row)
      ? 0
      : waiting + (this.ticks.newestNs - (this.#figures.lastNs[row] ?? 0)) / 1000;
  }

  /** How much a row did of late; for sorting only. */
  activity(row: number): number {
    const ageNs = this.ticks.newestNs - (this.#figures.lastNs[row] ?? 0);
    return (this.#figures.activity[row] ?? 0) * Math.pow(activityDecay, ageNs / 1e9);
  }

  isOpen(row: number): boolean {
    return this.#tenants[row]?.closedNs === Number.POSITIVE_INFINITY;
  }

  #stateLeft(row: number, flags: number, receiveQueueBytes: number): number {
    if (flags & fdFlags.closed) return stateCode.none;
    if (flags & fdFlags.writeBlocked) return stateCode.writeBlocked;
    if (flags & reportFlags) this.#isReported[row] = 1;
    else if (flags & servedFlags) this.#isReported[row] = 0;
    if (flags & fdFlags.waiting) return this.#isReported[row] === 1 ? stateCode.reported : stateCode.waiting;
    this.#isReported[row] = 0;
    return flags & fdFlags.queuesKnown && receiveQueueBytes > 0 ? stateCode.waiting : stateCode.idle;
  }

  #note(row: number, frame: FdStates, i: number): void {
    const f = this.#figures;
    const passedNs = frame.timeNs - (f.lastNs[row] ?? 0);
    const bytesIn = frame.bytesIn[i] ?? 0;
    const bytesOut = frame.bytesOut[i] ?? 0;
    f.activity[row] = (f.activity[row] ?? 0) * Math.pow(activityDecay, passedNs / 1e9) + 1 + bytesIn + bytesOut;
    f.flags[row] = frame.flags[i] ?? 0;
    f.tcp[row] = frame.tcpStates[i] ?? 0;
    f.receive[row] = frame.receiveQueueBytes[i] ?? 0;
    f.send[row] = frame.sendQueueBytes[i] ?? 0;
    f.waiting[row] = frame.waitingUs[i] ?? 0;
    f.bytesIn[row] = (f.bytesIn[row] ?? 0) + bytesIn;
    f.bytesOut[row] = (f.bytesOut[row] ?? 0) + bytesOut;
    f.lastNs[row] = frame.timeNs;
  }

  /** Gives rows to the sockets that are new in a report, and returns its column. */
  #settle(frame: FdStates): Uint8Array {
    const closing = new Set<number>();
    for (let i = 0; i < frame.count; i++) {
      if (((frame.flags[i] ?? 0) & fdFlags.closed) === 0) continue;
      const key = keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0);
      closing.add(key);
      const row = this.#rowOf.get(key);
      const tenant = row === undefined ? undefined : this.#tenants[row];
      if (tenant !== undefined && this.#keyIn[row ?? 0] === key) tenant.closedNs = frame.timeNs;
    }
    const begin = (socket: SocketOfProcess): void => {
      const key = keyOf(socket.connectionId, fdRoles.indexOf(socket.role));
      if (!this.#rowOf.has(key)) this.#begin(socket, key, closing.has(key) ? frame.timeNs : Number.POSITIVE_INFINITY);
    };
    for (const socket of this.#announced.sort((a, b) => a.timeNs - b.timeNs)) begin(socket);
    this.#announced.length = 0;
    // Sockets that nobody announced: their frame was dropped, or they were open before anybody looked.
    for (let i = 0; i < frame.count; i++) {
      const connectionId = frame.connectionIds[i] ?? 0;
      const role = frame.roles[i] ?? 0;
      if (this.#rowOf.has(keyOf(connectionId, role))) continue;
      const timeNs = frame.timeNs - tickNs;
      const fd = frame.fds[i] ?? -1;
      begin({ timeNs, connectionId, fd, role: fdRoles[role] ?? 'client', local: '', peer: '' });
    }
    return this.#columnFor(frame.timeNs);
  }

  #begin(socket: SocketOfProcess, key: number, closedNs: number): void {
    const { pid = 0 } = socket;
    if (pid > 0) this.#pids.add(pid);
    const row = this.#freeRow(socket.fd, pid);
    this.#leave(row);
    this.#rowOf.set(key, row);
    this.#keyIn[row] = key;
    this.#tenants[row] = { ...socket, pid, row, openedNs: socket.timeNs, closedNs };
    for (const name of figureNames) this.#figures[name][row] = 0;
    this.#figures.lastNs[row] = socket.timeNs;
    this.#left[row] = stateCode.idle;
    this.#isReported[row] = 0;
    this.rowsVersion++;
  }

  #freeRow(fd: number, pid: number): number {
    const place = placeOf(fd, pid);
    const rows = this.#rowsOfFd.get(place);
    if (rows === undefined) {
      const row = this.#newRow();
      this.#rowsOfFd.set(place, [row]);
      return row;
    }
    const free = rows.find((row) => !this.isOpen(row));
    if (free !== undefined) return free;
    // In one process the kernel gives a fd away only when it is free: the close was in a frame that was dropped.
    if (!this.hasForks || pid > 0) return rows[0] ?? 0;
    const row = this.#newRow();
    rows.push(row);
    return row;
  }

  #newRow(): number {
    const row = this.rows++;
    if (row >= this.#left.length) this.#widen();
    return row;
  }

  /** The connection that had a row becomes its past. */
  #leave(row: number): void {
    const tenant = this.#tenants[row];
    if (tenant === undefined) return;
    if (tenant.closedNs === Number.POSITIVE_INFINITY) {
      tenant.closedNs = this.ticks.newestNs;
      this.#rowOf.delete(this.#keyIn[row] ?? -1);
    }
    (this.#past[row] ??= []).push(tenant);
    this.#pastOrder.push(row);
    if (this.#pastOrder.length <= 2 * maxPastTenants) return;
    // Each row's own past is in the order in which they left, so the oldest is always its first.
    for (const oldRow of this.#pastOrder.splice(0, maxPastTenants)) this.#past[oldRow]?.shift();
  }

  #columnFor(timeNs: number): Uint8Array {
    return this.ticks.at(timeNs, this.rows, (column) => {
      for (let row = 0; row < this.rows; row++) column[row] = (this.#left[row] ?? 0) * 17;
    });
  }

  #widen(): void {
    const length = this.#left.length * 2;
    const widened = (old: Uint8Array): Uint8Array<ArrayBuffer> => {
      const wide = new Uint8Array(length);
      wide.set(old);
      return wide;
    };
    this.#left = widened(this.#left);
    this.#isReported = widened(this.#isReported);
    for (const name of figureNames) {
      const wide = new Float64Array(length);
      wide.set(this.#figures[name]);
      this.#figures[name] = wide;
    }
  }
}

function stateShown(flags: number, left: number): number {
  if (flags & fdFlags.error) return stateCode.error;
  if (flags & fdFlags.closed) return stateCode.closed;
  if (flags & fdFlags.writeBlocked) return stateCode.writeBlocked;
  if (flags & servedFlags) return stateCode.served;
  if (flags & fdFlags.eagain) return stateCode.eagain;
  if (flags & reportFlags) return stateCode.reported;
  return left;
}
