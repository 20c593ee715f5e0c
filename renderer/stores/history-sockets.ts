/**
 * What every socket did at every tick of the telemetry: how long it was in which state, in columns that are drawn as they
 * are. A row is a place in the server's fd table, so that a connection which takes over a closed one's fd goes on in
 * its row. Servers that fork have the same fd in several processes; those get rows of their own, of each process where
 * that is told.
 */
import type { FdShares, FdStates, OpenedSocket } from '../../shared/telemetry/codec.ts';
import { fdFlags, fdRoles, frameIntervalMs, type FdRole } from '../../shared/telemetry/wire.ts';
import { KeyRows } from './key-rows.ts';
import { OpenShares } from './open-shares.ts';
import { reportFlags, servedFlags, stateCode, stateSeen, worseOf } from './socket-states.ts';
import { restOf, rowStep, seenCell, TickShares } from './tick-shares.ts';

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
/** While the picture is held nobody who had a row then may be forgotten soon. */
const maxHeldTenants = 8 * maxPastTenants;

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

/** How things stood when the picture was held. */
interface HeldSockets {
  readonly rows: number;
  readonly rowsVersion: number;
  readonly newestNs: number;
  readonly isOpen: Uint8Array;
  readonly figures: Readonly<Record<Figure, Float64Array>>;
}

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
  readonly ticks = new TickShares();
  /** Whether times in states were ever told: then a stretch without them is not known. */
  hasShares = false;
  /** Whether ticks without times were ever told. */
  hasSeen = false;
  readonly #rowOf = new KeyRows();
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
  /** Rows of the connections that were pushed out of them, until the tick of their last news is over. */
  readonly #leaving: number[] = [];
  readonly #shares = new OpenShares();
  #unplaced: FdShares[] = [];
  #held: HeldSockets | undefined;
  #left = new Uint8Array(rowStep);
  #isReported = new Uint8Array(rowStep);
  /** 1 where a connection has the row: what the cell of one that did nothing is. */
  #isOpen = new Uint8Array(rowStep);
  /** Rows of the records of the frame that is taken. */
  #recordRows = new Int32Array(256);
  readonly #figures = Object.fromEntries(figureNames.map((name) => [name, new Float64Array(rowStep)])) as Record<
    Figure,
    Float64Array
  >;

  /** For a picture that is held: rows, figures and who had them are told as they are now, until it is released. */
  hold(): void {
    this.ticks.hold();
    const figures = Object.fromEntries(
      figureNames.map((name) => [name, this.#figures[name].slice(0, this.rows)]),
    ) as Record<Figure, Float64Array>;
    const { rows, rowsVersion } = this;
    this.#held = {
      ...{ rows, rowsVersion, figures },
      newestNs: this.ticks.newestNs,
      isOpen: this.#isOpen.slice(0, rows),
    };
  }

  release(): void {
    this.ticks.release();
    this.#held = undefined;
  }

  /** What is to be shown: of now, or of when it was held. */
  get shown(): HeldSockets {
    const { rows, rowsVersion } = this;
    return (
      this.#held ?? {
        ...{ rows, rowsVersion },
        newestNs: this.ticks.newestNs,
        isOpen: this.#isOpen,
        figures: this.#figures,
      }
    );
  }

  get byteLength(): number {
    return this.ticks.byteLength + this.#rowOf.byteLength + this.#left.length * (3 + 8 * figureNames.length);
  }

  /** Then a fd alone does not say which socket it is. */
  get hasSeveralProcesses(): boolean {
    return this.#pids.size > 1;
  }

  takeOpened(sockets: readonly SocketOfProcess[]): void {
    // Whether their fds' rows are free is told by the states of the same report, which may come before or after.
    for (const socket of sockets) this.#announced.push(socket);
  }

  /** How long each socket was in which state; told ahead of what else happened on them in the tick. */
  takeShares(frame: FdShares): void {
    this.hasShares = true;
    if (this.ticks.opens(frame.timeNs)) {
      this.#forgetLeaving();
      this.#shares.clear();
      this.#unplaced.length = 0;
    }
    // Which process a closed socket's fd becomes free in is told behind this.
    if (!this.hasForks) this.#beginAnnounced(new Set(), frame.timeNs);
    const column = this.#columnFor(frame.timeNs, frame.spanNs);
    let unplaced = false;
    for (let i = 0; i < frame.count; i++) {
      const row = this.#rowOf.get(keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0));
      if (row === undefined) unplaced = true;
      else this.#shares.add(row, frame, i);
    }
    // Who they are is told behind this, where it was not before.
    if (unplaced) this.#unplaced.push(frame);
    this.ticks.seal(this.#shares.pack(column, frame.spanNs));
  }

  take(frame: FdStates): void {
    const column = this.#settle(frame);
    const isMeasured = this.ticks.isMeasured(this.ticks.end - 1);
    for (let i = 0; i < frame.count; i++) {
      const key = keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0);
      const row = this.#recordRows[i] ?? 0;
      const flags = frame.flags[i] ?? 0;
      const isCurrent = this.#keyIn[row] === key;
      const left = isCurrent ? this.#stateLeft(row, flags, frame.receiveQueueBytes[i] ?? 0) : stateCode.none;
      // Of several connections that had the row within the tick, the last one's state remains.
      if (isCurrent) {
        this.#left[row] = left;
        this.#note(row, frame, i);
      }
      if (!isMeasured) column[row] = seenCell(worseOf(restOf(column[row] ?? 0), stateSeen(flags, left)));
      if (flags & fdFlags.closed) this.#rowOf.delete(key);
    }
    if (!isMeasured) this.ticks.seal(undefined);
    else this.#placeLate(column);
  }

  /** The process has gone, of which `timeNs` is the last that was heard: nothing of it is open any more. */
  endProcess(timeNs: number): void {
    this.#announced.length = 0;
    this.#rowOf.clear();
    this.#leaving.length = 0;
    this.#isOpen.fill(0);
    for (const [row, tenant] of this.#tenants.entries()) {
      this.#left[row] = stateCode.none;
      if (tenant?.closedNs === Number.POSITIVE_INFINITY) tenant.closedNs = timeNs;
    }
  }

  /** Time passed: where times are not told and nothing happened there is no frame, and all stay as they were left. */
  passTo(timeNs: number): void {
    if (this.hasShares || !(timeNs - this.ticks.newestNs > 1.5 * tickNs)) return;
    this.#columnFor(timeNs);
    this.ticks.seal(undefined);
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
    const { figures } = this.shown;
    const at = (name: Figure): number => figures[name][row] ?? 0;
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
    const { figures, isOpen, newestNs } = this.shown;
    const waiting = figures.waiting[row] ?? 0;
    return waiting === 0 || isOpen[row] !== 1 ? 0 : waiting + (newestNs - (figures.lastNs[row] ?? 0)) / 1000;
  }

  /** How much a row did of late; for sorting only. */
  activity(row: number): number {
    const { figures, newestNs } = this.shown;
    const ageNs = newestNs - (figures.lastNs[row] ?? 0);
    return (figures.activity[row] ?? 0) * Math.pow(activityDecay, ageNs / 1e9);
  }

  isOpen(row: number): boolean {
    return this.#isOpen[row] === 1;
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
      if (tenant === undefined || this.#keyIn[row ?? 0] !== key) continue;
      tenant.closedNs = frame.timeNs;
      this.#isOpen[row ?? 0] = 0;
    }
    this.#beginAnnounced(closing, frame.timeNs);
    // Sockets that nobody announced: their frame was dropped, or they were open before anybody looked.
    if (this.#recordRows.length < frame.count) this.#recordRows = new Int32Array(2 * frame.count);
    for (let i = 0; i < frame.count; i++) {
      const connectionId = frame.connectionIds[i] ?? 0;
      const role = frame.roles[i] ?? 0;
      const key = keyOf(connectionId, role);
      const known = this.#rowOf.get(key);
      if (known !== undefined) {
        this.#recordRows[i] = known;
        continue;
      }
      const timeNs = frame.timeNs - tickNs;
      const fd = frame.fds[i] ?? -1;
      const socket = { timeNs, connectionId, fd, role: fdRoles[role] ?? 'client', local: '', peer: '' };
      this.#recordRows[i] = this.#begin(socket, key, closing.has(key) ? frame.timeNs : Number.POSITIVE_INFINITY);
    }
    return this.#columnFor(frame.timeNs);
  }

  #beginAnnounced(closing: ReadonlySet<number>, timeNs: number): void {
    for (const socket of this.#announced.sort((a, b) => a.timeNs - b.timeNs)) {
      const key = keyOf(socket.connectionId, fdRoles.indexOf(socket.role));
      if (!this.#rowOf.has(key)) this.#begin(socket, key, closing.has(key) ? timeNs : Number.POSITIVE_INFINITY);
    }
    this.#announced.length = 0;
  }

  /** Times of sockets that were not known when they were told. */
  #placeLate(column: Uint8Array): void {
    if (this.#unplaced.length === 0) return;
    for (const frame of this.#unplaced) {
      for (let i = 0; i < frame.count; i++) {
        const row = this.#rowOf.get(keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0));
        if (row !== undefined && !this.#shares.has(row)) this.#shares.add(row, frame, i);
      }
    }
    this.#unplaced.length = 0;
    this.ticks.seal(this.#shares.pack(column, this.ticks.spanOf(this.ticks.end - 1)));
  }

  #forgetLeaving(): void {
    for (const key of this.#leaving) this.#rowOf.delete(key);
    this.#leaving.length = 0;
  }

  #begin(socket: SocketOfProcess, key: number, closedNs: number): number {
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
    this.#isOpen[row] = closedNs === Number.POSITIVE_INFINITY ? 1 : 0;
    this.rowsVersion++;
    return row;
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
      // What the tick tells of it may still come, and belongs to its row.
      this.#leaving.push(this.#keyIn[row] ?? -1);
    }
    (this.#past[row] ??= []).push(tenant);
    this.#pastOrder.push(row);
    const most = this.#held === undefined ? 2 * maxPastTenants : maxHeldTenants;
    if (this.#pastOrder.length <= most) return;
    // Each row's own past is in the order in which they left, so the oldest is always its first.
    for (const oldRow of this.#pastOrder.splice(0, maxPastTenants)) this.#past[oldRow]?.shift();
  }

  /** With a span it is of times, otherwise of what is seen. */
  #columnFor(timeNs: number, spanNs?: number): Uint8Array {
    if (this.ticks.opens(timeNs)) this.#forgetLeaving();
    const begin = (column: Uint8Array): void => {
      // Who is open and has no times of its own was idle: the codes of that are 0 and 1.
      if (spanNs !== undefined) column.set(this.#isOpen.subarray(0, this.rows));
      else for (let row = 0; row < this.rows; row++) column[row] = seenCell(this.#left[row] ?? 0);
    };
    if (spanNs === undefined && this.ticks.opens(timeNs)) this.hasSeen = true;
    return this.ticks.at(timeNs, this.rows, begin, spanNs);
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
    this.#isOpen = widened(this.#isOpen);
    for (const name of figureNames) {
      const wide = new Float64Array(length);
      wide.set(this.#figures[name]);
      this.#figures[name] = wide;
    }
  }
}
