/** What a person has set about recordings, kept from one start of the program to the next. */
import { join } from 'node:path';
import { recordingSettingsSchema, type RecordingSettings } from '../../../shared/contract/sessions.ts';
import { writeWhole } from '../private-files.ts';
import { readRegular } from '../regular-file.ts';
import { fileFault } from './faults.ts';

/** Whatever is larger was not written here. */
const mostBytes = 1 << 16;

export class RecordingSettingsStore {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'recording.json');
  }

  /** A file that is not there or not readable says nothing. */
  get settings(): RecordingSettings {
    try {
      return recordingSettingsSchema.parse(JSON.parse(readRegular(this.#path, mostBytes)));
    } catch {
      return { automatic: false };
    }
  }

  /** Throws LabError. */
  set(settings: RecordingSettings): RecordingSettings {
    try {
      writeWhole(this.#path, `${JSON.stringify(settings, null, 2)}\n`);
    } catch (error) {
      throw fileFault(`The settings cannot be written to ${this.#path}`, error);
    }
    return settings;
  }
}
