/** What a reader predicted and measured, a file for each lesson, from one start of the program to the next. */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lessonProgressSchema, type LessonProgress } from '../../../shared/contract/lessons.ts';
import { dataFolder } from '../data-folder.ts';
import { writeWhole } from '../private-files.ts';
import { readRegular } from '../regular-file.ts';
import { fileFault } from '../sessions/faults.ts';

/** Pictures are most of it. */
const mostBytes = 1 << 24;

export class LessonProgressStore {
  readonly #folder: string;

  constructor(folder = join(dataFolder(), 'lesson-progress')) {
    this.#folder = folder;
  }

  /** In the order in which they were begun. What cannot be read says nothing. */
  all(): LessonProgress[] {
    return this.#files()
      .flatMap((file) => {
        try {
          return [lessonProgressSchema.parse(JSON.parse(readRegular(join(this.#folder, file), mostBytes)))];
        } catch {
          return [];
        }
      })
      .sort((a, b) => a.beganMs - b.beganMs);
  }

  /** Throws LabError. */
  keep(progress: LessonProgress): void {
    const path = this.#path(progress.name);
    try {
      writeWhole(path, `${JSON.stringify(progress)}\n`);
    } catch (error) {
      throw fileFault(`What was done in the lesson cannot be kept in ${path}`, error);
    }
  }

  reset(name?: string): void {
    const paths = name === undefined ? this.#files().map((file) => join(this.#folder, file)) : [this.#path(name)];
    for (const path of paths) rmSync(path, { force: true });
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder).filter((file) => file.endsWith('.json'));
    } catch {
      return []; // nothing was kept yet
    }
  }

  /** Names of lessons come from files of any name. */
  #path(name: string): string {
    return join(this.#folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
  }
}
