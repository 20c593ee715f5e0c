/** What a diagram is made of: a page, an SVG file and a canvas all draw the same list. Lengths are CSS pixels. */

/** What a shape stands for; its colour follows from it. */
export type Role =
  | 'lane'
  | 'title'
  | 'note'
  | 'box'
  | 'box-failed'
  | 'box-asleep'
  | 'call'
  | 'done'
  | 'failed'
  | 'refused'
  | 'asleep'
  | 'bar'
  | 'time'
  | 'crossing'
  | 'inferred';

export interface RectShape {
  readonly kind: 'rect';
  readonly role: Role;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  /** The outline of its lower end is open: what it stands for goes on. */
  readonly isOpen?: boolean;
}
export interface PathShape {
  readonly kind: 'path';
  readonly role: Role;
  readonly d: string;
  readonly widthPx: number;
  readonly dash?: string;
  readonly isFilled?: boolean;
}
export interface TextShape {
  readonly kind: 'text';
  readonly role: Role;
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly text: string;
  readonly sizePx: number;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly isMono: boolean;
  readonly isBold?: boolean;
  /** All of it, where `text` is cut. */
  readonly full?: string;
}
export type Shape = RectShape | PathShape | TextShape;

/** Widths of a letter as shares of the font's size, wide enough for the fonts that are named. */
const monoLetter = 0.61;
const uiLetter = 0.56;

export const textWidth = (text: string, sizePx: number, isMono: boolean): number =>
  Array.from(text).length * sizePx * (isMono ? monoLetter : uiLetter);

/** Cut to a width, with an ellipsis. */
export function fitText(text: string, widthPx: number, sizePx: number, isMono: boolean): string {
  if (textWidth(text, sizePx, isMono) <= widthPx) return text;
  const room = Math.max(1, Math.floor(widthPx / (sizePx * (isMono ? monoLetter : uiLetter))) - 1);
  return `${Array.from(text).slice(0, room).join('').trimEnd()}…`;
}
