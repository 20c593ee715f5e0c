/** Sockets of one engine while nobody takes frames: who came, and what became of each, in one record a socket. */
import {
  decodeFdStates,
  decodeOpened,
  encodeFdShares,
  encodeFdStates,
  encodeOpened,
  type OpenedSocket,
} from '../../../shared/telemetry/codec.ts';
import { fdFlags, fdRoles } from '../../../shared/telemetry/wire.ts';
import { FdTable, socketKey } from './fd-table.ts';
import { MergedShares } from './merged-shares.ts';
import { pieces } from './pieces.ts';

/** Records of one frame, so that it fits into a batch. */
const openedPerFrame = 1000;
const statesPerFrame = 2000;
const sharesPerFrame = 1500;

export class MergedSockets {
  readonly #opened = new Map<number, OpenedSocket>();
  readonly #states = new FdTable();
  readonly #shares = new MergedShares();
  #timeNs = 0;

  takeOpened(payload: Uint8Array): void {
    for (const socket of decodeOpened(payload)) {
      this.#opened.set(socketKey(socket.connectionId, fdRoles.indexOf(socket.role)), socket);
      this.#timeNs = Math.max(this.#timeNs, socket.timeNs);
    }
  }

  takeStates(payload: Uint8Array): void {
    const frame = decodeFdStates(payload);
    this.#timeNs = Math.max(this.#timeNs, frame.timeNs);
    for (let row = 0; row < frame.count; row++) {
      const key = socketKey(frame.connectionIds[row] ?? 0, frame.roles[row] ?? 0);
      // One that came and went unseen was never there for the reader; that keeps churn from growing without bound.
      const isGone = ((frame.flags[row] ?? 0) & fdFlags.closed) !== 0 && this.#opened.delete(key);
      if (isGone) {
        this.#states.delete(key);
        this.#shares.delete(key);
      } else this.#states.take(key, frame, row);
    }
  }

  takeShares(payload: Uint8Array): void {
    this.#shares.take(payload);
  }

  clear(): void {
    this.#opened.clear();
    this.#states.clear();
    this.#shares.clear();
  }

  /** What is known, as frames. */
  frames(): Uint8Array[] {
    return [
      ...pieces([...this.#opened.values()], openedPerFrame).map((sockets) => encodeOpened(this.#timeNs, sockets)),
      ...this.#shares.frames(sharesPerFrame).map(encodeFdShares),
      ...this.#states.frames(this.#timeNs, statesPerFrame).map(encodeFdStates),
    ];
  }
}
