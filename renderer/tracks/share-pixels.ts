/**
 * Shares of time as pixels. Every pixel is of one state, never a mixture, and over any area the share of pixels of a
 * state is the share of time in it: what a pixel cannot say of its shares it passes on to the next one of its line
 * (error diffusion along time). The pattern depends on nothing but absolute columns, lines and what they hold, so that
 * it lies still while the window moves on, and is the same live, replayed and in a picture that is kept.
 */

/** Columns between two places where a line begins anew: a window that was moved back need not be painted from time 0. */
export const restartColumns = 128;
/** Side of a tile of colours, in pixels. */
export const tilePx = 6;
const tileSize = tilePx * tilePx;
/** Steps of the most even sequences in one and in two dimensions: powers of 1/1.618 and 1/1.3247. */
const golden = 0.618_033_988_749_894_9;
const plastic = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3] as const;

export interface ShareLines {
  /** A different one makes void what lines had to pass on. */
  readonly key: string;
  readonly lines: number;
  /** Pixels a line is high, and how many of them, at its foot, stay empty. */
  readonly linePx: number;
  readonly gapPx: number;
  /** Number of the first line: a line that is scrolled keeps its pattern. */
  readonly firstLine: number;
  /** As `newTiles` makes them: of a line that a state has to itself, and of one that several share. */
  readonly tiles: ShareTiles;
  /** States from the foot of a line to its head, where shares lie above each other and are not scattered. */
  readonly order: Uint8Array;
  readonly isStacked: boolean;
  /** Columns up to here are as they will stay. */
  readonly settledColumn: number;
  /**
   * Sets the time in each state, `weights[(line * count + column) * states + state]`, in any unit, of columns from
   * `first` on; all zero where nothing is known and nothing is to be drawn.
   */
  weigh(first: number, count: number, weights: Float32Array): void;
  /** Whether a column is drawn as the beginning of a look; undefined where looks are too close for that. */
  readonly isEdge?: ((column: number) => boolean) | undefined;
}

export interface ShareTiles {
  readonly states: number;
  readonly background: number;
  readonly pure: Uint32Array;
  readonly shared: Uint32Array;
}

/** `colour` is asked for every pixel of every state's tile. */
export function newTiles(
  states: number,
  background: number,
  colour: (state: number, x: number, y: number, isShared: boolean) => number,
): ShareTiles {
  const tiles = (isShared: boolean): Uint32Array =>
    Uint32Array.from({ length: states * tileSize }, (_, i) => {
      const place = i % tileSize;
      return colour(Math.floor(i / tileSize), place % tilePx, Math.floor(place / tilePx), isShared);
    });
  return { states, background, pure: tiles(false), shared: tiles(true) };
}

const mod = (value: number, by: number): number => ((value % by) + by) % by;

/** Of a number from 0 to 1 that looks random and is evenly spread over lines. */
const phaseOf = (line: number, block: number, state: number): number =>
  mod((line + 1) * golden + block * plastic[0] + (state + 1) * (line + 3) * plastic[1], 1);

/** The ranks of the pixels of a column, from the top; each column and line begins to count elsewhere. */
function scatter(bandPx: number): Uint8Array {
  const ranks = new Uint8Array(bandPx);
  const places = Array.from({ length: bandPx }, (_, y) => ({ y, key: mod(y * golden, 1) }));
  places.sort((a, b) => a.key - b.key).forEach(({ y }, rank) => (ranks[y] = rank));
  return ranks;
}

/** Columns that are weighed at a time. */
const chunkColumns = 32;

export class SharePainter {
  #key: string | undefined;
  /** What each line and state has been denied so far, in pixels, and which column comes next. */
  #owed: Float32Array = new Float32Array(0);
  #nextColumn = Number.NaN;
  /** The same at the last column that is settled: from there on it is painted again with every frame. */
  #settledOwed = new Float32Array(0);
  #settledNext = Number.NaN;
  #weights = new Float32Array(0);
  #ranks: Uint8Array = new Uint8Array(0);
  #bandPx = 0;
  #counts = new Int32Array(0);
  #wants = new Float64Array(0);
  #slots = new Uint8Array(0);

  /** Sets all pixels of some columns; a row of `pixels` is `count` long. */
  paint(plan: ShareLines, first: number, count: number, pixels: Uint32Array): void {
    this.#prepare(plan);
    const end = first + count;
    for (let column = this.#resume(plan, first); column < end;) {
      let until = Math.min(end, column + chunkColumns, (Math.floor(column / restartColumns) + 1) * restartColumns);
      // What is settled is passed exactly once: there the state of all lines is kept.
      if (column < plan.settledColumn) until = Math.min(until, plan.settledColumn);
      if (column < first) until = Math.min(until, first);
      if (mod(column, restartColumns) === 0) this.#restart(plan, column);
      const width = until - column;
      const weights = this.#weights.subarray(0, plan.lines * width * plan.tiles.states).fill(0);
      plan.weigh(column, width, weights);
      this.#spend(plan, column, width, weights, column < first ? undefined : pixels, column - first, count);
      column = until;
      this.#nextColumn = column;
      if (column === plan.settledColumn) {
        this.#settledOwed.set(this.#owed);
        this.#settledNext = column;
      }
    }
  }

  #prepare(plan: ShareLines): void {
    if (plan.key === this.#key) return;
    const { states } = plan.tiles;
    this.#key = plan.key;
    const size = plan.lines * states;
    if (this.#owed.length !== size) {
      this.#owed = new Float32Array(size);
      this.#settledOwed = new Float32Array(size);
    }
    if (this.#weights.length < size * chunkColumns) this.#weights = new Float32Array(size * chunkColumns);
    this.#nextColumn = this.#settledNext = Number.NaN;
    this.#counts = new Int32Array(states);
    this.#wants = new Float64Array(states);
    const bandPx = Math.max(1, plan.linePx - plan.gapPx);
    if (bandPx === this.#bandPx) return;
    this.#bandPx = bandPx;
    this.#ranks = scatter(bandPx);
    this.#slots = new Uint8Array(bandPx);
  }

  /** The column to begin at, so that `first` looks as it did, or will, in any other window. */
  #resume(plan: ShareLines, first: number): number {
    if (this.#nextColumn === first && first <= plan.settledColumn) return first;
    if (this.#settledNext === first) {
      this.#owed.set(this.#settledOwed);
      return first;
    }
    return Math.floor(first / restartColumns) * restartColumns;
  }

  #restart({ tiles: { states }, lines, firstLine }: ShareLines, column: number): void {
    const block = column / restartColumns;
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let state = 0; state < states; state++) {
        const phase = phaseOf(firstLine + line, block, state) - 0.5;
        this.#owed[line * states + state] = phase;
        sum += phase;
      }
      for (let state = 0; state < states; state++) {
        const at = line * states + state;
        this.#owed[at] = (this.#owed[at] ?? 0) - sum / states;
      }
    }
  }

  #spend(
    plan: ShareLines,
    column: number,
    width: number,
    weights: Float32Array,
    pixels: Uint32Array | undefined,
    offset: number,
    stride: number,
  ): void {
    const { lines, linePx, firstLine, tiles, isEdge } = plan;
    const { states, background, pure, shared } = tiles;
    const bandPx = this.#bandPx;
    for (let x = 0; x < width; x++) {
      const tileX = mod(column + x, tilePx);
      const isAtEdge = pixels !== undefined && isEdge?.(column + x) === true;
      for (let line = 0; line < lines; line++) {
        const at = (line * width + x) * states;
        let only = -1;
        let parts = 0;
        for (let state = 0; state < states; state++) {
          if ((weights[at + state] ?? 0) <= 0) continue;
          only = state;
          parts++;
        }
        if (parts > 1) this.#allot(weights, at, line * states, states);
        if (pixels === undefined) continue;
        const top = line * linePx;
        let to = top * stride + offset + x;
        if (parts === 0) {
          for (let y = 0; y < linePx; y++, to += stride) pixels[to] = background;
          continue;
        }
        if (parts > 1) this.#fillSlots(plan.order);
        const turn = Math.floor(mod((column + x) * golden + (firstLine + line) * plastic[1], 1) * bandPx);
        for (let y = 0; y < linePx; y++, to += stride) {
          if (y >= bandPx || (isAtEdge && ((top + y) & 1) === 0 && (bandPx > 1 || linePx > 1 || (line & 1) === 0))) {
            pixels[to] = background;
            continue;
          }
          const tile = tileX + ((top + y) % tilePx) * tilePx;
          if (parts === 1) pixels[to] = pure[only * tileSize + tile] ?? background;
          else {
            const rank = plan.isStacked ? bandPx - 1 - y : ((this.#ranks[y] ?? 0) + turn) % bandPx;
            const state = this.#slots[rank] ?? 0;
            pixels[to] = (plan.isStacked ? pure : shared)[state * tileSize + tile] ?? background;
          }
        }
      }
    }
  }

  /** Gives the pixels of a line's column to the states that it has, and notes what each is owed then. */
  #allot(weights: Float32Array, at: number, owedAt: number, states: number): void {
    const owed = this.#owed;
    const wants = this.#wants;
    const counts = this.#counts;
    let sum = 0;
    for (let state = 0; state < states; state++) sum += weights[at + state] ?? 0;
    const scale = this.#bandPx / sum;
    let left = this.#bandPx;
    for (let state = 0; state < states; state++) {
      const weight = weights[at + state] ?? 0;
      counts[state] = 0;
      if (weight <= 0) continue;
      const want = weight * scale + (owed[owedAt + state] ?? 0);
      wants[state] = want;
      const whole = want > 0 ? Math.floor(want) : 0;
      counts[state] = whole;
      left -= whole;
    }
    for (; left !== 0; left -= Math.sign(left)) {
      // The one that is furthest from what it wants; a state that is not there gets nothing.
      let best = -1;
      let furthest = Number.NEGATIVE_INFINITY;
      for (let state = 0; state < states; state++) {
        if ((weights[at + state] ?? 0) <= 0 || (left < 0 && counts[state] === 0)) continue;
        const denied = ((wants[state] ?? 0) - (counts[state] ?? 0)) * Math.sign(left);
        if (denied <= furthest) continue;
        furthest = denied;
        best = state;
      }
      counts[best] = (counts[best] ?? 0) + Math.sign(left);
    }
    for (let state = 0; state < states; state++) {
      if ((weights[at + state] ?? 0) <= 0) continue;
      // A debt that nobody could pay for long is no claim on what is far from it.
      owed[owedAt + state] = Math.max(-1.5, Math.min(1.5, (wants[state] ?? 0) - (counts[state] ?? 0)));
    }
  }

  #fillSlots(order: Uint8Array): void {
    let slot = 0;
    for (const state of order) {
      for (let n = this.#counts[state] ?? 0; n > 0; n--) this.#slots[slot++] = state;
    }
  }
}
