/** Over any area the share of pixels of a colour is the share of time in its state, and no pixel has another colour. */
import { describe, expect, it } from 'vitest';
import { newTiles, restartColumns, SharePainter, type ShareLines } from '../../../../renderer/tracks/share-pixels.ts';

const states = 9;
const background = 99;
/** Pixels are of their state's number. */
const tiles = newTiles(states, background, (state) => state);
const order = Uint8Array.from({ length: states }, (_, i) => i);

/** Numbers that look random and are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

type Times = (line: number, column: number) => readonly number[];

/** Shares without any order, shares that change slowly, bursts that come in the rhythm of a pattern, what is rare. */
const kinds: Readonly<Record<string, (random: () => number) => Times>> = {
  random: (random) => {
    const cells: (number[] | undefined)[] = [];
    const make = (): number[] => {
      const cell = Array.from({ length: states }, () => (random() < 0.5 ? 0 : random() ** 3));
      return cell.some((ns) => ns > 0) ? cell : [0, 1, 0, 0, 0, 0, 0, 0, 0];
    };
    return (line, column) => (cells[line * 1000 + column] ??= make());
  },
  slow: () => (line, column) => [0, 0.6, 0.02, 0, 0.3 + 0.1 * Math.sin(column / 40 + line), 0.1, 0, 0, 0],
  rhythm: () => (_, column) => [0, 1, 0, 0, 0, column % 4 === 0 ? 1 : 0, 0, 0, 0],
  rare: () => () => [0, 0.998, 0, 0.001, 0, 0.001, 0, 0, 0],
};

function linesOf(times: Times, lines: number, linePx: number, more: Partial<ShareLines> = {}): ShareLines {
  return {
    ...{ key: 'k', lines, linePx, gapPx: 0, firstLine: 0, tiles, order, isStacked: false, settledColumn: 1e9 },
    weigh(first, count, weights) {
      for (let line = 0; line < lines; line++) {
        for (let i = 0; i < count; i++) weights.set(times(line, first + i), (line * count + i) * states);
      }
    },
    ...more,
  };
}

function painted(plan: ShareLines, first: number, count: number, painter = new SharePainter()): Uint32Array {
  const pixels = new Uint32Array(count * plan.lines * plan.linePx).fill(12_345);
  painter.paint(plan, first, count, pixels);
  return pixels;
}

const columns = 500;

/** How many pixels of each state there are too many, over all of the picture left of and above a place. */
function offSums(times: Times, pixels: Uint32Array, height: number, linePx: number): Float64Array {
  const stride = (columns + 1) * states;
  const sums = new Float64Array((height + 1) * stride);
  for (let y = 0; y < height; y++) {
    const row = new Float64Array(states);
    for (let x = 0; x < columns; x++) {
      const cell = times(Math.floor(y / linePx), x);
      let all = 0;
      for (const ns of cell) all += ns;
      for (let state = 0; state < states; state++) {
        const share = (cell[state] ?? 0) / all;
        row[state] = (row[state] ?? 0) + (pixels[y * columns + x] === state ? 1 : 0) - share;
        const at = (y + 1) * stride + (x + 1) * states + state;
        sums[at] = (sums[at - stride] ?? 0) + (row[state] ?? 0);
      }
    }
  }
  return sums;
}
/** How far counts may be from shares, of an area of so many pixels. */
const tolerances = [
  { fromPx: 1000, most: 0.02 },
  { fromPx: 10_000, most: 0.005 },
] as const;

describe('pixels of shares', () => {
  const shapes = [
    { lines: 1, linePx: 1 },
    { lines: 1, linePx: 27 },
    { lines: 50, linePx: 4 },
    { lines: 220, linePx: 1 },
  ] as const;
  const cases = Object.keys(kinds).flatMap((kind) => shapes.map((shape) => ({ kind, ...shape })));

  it.each(cases)(
    '$kind, $lines lines of $linePx px: any rectangle has what its time has',
    ({ kind, lines, linePx }) => {
      const random = randomFrom(lines * linePx);
      const times = kinds[kind]?.(random) ?? (() => []);
      const height = lines * linePx;
      const pixels = painted(linesOf(times, lines, linePx), 0, columns);
      expect(pixels.every((pixel) => pixel < states)).toBe(true);
      const offBefore = offSums(times, pixels, height, linePx);
      for (let n = 0; n < 1000; n++) {
        const width = 1 + Math.floor(random() * columns);
        const tall = 1 + Math.floor(random() * height);
        const left = Math.floor(random() * (columns - width + 1));
        const top = Math.floor(random() * (height - tall + 1));
        const most = tolerances.findLast(({ fromPx }) => width * tall >= fromPx)?.most;
        let worst = 0;
        for (let state = 0; state < states; state++) {
          const at = (x: number, y: number): number => offBefore[(y * (columns + 1) + x) * states + state] ?? 0;
          const off = at(left + width, top + tall) - at(left, top + tall) - at(left + width, top) + at(left, top);
          worst = Math.max(worst, Math.abs(off));
        }
        if (most !== undefined) expect(worst).toBeLessThanOrEqual(most * width * tall);
        // Of a line of single pixels no count is further off than three of them, however short or long it is.
        else if (linePx === 1 && tall === 1) expect(worst).toBeLessThanOrEqual(3);
      }
    },
  );

  it('a column that one state has to itself has its colour alone, whatever was owed before', () => {
    const times: Times = (line, column) =>
      column % 3 === 0 ? [0, 0.3, 0.7, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, line % 2, 1 - (line % 2), 0, 0, 0];
    const pixels = painted(linesOf(times, 8, 3), 0, 300);
    for (let y = 0; y < 24; y++) {
      for (let x = 0; x < 300; x++) {
        if (x % 3 !== 0) expect(pixels[y * 300 + x]).toBe(Math.floor(y / 3) % 2 === 1 ? 4 : 5);
      }
    }
  });

  it('where nothing is known nothing is drawn, and the foot of a line stays empty', () => {
    const times: Times = (_, column) => (column < 5 ? new Array<number>(states).fill(0) : [0, 1, 1, 0, 0, 0, 0, 0, 0]);
    const pixels = painted(linesOf(times, 2, 6, { gapPx: 1 }), 0, 10);
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 10; x++) {
        expect(pixels[y * 10 + x] === background).toBe(x < 5 || y % 6 === 5);
      }
    }
  });

  it('shares within a look lie above each other in their order, and its beginning is a dotted line', () => {
    const times: Times = () => [0, 0.5, 0, 0.25, 0, 0.25, 0, 0, 0];
    const isEdge = (column: number): boolean => column === 16;
    const pixels = painted(linesOf(times, 3, 8, { isStacked: true, isEdge }), 0, 32);
    for (let x = 0; x < 32; x++) {
      for (let line = 0; line < 3; line++) {
        const fromFoot = Array.from({ length: 8 }, (_, y) => pixels[(line * 8 + 7 - y) * 32 + x] ?? 0);
        if (x === 16) expect(fromFoot.filter((pixel) => pixel === background)).toHaveLength(4);
        else expect(fromFoot).toEqual(fromFoot.toSorted((a, b) => a - b));
      }
    }
  });

  it('lies still: painted at once, in pieces, from elsewhere or again, pixels are the same', () => {
    const times = kinds.random?.(randomFrom(7)) ?? (() => []);
    const [lines, linePx, width] = [40, 3, 400];
    const height = lines * linePx;
    const whole = painted(linesOf(times, lines, linePx), 0, width);
    const columnOf = (pixels: Uint32Array, stride: number, x: number): number[] =>
      Array.from({ length: height }, (_, y) => pixels[y * stride + x] ?? 0);
    // A window that follows: what is settled is passed once, what is not is painted again each time.
    const painter = new SharePainter();
    for (let settled = 0, from = 0; from < width; settled += 7) {
      const until = Math.min(width, settled + 12);
      const piece = painted(linesOf(times, lines, linePx, { settledColumn: settled }), from, until - from, painter);
      for (let x = from; x < until; x++)
        expect(columnOf(piece, until - from, x - from)).toEqual(columnOf(whole, width, x));
      from = Math.min(until, settled);
      if (settled >= width) break;
    }
    // A window that was moved back, to a column in the middle of a stretch between two restarts.
    for (const from of [restartColumns + 17, 3, 2 * restartColumns]) {
      const piece = painted(linesOf(times, lines, linePx), from, 50);
      for (let x = 0; x < 50; x++) expect(columnOf(piece, 50, x)).toEqual(columnOf(whole, width, from + x));
    }
  });
});
