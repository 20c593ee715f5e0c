/** Sockets of one engine while nobody takes frames: who came, and what became of each, in one record a socket. */
import {
  decodeFdStates,
  decodeOpened,
  encodeFdStates,
  encodeOpened,
  type OpenedSocket,
} from '../../../shared/telemetry/codec.ts';
import { fdFlags, fdRoles } from '../../../shared/telemetry/wire.ts';

interface SocketState {
  connectionId: number;
  fd: number;
  flags: number;
  role: number;
  tcpState: number;
  receiveQueueBytes: number;
  sendQueueBytes: number;
  waitingUs: number;
  bytesIn: number;
  bytesOut: number;
}

/** Bits that say what happened since the last frame; the others say how it is. */
const happened =
  fdFlags.opened |
  fdFlags.reportedReadable |
  fdFlags.reportedWritable |
  fdFlags.read |
  fdFlags.wrote |
  fdFlags.eagain |
  fdFlags.accepted |
  fdFlags.error |
  fdFlags.closed;

/** Records of one frame, so that it fits into a batch. */
const openedPerFrame = 1000;
const statesPerFrame = 2000;
const u32 = 0xffff_ffff;

const keyOf = (connectionId: number, role: number): number => connectionId * fdRoles.length + role;

export class MergedSockets {
  readonly #opened = new Map<number, OpenedSocket>();
  readonly #states = new Map<number, SocketState>();
  #timeNs = 0;

  takeOpened(payload: Uint8Array): void {
    for (const socket of decodeOpened(payload)) {
      this.#opened.set(keyOf(socket.connectionId, fdRoles.indexOf(socket.role)), socket);
      this.#timeNs = Math.max(this.#timeNs, socket.timeNs);
    }
  }

  takeStates(payload: Uint8Array): void {
    const frame = decodeFdStates(payload);
    this.#timeNs = Math.max(this.#timeNs, frame.timeNs);
    for (let i = 0; i < frame.count; i++) {
      const connectionId = frame.connectionIds[i] ?? 0;
      const role = frame.roles[i] ?? 0;
      const key = keyOf(connectionId, role);
      const flags = frame.flags[i] ?? 0;
      // One that came and went unseen was never there for the reader; that keeps churn from growing without bound.
      if ((flags & fdFlags.closed) !== 0 && this.#opened.delete(key)) {
        this.#states.delete(key);
        continue;
      }
      const before = this.#states.get(key);
      this.#states.set(key, {
        ...{ connectionId, role, fd: frame.fds[i] ?? -1, tcpState: frame.tcpStates[i] ?? 0 },
        flags: flags | ((before?.flags ?? 0) & happened),
        receiveQueueBytes: frame.receiveQueueBytes[i] ?? 0,
        sendQueueBytes: frame.sendQueueBytes[i] ?? 0,
        waitingUs: frame.waitingUs[i] ?? 0,
        bytesIn: Math.min((frame.bytesIn[i] ?? 0) + (before?.bytesIn ?? 0), u32),
        bytesOut: Math.min((frame.bytesOut[i] ?? 0) + (before?.bytesOut ?? 0), u32),
      });
    }
  }

  clear(): void {
    this.#opened.clear();
    this.#states.clear();
  }

  /** What is known, as frames. `asOfNow`: how sockets are, without what they did before. */
  frames(asOfNow = false): Uint8Array[] {
    const opened = [...this.#opened.values()];
    const states = [...this.#states.values()];
    if (asOfNow) {
      for (const [i, state] of states.entries()) {
        states[i] = { ...state, flags: state.flags & ~happened, bytesIn: 0, bytesOut: 0 };
      }
    }
    return [
      ...pieces(opened, openedPerFrame).map((sockets) => encodeOpened(this.#timeNs, sockets)),
      ...pieces(states, statesPerFrame).map((rows) => encodeStates(this.#timeNs, rows)),
    ];
  }
}

export function pieces<T>(items: readonly T[], size: number): T[][] {
  const cut: T[][] = [];
  for (let i = 0; i < items.length; i += size) cut.push(items.slice(i, i + size));
  return cut;
}

function encodeStates(timeNs: number, rows: readonly SocketState[]): Uint8Array {
  const column = (name: keyof SocketState): number[] => rows.map((row) => row[name]);
  return encodeFdStates({
    ...{ timeNs, count: rows.length },
    connectionIds: Uint32Array.from(column('connectionId')),
    fds: Int32Array.from(column('fd')),
    flags: Uint16Array.from(column('flags')),
    roles: Uint8Array.from(column('role')),
    tcpStates: Uint8Array.from(column('tcpState')),
    receiveQueueBytes: Uint32Array.from(column('receiveQueueBytes')),
    sendQueueBytes: Uint32Array.from(column('sendQueueBytes')),
    waitingUs: Uint32Array.from(column('waitingUs')),
    bytesIn: Uint32Array.from(column('bytesIn')),
    bytesOut: Uint32Array.from(column('bytesOut')),
  });
}
