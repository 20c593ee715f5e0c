/** The colours of the raster, pixel by pixel: of times in states, and of what was only seen. */
import {
  entryCount,
  firstSeen,
  socketStates,
  stateCode,
  timedCount,
  type SocketState,
} from '../stores/socket-states.ts';
import { blend, pixelOf, type Palette } from '../theme/palette.ts';
import { newTiles, type ShareTiles } from './share-pixels.ts';
import { socketWords } from './socket-words.ts';
import type { Hatch } from './pen.ts';

/** From the foot of a line to its head: what is done lies at the bottom, what waits for it above. */
const stacking: readonly SocketState[] = [
  'error',
  'serving',
  'inVain',
  'reported',
  'waiting',
  'unsure',
  'writeBlocked',
  'unknown',
  'closed',
  'idle',
  'none',
];
export const rasterOrder = Uint8Array.from([
  ...stacking.filter((state) => stateCode[state] < timedCount).map((state) => stateCode[state]),
  ...stacking.map((state) => firstSeen + stateCode[state]),
]);
/** How far the lines of a pattern are from the colour towards the background. */
const inkShare = 0.45;

/** Patterns are there where a line is so high that they can be told from each other. */
export function rasterTiles(palette: Palette, hasPatterns: boolean, hasSeen: boolean): ShareTiles {
  const background = pixelOf(palette.background);
  const colours = socketStates.map((state) => pixelOf(palette.sockets[state]));
  const inks = colours.map((colour) => blend(colour, background, inkShare));
  const unknown = colours[stateCode.unknown] ?? background;
  return newTiles(hasSeen ? entryCount : timedCount, background, (entry, x, y, isShared) => {
    const isSeen = entry >= firstSeen;
    const state = isSeen ? entry - firstSeen : entry;
    const colour = colours[state] ?? background;
    // How long it lasted nobody knows: half of its pixels are the colour of what is not known.
    if (isSeen) return state !== stateCode.none && (x + y) % 6 >= 3 ? unknown : colour;
    const hatch = socketWords[socketStates[state] ?? 'none'].hatch;
    return hasPatterns && !isShared && isInk(hatch, x, y) ? (inks[state] ?? colour) : colour;
  });
}

/** Whether a pixel belongs to a pattern's lines. Patterns lie still in time, as the picture moves. */
export function isInk(hatch: Hatch, column: number, y: number): boolean {
  const x = ((column % 6) + 6) % 6;
  switch (hatch) {
    case 'plain':
      return false;
    case 'dots':
      return y % 3 === 1 && x % 3 === 1;
    case 'rising':
      return (x + y) % 6 === 0;
    case 'falling':
      return (x - y + 600) % 6 === 0;
    case 'cross':
      return (x + y) % 6 === 0 || (x - y + 600) % 6 === 0;
    case 'bars':
      return y % 3 === 1;
  }
}
