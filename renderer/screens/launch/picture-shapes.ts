/** What the schematics of the launch page are drawn with: a handful of shapes, each in the tone of what it stands for. */

/** `client`: who asks. `server`: a thread or loop. `kernel`: what the kernel keeps. `busy`: computing. `wait`: waiting. */
export type Tone = 'client' | 'server' | 'kernel' | 'busy' | 'wait' | 'quiet' | 'bad';

export type Shape =
  | { readonly kind: 'dot'; readonly x: number; readonly y: number; readonly r: number; readonly tone: Tone }
  | {
      readonly kind: 'box';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly tone: Tone;
      readonly isHollow: boolean;
    }
  | {
      readonly kind: 'path';
      readonly d: string;
      readonly tone: Tone;
      readonly isDashed: boolean;
      readonly hasTip: boolean;
    }
  | { readonly kind: 'word'; readonly x: number; readonly y: number; readonly text: string; readonly tone: Tone };

export const pictureWidth = 200;
export const pictureHeight = 80;

export const dot = (x: number, y: number, tone: Tone, r = 4): Shape => ({ kind: 'dot', x, y, r, tone });
export const box = (x: number, y: number, width: number, height: number, tone: Tone): Shape => ({
  ...{ kind: 'box', x, y, width, height, tone },
  isHollow: false,
});
export const frame = (x: number, y: number, width: number, height: number, tone: Tone): Shape => ({
  ...{ kind: 'box', x, y, width, height, tone },
  isHollow: true,
});
export const path = (d: string, tone: Tone): Shape => ({ kind: 'path', d, tone, isDashed: false, hasTip: false });
export const dashed = (d: string, tone: Tone): Shape => ({ kind: 'path', d, tone, isDashed: true, hasTip: false });
export const arrow = (d: string, tone: Tone): Shape => ({ kind: 'path', d, tone, isDashed: false, hasTip: true });
export const word = (x: number, y: number, text: string, tone: Tone = 'quiet'): Shape => ({
  ...{ kind: 'word', x, y, text, tone },
});

/** The same for each place: `times(3, (i) => dot(20 * i, 40, 'client'))`. */
export const times = (count: number, shapes: (index: number) => Shape | readonly Shape[]): readonly Shape[] =>
  Array.from({ length: count }, (_, index) => shapes(index)).flat();
