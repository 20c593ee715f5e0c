/** Where the window was, so that it opens there again; unless that place has gone with a display. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { newFile, privateModes } from '../lab/private-files.ts';
import { sentenceOf } from '../lab/errors.ts';
import { readRegular } from '../lab/regular-file.ts';
import type { Rectangle } from './api.ts';
import type { Complain } from './ipc.ts';

export interface WindowState {
  /** Of the window as it is when it is not maximized. */
  readonly bounds: Rectangle;
  readonly isMaximized: boolean;
}

const mostPx = 100_000;
const isPx = (value: unknown, least = -mostPx): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= mostPx;

/** An object with these keys and no others. */
function hasKeys(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).sort().join() === [...keys].sort().join();
}

/** By hand, as it is read before the window shows: the library of schemas is larger than all that comes before it. */
function isState(value: unknown): value is WindowState {
  if (!hasKeys(value, ['bounds', 'isMaximized']) || typeof value.isMaximized !== 'boolean') return false;
  const { bounds } = value;
  if (!hasKeys(bounds, ['x', 'y', 'width', 'height'])) return false;
  return isPx(bounds.x) && isPx(bounds.y) && isPx(bounds.width, 1) && isPx(bounds.height, 1);
}

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
    const read: unknown = JSON.parse(readRegular(path, mostBytes));
    return isState(read) ? read : undefined;
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
