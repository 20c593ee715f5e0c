/**
 * What events say exactly of sockets: when a thread was at one, from its first call of a turn to the last, with its
 * handler, and from which report until which call nobody had come to it. It is held against the times that the engine
 * measured: where events are missing, or cannot tell, nothing is called exact.
 */
import { endOf, type EventStore } from '../stores/history-events.ts';
import type { SocketStore } from '../stores/history-sockets.ts';
import { stateCode } from '../stores/socket-states.ts';
import type { Stretch } from './track.ts';
import { eventKinds, noFd, readinessBits, syscallNames } from '../../shared/telemetry/wire.ts';

export interface Slice {
  readonly state: number;
  readonly fromNs: number;
  readonly toNs: number;
}

/** Calls that are service; others only say something about a socket. */
const serviceCalls: ReadonlySet<string> = new Set([
  ...['read', 'readv', 'recvfrom', 'write', 'writev', 'sendto', 'accept4', 'connect'],
]);
const waits: ReadonlySet<string> = new Set([
  ...['epoll_wait', 'epoll_pwait2', 'poll', 'pselect6', 'rt_sigtimedwait', 'io_uring_enter'],
]);
/** EAGAIN of Linux on every machine that Node runs on. */
const eagain = -11;
/** More events are not gone through for a picture. */
const mostEvents = 60_000;
/** How far events and the engine's sums may be apart: it reads sums while their threads go on. */
const slackShare = 0.1;
const slackNs = 150e3;

/** By row, in the order of time and apart from each other; undefined where there are too many events. */
export function slicesOfSockets(
  events: EventStore,
  sockets: SocketStore,
  { fromNs, toNs }: Stretch,
): Map<number, Slice[]> | undefined {
  const served = new Map<number, Slice[]>();
  const reports: { readonly row: number; readonly atNs: number }[] = [];
  const touched = new Map<number, number[]>();
  let seen = 0;
  for (const threadId of events.threadIds()) {
    let turn: { row: number; connectionId: number; fromNs: number; toNs: number } | undefined;
    let waitedNs = 0;
    const endTurn = (): void => {
      if (turn) push(served, turn.row, { state: stateCode.serving, fromNs: turn.fromNs, toNs: turn.toNs });
      turn = undefined;
    };
    events.visit(threadId, fromNs, toNs, (columns, i) => {
      if (++seen > mostEvents) return false;
      const kind = columns.kinds[i] ?? 0;
      const code = columns.codes[i] ?? 0;
      const fd = columns.fds[i] ?? noFd;
      const connectionId = columns.connectionIds[i] ?? 0;
      const beganNs = columns.timesNs[i] ?? 0;
      const call = kind === eventKinds.syscall ? (syscallNames[code] ?? '') : undefined;
      if (call !== undefined && waits.has(call)) waitedNs = endOf(columns, i);
      const isCompletion = kind === eventKinds.ready && (code & readinessBits.completion) !== 0;
      const row =
        fd === noFd
          ? turn?.connectionId === connectionId
            ? turn.row
            : sockets.rowOfSocket(connectionId, 'client')
          : sockets.rowOfFd(fd, connectionId);
      if (kind === eventKinds.ready && !isCompletion && row !== undefined) {
        reports.push({ row, atNs: Math.min(beganNs, waitedNs || beganNs) });
      }
      const isService = kind === eventKinds.handled || isCompletion || (call !== undefined && serviceCalls.has(call));
      if (isService && row !== undefined) {
        push(touched, row, beganNs);
        // To ask in vain is no service, and does not begin a turn; within one it is part of it.
        if (columns.results[i] === eagain && turn?.row !== row) return undefined;
        if (turn?.row === row) turn.toNs = Math.max(turn.toNs, endOf(columns, i));
        else {
          endTurn();
          turn = { row, connectionId, fromNs: beganNs, toNs: endOf(columns, i) };
        }
      } else if (call !== undefined && row !== turn?.row) endTurn();
      else if (turn && kind === eventKinds.step) turn.toNs = Math.max(turn.toNs, beganNs);
      return undefined;
    });
    if (seen > mostEvents) return undefined;
    endTurn();
  }
  for (const times of touched.values()) times.sort((a, b) => a - b);
  for (const { row, atNs } of reports) {
    const next = touched.get(row)?.find((timeNs) => timeNs >= atNs);
    if (next !== undefined) push(served, row, { state: stateCode.reported, fromNs: atNs, toNs: next });
  }
  for (const [row, slices] of served) served.set(row, apart(slices));
  return served;
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Whoever serves goes before who is waited for, and two threads at one socket are one service. */
function apart(slices: Slice[]): Slice[] {
  const sorted = slices.sort((a, b) => a.fromNs - b.fromNs || b.state - a.state);
  const done: Slice[] = [];
  for (const slice of sorted) {
    const last = done.at(-1);
    const fromNs = Math.max(slice.fromNs, last?.toNs ?? slice.fromNs);
    if (slice.toNs > fromNs) done.push({ ...slice, fromNs });
  }
  return done;
}

/** The first slice that ends behind a moment. */
function firstEnding(slices: readonly Slice[], timeNs: number): number {
  let low = 0;
  let high = slices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((slices[middle]?.toNs ?? 0) <= timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time in a state within a stretch. */
function timeIn(slices: readonly Slice[], state: number, fromNs: number, toNs: number): number {
  let sum = 0;
  for (let i = firstEnding(slices, fromNs); i < slices.length; i++) {
    const slice = slices[i];
    if (slice === undefined || slice.fromNs >= toNs) break;
    if (slice.state === state) sum += Math.min(toNs, slice.toNs) - Math.max(fromNs, slice.fromNs);
  }
  return sum;
}

const agrees = (seenNs: number, toldNs: number): boolean => Math.abs(seenNs - toldNs) <= toldNs * slackShare + slackNs;

export class ExactSlices {
  readonly #sockets: SocketStore;
  readonly #slices: ReadonlyMap<number, readonly Slice[]>;
  /** By tick and row: bit 1 where serving is exact, bit 2 where reports are. */
  readonly #known = new Map<number, number>();
  readonly #entries = new Map<number, Float64Array>();

  constructor(sockets: SocketStore, slices: ReadonlyMap<number, readonly Slice[]>) {
    this.#sockets = sockets;
    this.#slices = slices;
  }

  #of(row: number, tick: number): { readonly bits: number; readonly entries: Float64Array } {
    const key = tick * 2 ** 24 + row;
    const { ticks } = this.#sockets;
    const entries = this.#entries.get(key) ?? ticks.ofRow(tick, row);
    this.#entries.set(key, entries);
    let bits = this.#known.get(key);
    if (bits === undefined) {
      const slices = this.#slices.get(row) ?? [];
      const span = [ticks.beginOf(tick), ticks.timeOf(tick)] as const;
      const told = (state: 'serving' | 'reported'): boolean =>
        agrees(timeIn(slices, stateCode[state], ...span), entries[stateCode[state]] ?? 0);
      bits = ticks.isMeasured(tick) && told('serving') ? 1 | (told('reported') ? 2 : 0) : 0;
      this.#known.set(key, bits);
    }
    return { bits, entries };
  }

  /** Adds the time of a row in each state within part of a tick; false where only the tick's sums are known. */
  weigh(row: number, tick: number, fromNs: number, toNs: number, weights: Float32Array, at: number): boolean {
    const { bits, entries } = this.#of(row, tick);
    if (bits === 0) return false;
    const slices = this.#slices.get(row) ?? [];
    const { serving, reported } = stateCode;
    const served = timeIn(slices, serving, fromNs, toNs);
    const waited = bits & 2 ? timeIn(slices, reported, fromNs, toNs) : 0;
    const restNs = Math.max(0, toNs - fromNs - served - waited);
    const isRest = (state: number): boolean => state !== serving && (state !== reported || (bits & 2) === 0);
    let rest = 0;
    for (let state = 0; state < entries.length; state++) if (isRest(state)) rest += entries[state] ?? 0;
    const add = (state: number, ns: number): void => void (weights[at + state] = (weights[at + state] ?? 0) + ns);
    if (served > 0) add(serving, served);
    if (waited > 0) add(reported, waited);
    for (let state = 0; rest > 0 && state < entries.length; state++) {
      const share = isRest(state) ? (entries[state] ?? 0) / rest : 0;
      if (share > 0) add(state, restNs * share);
    }
    // All of the tick was service: what is left over is of its edges.
    if (rest <= 0 && restNs > 0) add(serving, restNs);
    return true;
  }

  /** The slice that a moment lies in; undefined where there is none that is exact. */
  at(row: number, timeNs: number): Slice | undefined {
    const tick = this.#sockets.ticks.tickTelling(timeNs);
    if (tick === undefined) return undefined;
    const { bits } = this.#of(row, tick);
    const slices = this.#slices.get(row) ?? [];
    const slice = slices[firstEnding(slices, timeNs)];
    if (slice === undefined || slice.fromNs > timeNs) return undefined;
    return slice.state === stateCode.serving ? (bits & 1 ? slice : undefined) : bits & 2 ? slice : undefined;
  }
}
