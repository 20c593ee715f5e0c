/** Arrow keys in a wrapped grid of buttons: by what lies where on the screen, so that any width and any filter will do. */

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Index of the place to go to, or undefined at the rim. Sideways runs on into the next row, as text does. */
export function nextPlace(places: readonly Place[], from: number, key: string): number | undefined {
  const direction = directions[key];
  const here = places[from];
  if (!direction || !here) return undefined;
  const [dx, dy] = direction;
  if (dx !== 0) return from + dx in places ? from + dx : undefined;
  const beyond = places.map((place, index) => ({ place, index })).filter(({ place }) => (place.y - here.y) * dy > 1);
  const nearestRow = Math.min(...beyond.map(({ place }) => Math.abs(place.y - here.y)));
  const row = beyond.filter(({ place }) => Math.abs(place.y - here.y) <= nearestRow + 1);
  row.sort((a, b) => Math.abs(a.place.x - here.x) - Math.abs(b.place.x - here.x));
  return row[0]?.index;
}

/** Moves the focus among `buttons`; true where it did. */
export function moveFocus(buttons: readonly HTMLElement[], key: string): boolean {
  const places = buttons.map((button) => {
    const { x, y } = (button.closest('article') ?? button).getBoundingClientRect();
    return { x, y };
  });
  const from = buttons.findIndex((button) => button === document.activeElement);
  const to = nextPlace(places, from, key);
  if (to === undefined) return false;
  buttons[to]?.focus();
  return true;
}
