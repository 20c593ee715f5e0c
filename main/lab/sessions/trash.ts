/** Sessions that were deleted, for as long as somebody may want them back. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrashedSession } from '../../../shared/contract/sessions.ts';
import { sessionExtension } from '../../../shared/session/format.ts';
import { LabError } from '../errors.ts';
import { privateModes } from '../private-files.ts';
import { freeName } from './folder.ts';
import { codeOf } from './faults.ts';

const keptMs = 30 * 24 * 3600 * 1000;
/** When it was deleted, a number that tells those of one millisecond apart, and the name that it had. */
const keyPattern = /^(\d+)-\d+-([^/\0]+)$/;

export class Trash {
  readonly #library: string;
  readonly #folder: string;
  #next = 0;

  constructor(library: string) {
    this.#library = library;
    this.#folder = join(library, '.trash');
  }

  async put(file: string): Promise<TrashedSession> {
    await mkdir(this.#folder, { recursive: true, mode: privateModes.folder });
    const key = `${Date.now()}-${this.#next++}-${file}`;
    await rename(join(this.#library, file), join(this.#folder, key));
    return this.#describe(key);
  }

  /** Under the name that it had, or one with a number behind it. Returns that name. Throws LabError. */
  async restore(key: string): Promise<string> {
    const original = keyPattern.exec(key)?.[2];
    if (original === undefined) throw new LabError('bad-input', `"${key}" is not in the trash.`);
    const file = await freeName(this.#library, original.slice(0, -sessionExtension.length));
    try {
      await rename(join(this.#folder, key), join(this.#library, file));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      throw new LabError('bad-input', `${original} is not in the trash any more.`);
    }
    return file;
  }

  /** Newest first. What is too old goes. */
  async list(): Promise<TrashedSession[]> {
    const trashed: TrashedSession[] = [];
    for (const key of await this.#keys()) {
      const session = await this.#describe(key);
      if (Date.now() - session.deletedWallMs <= keptMs) trashed.push(session);
      else await rm(join(this.#folder, key), { force: true });
    }
    return trashed.sort((a, b) => b.deletedWallMs - a.deletedWallMs);
  }

  async empty(): Promise<void> {
    for (const key of await this.#keys()) await rm(join(this.#folder, key), { force: true });
  }

  async #keys(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => keyPattern.test(name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #describe(key: string): Promise<TrashedSession> {
    const [, deleted = '0', file = key] = keyPattern.exec(key) ?? [];
    const { size } = await stat(join(this.#folder, key));
    return { key, file, deletedWallMs: Number(deleted), bytes: size };
  }
}
