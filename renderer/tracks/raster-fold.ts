/** Which rows are on which line of a picture that has fewer lines than there are rows. */

/** `order` from `first` to `end`, spread over `lines`. */
export interface Folding {
  readonly order: Uint32Array;
  readonly first: number;
  readonly end: number;
  readonly lines: number;
}

/** The first place, and one past the last, of a line. */
export function placesOf(folding: Omit<Folding, 'order'>, line: number): { first: number; end: number } {
  const count = folding.end - folding.first;
  // Multiplied first: a share of a line is no round number, and the last row would be lost.
  const first = folding.first + Math.floor((line * count) / folding.lines);
  return { first, end: Math.max(first + 1, folding.first + Math.floor(((line + 1) * count) / folding.lines)) };
}

/** The line of each row, by its number; -1 where it is on none. */
export function linesOfRows(folding: Folding): Int32Array {
  const lineOf = new Int32Array(folding.order.length).fill(-1);
  for (let line = 0; line < folding.lines; line++) {
    const { first, end } = placesOf(folding, line);
    for (let place = first; place < end; place++) lineOf[folding.order[place] ?? 0] = line;
  }
  return lineOf;
}
