/** What an export format is: one file each in this folder, listed in index.ts. */
import type { FrameReader } from './decoded-frames.ts';
import type { ExportOutput } from './output.ts';

export interface ExportChoices {
  /** Of the formats that are tables: this one only. */
  readonly table?: string | undefined;
}

export interface Exporter {
  readonly format: string;
  /** For people: what it is, and what opens it. */
  readonly about: string;
  /** Of a file; a folder has none. */
  readonly extension: string;
  shape(choices: ExportChoices): 'file' | 'folder';
  /** Throws LabError where the choices or the session do not go with the format, before anything is written. */
  check?(choices: ExportChoices): void;
  write(reader: FrameReader, output: ExportOutput, choices: ExportChoices): Promise<void>;
}
