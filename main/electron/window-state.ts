/** Where the window was, so that it opens there again; unless that place has gone with a display. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { newFile, privateModes } from '../lab/private-files.ts';
import { sentenceOf } from '../lab/errors.ts';
import { readRegular } from '../lab/regular-file.ts';
import type { Rectangle } from './api.ts';
import type { Complain } from './ipc.ts';

const px = z.number().int().min(-100_000).max(100_000);
const stateSchema = z.strictObject({
  /** Of the window as it is when it is not maximized. */
  bounds: z.strictObject({ x: px, y: px, width: px.min(1), height: px.min(1) }),
  isMaximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

export const smallest = { width: 800, height: 520 } as const;
const mostBytes = 1 << 16;
const usual = { width: 1440, height: 900 } as const;
/** So much of the window's top edge must be in sight to drag it by. */
const grip = { width: 120, height: 24 } as const;

type Place = Partial<Pick<Rectangle, 'x' | 'y'>> & Pick<Rectangle, 'width' | 'height'>;

const overlap = (a: number, aLength: number, b: number, bLength: number): number =>
  Math.min(a + aLength, b + bLength) - Math.max(a, b);

/** `workAreas` are those of all displays, the primary one first. Without x and y the window is centred. */
export function placeWindow(saved: Rectangle | undefined, workAreas: readonly Rectangle[]): Place {
  const area = saved && workAreas.find((each) => isReachable(saved, each));
  if (saved && area) {
    const width = Math.max(smallest.width, Math.min(saved.width, area.width));
    const height = Math.max(smallest.height, Math.min(saved.height, area.height));
    return { x: saved.x, y: saved.y, width, height };
  }
  const [primary] = workAreas;
  return {
    width: Math.min(saved?.width ?? usual.width, primary?.width ?? usual.width),
    height: Math.min(saved?.height ?? usual.height, primary?.height ?? usual.height),
  };
}

const isReachable = (bounds: Rectangle, area: Rectangle): boolean =>
  overlap(bounds.x, bounds.width, area.x, area.width) >= grip.width &&
  bounds.y >= area.y &&
  bounds.y + grip.height <= area.y + area.height;

/** Undefined where there is none, or none that can be used. */
export function readWindowState(path: string): WindowState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(readRegular(path, mostBytes))).data;
  } catch {
    return undefined; // of the first start, or broken: the usual place is as good
  }
}

/** A window that cannot be remembered is no reason to keep it from closing. */
export function writeWindowState(path: string, state: WindowState, complain: Complain): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: privateModes.folder });
    rmSync(`${path}.new`, { force: true });
    // Renamed into place: half a file would be no file.
    writeFileSync(`${path}.new`, JSON.stringify(state), { mode: privateModes.file, flag: newFile });
    renameSync(`${path}.new`, path);
  } catch (error) {
    complain(`The window's place could not be kept: ${sentenceOf(error)}`);
  }
}
