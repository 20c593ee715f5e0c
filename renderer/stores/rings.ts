/** Bounded stores of numbers in typed arrays, outside Vue's reactivity: what is old makes room for what is new. */

/** Rows of numbers in the order of time, column by column. Rows are counted from the first ever appended. */
export class SeriesRing {
  /** The oldest row that is kept, and one past the newest. */
  first = 0;
  end = 0;
  readonly #maxRows: number;
  #capacity: number;
  #times: Float64Array;
  #columns: Float64Array[];

  constructor(columnCount: number, maxRows: number, initialRows = 512) {
    this.#maxRows = maxRows;
    this.#capacity = Math.min(maxRows, initialRows);
    this.#times = new Float64Array(this.#capacity);
    this.#columns = Array.from({ length: columnCount }, () => new Float64Array(this.#capacity));
  }

  get rows(): number {
    return this.end - this.first;
  }

  get byteLength(): number {
    return 8 * this.#capacity * (1 + this.#columns.length);
  }

  get oldestNs(): number {
    return this.rows === 0 ? Number.NaN : this.timeAt(this.first);
  }

  get newestNs(): number {
    return this.rows === 0 ? Number.NaN : this.timeAt(this.end - 1);
  }

  /** A new row, all zero; -1 where its time does not come after the newest one's. */
  append(timeNs: number): number {
    if (this.rows > 0 && timeNs <= this.newestNs) return -1;
    if (this.rows === this.#capacity && this.#capacity < this.#maxRows) this.#grow();
    if (this.rows === this.#capacity) this.first++;
    const row = this.end++;
    const slot = row % this.#capacity;
    this.#times[slot] = timeNs;
    for (const column of this.#columns) column[slot] = 0;
    return row;
  }

  set(column: number, row: number, value: number): void {
    const values = this.#columns[column];
    if (values !== undefined) values[row % this.#capacity] = value;
  }

  /** Sets the columns from `firstColumn` on. What has no column is left out: a newer engine may know more. */
  setAll(firstColumn: number, row: number, values: ArrayLike<number>, most = values.length): void {
    const count = Math.min(most, values.length);
    for (let i = 0; i < count; i++) this.set(firstColumn + i, row, values[i] ?? 0);
  }

  at(column: number, row: number): number {
    return this.#columns[column]?.[row % this.#capacity] ?? 0;
  }

  timeAt(row: number): number {
    return this.#times[row % this.#capacity] ?? 0;
  }

  /** The first row at or after a time; `end` where there is none. */
  lowerBound(timeNs: number): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) < timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const capacity = Math.min(this.#maxRows, this.#capacity * 2);
    const widen = (old: Float64Array): Float64Array => {
      const wide = new Float64Array(capacity);
      for (let row = this.first; row < this.end; row++) wide[row % capacity] = old[row % this.#capacity] ?? 0;
      return wide;
    };
    this.#times = widen(this.#times);
    this.#columns = this.#columns.map(widen);
    this.#capacity = capacity;
  }
}

/** One stretch of a log: its columns, filled up to `count`. */
export interface LogChunk<Columns> {
  readonly columns: Columns;
  readonly capacity: number;
  count: number;
}

/** How a chunk's columns are made, and what they take. */
export interface ChunkShape<Columns> {
  readonly rowBytes: number;
  make(capacity: number): Columns;
}

const smallestChunk = 32;
const largestChunk = 1024;

/**
 * Many logs, each in the order of time, that share one budget of bytes: the chunk that was begun first goes first,
 * whosever it is, so that a quiet thread's past lasts as long as a busy one's.
 */
export class SharedLogs<Columns> {
  readonly #shape: ChunkShape<Columns>;
  readonly #budgetBytes: number;
  readonly #logs = new Map<number, LogChunk<Columns>[]>();
  readonly #order: { key: number; chunk: LogChunk<Columns> }[] = [];
  #oldest = 0;
  /** What would have gone since somebody holds the logs, by key; at most what the budget held then. */
  #held: Map<number, LogChunk<Columns>[]> | undefined;
  /** Chunks that were begun before that are still among the logs. */
  #heldUntil = 0;
  #heldBytes = 0;
  #bytes = 0;
  /** Rows that made room for others. */
  evicted = 0;

  constructor(shape: ChunkShape<Columns>, budgetBytes: number) {
    this.#shape = shape;
    this.#budgetBytes = budgetBytes;
  }

  get byteLength(): number {
    return this.#bytes + this.#heldBytes;
  }

  chunksOf(key: number): readonly LogChunk<Columns>[] {
    const chunks = this.#logs.get(key) ?? [];
    const held = this.#held?.get(key);
    return held === undefined ? chunks : [...held, ...chunks];
  }

  /** From now on all that is there stays, beside the budget, however much comes. */
  hold(): void {
    this.release();
    this.#held = new Map();
    this.#heldUntil = this.#order.length;
  }

  release(): void {
    this.#held = undefined;
    this.#heldUntil = 0;
    this.#heldBytes = 0;
  }

  /** A chunk with room for one row more; the caller writes at `count` and then adds to it. */
  roomIn(key: number): LogChunk<Columns> {
    let chunks = this.#logs.get(key);
    if (chunks === undefined) this.#logs.set(key, (chunks = []));
    const last = chunks.at(-1);
    if (last !== undefined && last.count < last.capacity) return last;
    const capacity = last === undefined ? smallestChunk : Math.min(largestChunk, last.capacity * 2);
    const chunk = { columns: this.#shape.make(capacity), capacity, count: 0 };
    chunks.push(chunk);
    this.#order.push({ key, chunk });
    this.#bytes += capacity * this.#shape.rowBytes;
    while (this.#bytes > this.#budgetBytes && this.#order.length - this.#oldest > 1) this.#evict();
    return chunk;
  }

  #evict(): void {
    const isHeld = this.#oldest < this.#heldUntil;
    const oldest = this.#order[this.#oldest++];
    if (oldest === undefined) return;
    const bytes = oldest.chunk.capacity * this.#shape.rowBytes;
    this.#bytes -= bytes;
    this.evicted += oldest.chunk.count;
    if (isHeld && this.#held !== undefined) {
      const held = this.#held.get(oldest.key);
      if (held === undefined) this.#held.set(oldest.key, [oldest.chunk]);
      else held.push(oldest.chunk);
      this.#heldBytes += bytes;
    }
    const chunks = this.#logs.get(oldest.key);
    chunks?.shift();
    if (chunks?.length === 0) this.#logs.delete(oldest.key);
    // Cutting the front off at every eviction would move the whole list each time.
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#order.length) {
      this.#order.splice(0, this.#oldest);
      this.#heldUntil -= this.#oldest;
      this.#oldest = 0;
    }
  }
}
