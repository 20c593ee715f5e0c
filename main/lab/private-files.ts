/**
 * Files that hold what a person did are theirs alone: sessions, settings, scenarios, exports that nobody named a place
 * for. Where a person names the file, their umask says who may read it.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { dataFolder } from './data-folder.ts';
import { settingsFolder } from './sessions/folder.ts';

export const privateModes = { file: 0o600, folder: 0o700 } as const;
const namedModes = { file: 0o666, folder: 0o777 } as const;

/** Modes of what is made at `path`: private within the user's own folders, up to the umask anywhere else. */
export const modesAt = (path: string): typeof privateModes | typeof namedModes =>
  [dataFolder(), settingsFolder()].some((folder) => `${resolve(path)}${sep}`.startsWith(`${folder}${sep}`))
    ? privateModes
    : namedModes;

/**
 * Opened for a new file, never for one that is there: in a folder that others may write to, they could have put a link of
 * that name there, to a file of ours.
 */
export const newFile = 'wx';

/** Whole or not at all, in a folder that is made where it is not there. Throws what the file system says. */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.${process.pid}.part`;
  const { file, folder } = modesAt(path);
  mkdirSync(dirname(path), { recursive: true, mode: folder });
  rmSync(part, { force: true });
  try {
    writeFileSync(part, text, { mode: file, flag: newFile });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
