/** The newest record of every socket, in columns as frames have them: ten thousand are merged in a millisecond or two. */
import type { FdStates } from '../../../shared/telemetry/codec.ts';
import { fdFlags, fdRoles } from '../../../shared/telemetry/wire.ts';

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

const u32 = 0xffff_ffff;

export const socketKey = (connectionId: number, role: number): number => connectionId * fdRoles.length + role;

type Columns = Omit<FdStates, 'timeNs' | 'count'>;

const emptyColumns = (size: number): Columns => ({
  connectionIds: new Uint32Array(size),
  fds: new Int32Array(size),
  flags: new Uint16Array(size),
  roles: new Uint8Array(size),
  tcpStates: new Uint8Array(size),
  receiveQueueBytes: new Uint32Array(size),
  sendQueueBytes: new Uint32Array(size),
  waitingUs: new Uint32Array(size),
  bytesIn: new Uint32Array(size),
  bytesOut: new Uint32Array(size),
});

export class FdTable {
  readonly #slots = new Map<number, number>();
  #free: number[] = [];
  #size = 64;
  #columns = emptyColumns(this.#size);

  /** Takes record `row` of a frame over what is known of its socket. */
  take(key: number, frame: FdStates, row: number): void {
    const known = this.#slots.get(key);
    const slot = known ?? this.#newSlot(key);
    const now = this.#columns;
    const before = known === undefined ? 0 : (now.flags[slot] ?? 0) & happened;
    now.connectionIds[slot] = frame.connectionIds[row] ?? 0;
    now.fds[slot] = frame.fds[row] ?? -1;
    now.flags[slot] = (frame.flags[row] ?? 0) | before;
    now.roles[slot] = frame.roles[row] ?? 0;
    now.tcpStates[slot] = frame.tcpStates[row] ?? 0;
    now.receiveQueueBytes[slot] = frame.receiveQueueBytes[row] ?? 0;
    now.sendQueueBytes[slot] = frame.sendQueueBytes[row] ?? 0;
    now.waitingUs[slot] = frame.waitingUs[row] ?? 0;
    const isNew = known === undefined;
    now.bytesIn[slot] = Math.min((frame.bytesIn[row] ?? 0) + (isNew ? 0 : (now.bytesIn[slot] ?? 0)), u32);
    now.bytesOut[slot] = Math.min((frame.bytesOut[row] ?? 0) + (isNew ? 0 : (now.bytesOut[slot] ?? 0)), u32);
  }

  delete(key: number): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#free.push(slot);
  }

  clear(): void {
    this.#slots.clear();
    this.#free = [];
    this.#size = 64;
    this.#columns = emptyColumns(this.#size);
  }

  /** All records, at most `most` a frame. */
  frames(timeNs: number, most: number): FdStates[] {
    const slots = Uint32Array.from(this.#slots.values());
    const frames: FdStates[] = [];
    for (let from = 0; from < slots.length; from += most) {
      const some = slots.subarray(from, from + most);
      const columns = emptyColumns(some.length);
      for (const name of Object.keys(columns) as (keyof Columns)[]) {
        const [source, target] = [this.#columns[name], columns[name]];
        some.forEach((slot, i) => (target[i] = source[slot] ?? 0));
      }
      frames.push({ timeNs, count: some.length, ...columns });
    }
    return frames;
  }

  #newSlot(key: number): number {
    const slot = this.#free.pop() ?? this.#slots.size;
    this.#slots.set(key, slot);
    if (slot >= this.#size) {
      this.#size *= 2;
      const grown = emptyColumns(this.#size);
      for (const name of Object.keys(grown) as (keyof Columns)[]) grown[name].set(this.#columns[name]);
      this.#columns = grown;
    }
    return slot;
  }
}
