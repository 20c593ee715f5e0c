/** What a person has set about recordings, kept from one start of the program to the next. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordingSettingsSchema, type RecordingSettings } from '../../../shared/contract/sessions.ts';
import { fileFault } from './faults.ts';

export class RecordingSettingsStore {
  readonly #folder: string;
  readonly #path: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'recording.json');
  }

  /** A file that is not there or not readable says nothing. */
  get settings(): RecordingSettings {
    try {
      return recordingSettingsSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch {
      return { automatic: false };
    }
  }

  /** Throws LabError. */
  set(settings: RecordingSettings): RecordingSettings {
    try {
      mkdirSync(this.#folder, { recursive: true });
      const part = `${this.#path}.${process.pid}.part`;
      writeFileSync(part, `${JSON.stringify(settings, null, 2)}\n`);
      renameSync(part, this.#path);
    } catch (error) {
      throw fileFault(`The settings cannot be written to ${this.#path}`, error);
    }
    return settings;
  }
}
