/** Frames as the stores take them, made for tests. */
import type { FdShares, FdStates } from '../../../../shared/telemetry/codec.ts';
import { fdFlags, frameIntervalMs, shareNames, type ShareName } from '../../../../shared/telemetry/wire.ts';
import { SocketStore } from '../../../../renderer/stores/history-sockets.ts';

export const tickNs = frameIntervalMs * 1e6;
export const startNs = 1e9;

export const flagsOf = {
  idle: 0,
  serving: fdFlags.read,
  inVain: fdFlags.eagain,
  reported: fdFlags.waiting | fdFlags.reportedReadable,
  waiting: fdFlags.waiting,
  writeBlocked: fdFlags.writeBlocked,
  closed: fdFlags.closed,
} as const;
export type Told = keyof typeof flagsOf;

export interface SocketTold {
  readonly id: number;
  readonly state: Told;
  readonly waitingUs?: number;
  readonly bytesIn?: number;
  readonly fd?: number;
}

export function fdFrame(timeNs: number, sockets: readonly SocketTold[]): FdStates {
  const count = sockets.length;
  return {
    timeNs,
    count,
    connectionIds: Uint32Array.from(sockets, ({ id }) => id),
    fds: Int32Array.from(sockets, ({ id, fd }) => fd ?? 100 - id),
    flags: Uint16Array.from(sockets, ({ state }) => flagsOf[state]),
    roles: new Uint8Array(count).fill(1),
    tcpStates: new Uint8Array(count).fill(1),
    receiveQueueBytes: new Uint32Array(count),
    sendQueueBytes: new Uint32Array(count),
    waitingUs: Uint32Array.from(sockets, ({ waitingUs }) => waitingUs ?? 0),
    bytesIn: Uint32Array.from(sockets, ({ bytesIn }) => bytesIn ?? 0),
    bytesOut: new Uint32Array(count),
  };
}

export interface SharesTold {
  readonly id: number;
  readonly ns: Readonly<Partial<Record<ShareName, number>>>;
}

export function sharesFrame(timeNs: number, sockets: readonly SharesTold[], spanNs = tickNs): FdShares {
  const count = sockets.length;
  return {
    timeNs,
    spanNs,
    count,
    connectionIds: Uint32Array.from(sockets, ({ id }) => id),
    roles: new Uint8Array(count).fill(1),
    endStates: new Uint8Array(count),
    ns: Float64Array.from(sockets.flatMap(({ ns }) => shareNames.map((name) => ns[name] ?? 0))),
  };
}

/** A store that was told of the ticks, one after the other. */
export function socketsTold(ticks: readonly (readonly SocketTold[])[]): SocketStore {
  const store = new SocketStore();
  ticks.forEach((sockets, tick) => store.take(fdFrame(startNs + tick * tickNs, sockets)));
  return store;
}
