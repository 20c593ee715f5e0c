/** Whether a path holds a recorded session, so that nothing else is written over it. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { beginsLikeSession, fileHeaderBytes } from '../../../shared/session/format.ts';

/** A file that this user may not read counts as none: there is nothing to know of it. What is no file is not waited for. */
export function isSessionFile(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    if (!fstatSync(file).isFile()) return false;
    const head = Buffer.alloc(fileHeaderBytes);
    return beginsLikeSession(head.subarray(0, readSync(file, head, 0, head.length, 0)));
  } finally {
    closeSync(file);
  }
}

export const keptSentence = 'it is a recorded session, which would be lost: choose another name';
