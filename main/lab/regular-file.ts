/**
 * Files that a person names are read only where they are files: a pipe would wait for ever for somebody to write, a device
 * may never end. Opened without waiting, and looked at again when open, as a name can change its meaning in between.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { LabError } from './errors.ts';

const flags = constants.O_RDONLY | constants.O_NONBLOCK;

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** `name` is how the sentence calls it. Throws LabError. */
function mustBeFile(stats: Stats, name: string): void {
  if (!stats.isFile()) throw new LabError('bad-input', `${name} cannot be read: it is ${kindOf(stats)}.`);
}

/** Throws LabError where it is no file, and what the file system says. */
export async function openRegular(path: string, name = path): Promise<FileHandle> {
  mustBeFile(await stat(path), name);
  const file = await open(path, flags);
  try {
    mustBeFile(await file.stat(), name);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** All of a file of text. Throws LabError where it is no file or larger than `mostBytes`, and what the file system says. */
export function readRegular(path: string, mostBytes: number, name = path): string {
  mustBeFile(statSync(path), name);
  const file = openSync(path, flags);
  try {
    const stats = fstatSync(file);
    mustBeFile(stats, name);
    const tooLarge = new LabError('bad-input', `${name} is larger than ${sizeText(mostBytes)}, which none is.`);
    if (stats.size > mostBytes) throw tooLarge;
    // One byte more than there may be tells that it has grown.
    const bytes = Buffer.alloc(stats.size + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length);
    }
    if (length > mostBytes) throw tooLarge;
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

const sizeText = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
