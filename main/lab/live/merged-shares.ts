/** How long each socket was in which state while nobody takes frames: one sum a socket, over one span. */
import { decodeFdShares, type FdShares } from '../../../shared/telemetry/codec.ts';
import { openNs, shareCount, shareIndex } from '../../../shared/telemetry/shares.ts';
import { socketKey } from './fd-table.ts';

interface Sum {
  readonly connectionId: number;
  readonly role: number;
  endState: number;
  readonly ns: Float64Array;
  /** Of the merged span, up to the last record: where it has none behind that it was idle. */
  knownNs: number;
  isClosed: boolean;
}

/** A span's end is told to a nanosecond and the states of a tick to the tick's: what is less off is the whole span. */
const roundingNs = 1000;

export class MergedShares {
  readonly #sums = new Map<number, Sum>();
  #timeNs = 0;
  #spanNs = 0;

  take(payload: Uint8Array): void {
    const frame = decodeFdShares(payload);
    // Of one tick there may be several frames.
    if (frame.timeNs !== this.#timeNs) this.#spanNs += frame.spanNs;
    this.#timeNs = frame.timeNs;
    for (let row = 0; row < frame.count; row++) this.#add(frame, row);
  }

  #add(frame: FdShares, row: number): void {
    const connectionId = frame.connectionIds[row] ?? 0;
    const role = frame.roles[row] ?? 0;
    const key = socketKey(connectionId, role);
    const isWhole = frame.spanNs - openNs(frame, row) < roundingNs;
    const beforeNs = this.#spanNs - frame.spanNs;
    let sum = this.#sums.get(key);
    // One that was not open for the whole of its first tick was opened in it.
    const isNew = sum === undefined && !isWhole;
    sum ??= { connectionId, role, endState: 0, ns: new Float64Array(shareCount), knownNs: 0, isClosed: false };
    this.#sums.set(key, sum);
    const { ns } = sum;
    if (!isNew) ns[shareIndex.idle] = (ns[shareIndex.idle] ?? 0) + beforeNs - sum.knownNs;
    for (let state = 0; state < shareCount; state++) {
      ns[state] = (ns[state] ?? 0) + (frame.ns[row * shareCount + state] ?? 0);
    }
    sum.endState = frame.endStates[row] ?? 0;
    sum.isClosed = !isWhole && !isNew;
    sum.knownNs = this.#spanNs;
  }

  delete(key: number): void {
    this.#sums.delete(key);
  }

  clear(): void {
    this.#sums.clear();
    this.#spanNs = 0;
    this.#timeNs = 0;
  }

  /** At most `most` sockets a frame; none where no tick was told. */
  frames(most: number): FdShares[] {
    if (this.#timeNs === 0) return [];
    const sums = [...this.#sums.values()];
    const frames: FdShares[] = [];
    for (let from = 0; from === 0 || from < sums.length; from += most) {
      const some = sums.slice(from, from + most);
      const ns = new Float64Array(some.length * shareCount);
      some.forEach((sum, row) => {
        ns.set(sum.ns, row * shareCount);
        const restNs = sum.isClosed ? 0 : this.#spanNs - sum.knownNs;
        ns[row * shareCount + shareIndex.idle] = (sum.ns[shareIndex.idle] ?? 0) + restNs;
      });
      frames.push({
        timeNs: this.#timeNs,
        spanNs: this.#spanNs,
        count: some.length,
        connectionIds: Uint32Array.from(some, ({ connectionId }) => connectionId),
        roles: Uint8Array.from(some, ({ role }) => role),
        endStates: Uint8Array.from(some, (sum) => (sum.knownNs < this.#spanNs ? shareIndex.idle : sum.endState)),
        ns,
      });
    }
    return frames;
  }
}
