/** The rows of the socket store in the order in which they are shown. */
import type { SocketStore } from '../stores/history-sockets.ts';

export const socketOrders = ['fd', 'activity', 'waiting'] as const;
export type SocketOrderName = (typeof socketOrders)[number];

/** What people watch must not jump under their eyes: orders by what happens are made anew no more often. */
const settleNs = 1e9;

export class SocketOrder {
  by: SocketOrderName = 'fd';
  /** Grows when the order changed. */
  version = 0;
  rows = new Uint32Array(0);
  /** Place of each row. */
  places = new Uint32Array(0);
  #madeBy: SocketOrderName | undefined;
  #store: SocketStore | undefined;
  #rowsVersion = -1;
  #madeNs = Number.NaN;

  update(store: SocketStore): void {
    const isSame = this.#store === store && this.#madeBy === this.by;
    const { rows: count, rowsVersion, newestNs } = store.shown;
    const isOld = this.by === 'fd' ? rowsVersion !== this.#rowsVersion : newestNs - this.#madeNs >= settleNs;
    if (isSame && !isOld && count === this.rows.length) return;
    this.#store = store;
    this.#madeBy = this.by;
    this.#rowsVersion = rowsVersion;
    this.#madeNs = newestNs;
    const rows = sortedRows(store, this.by);
    if (isSame && rows.length === this.rows.length && rows.every((row, i) => row === this.rows[i])) return;
    this.rows = rows;
    this.places = new Uint32Array(rows.length);
    rows.forEach((row, place) => (this.places[row] = place));
    this.version++;
  }
}

/** By fd: ascending. By activity and waiting: what does, or waits, most comes first; then by fd. */
export function sortedRows(store: SocketStore, by: SocketOrderName): Uint32Array<ArrayBuffer> {
  const { rows: count } = store.shown;
  const keys = new Float64Array(count);
  const fds = new Float64Array(count);
  const pids = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const tenant = store.latestTenant(row);
    fds[row] = tenant?.fd ?? 0;
    pids[row] = tenant?.pid ?? 0;
    if (by === 'activity') keys[row] = store.activity(row);
    else if (by === 'waiting') keys[row] = store.waitingUs(row);
  }
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  const of = (column: Float64Array, row: number): number => column[row] ?? 0;
  return rows.sort(
    (a, b) => of(keys, b) - of(keys, a) || of(fds, a) - of(fds, b) || of(pids, a) - of(pids, b) || a - b,
  );
}
