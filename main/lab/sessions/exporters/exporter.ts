/** What an export format is: one file each in this folder, listed in index.ts. */
import type { CsvFormulas } from '../../../../shared/csv.ts';
import type { PictureTheme } from '../../../../shared/session/pictures.ts';
import type { FrameReader } from './decoded-frames.ts';
import type { ExportOutput } from './output.ts';

export interface ExportChoices {
  /** Of the formats that are tables: this one only. */
  readonly table?: string | undefined;
  readonly picture?: PictureChoices | undefined;
  /** Of `csv`: what becomes of texts that a spreadsheet would run; `escape` where it is not given. */
  readonly csvFormulas?: CsvFormulas | undefined;
}

/** Of the formats that are pictures. */
export interface PictureChoices {
  /** This one only. */
  readonly track?: string | undefined;
  /** Since the session's start. */
  readonly fromSeconds?: number | undefined;
  readonly toSeconds?: number | undefined;
  readonly widthPx?: number | undefined;
  readonly theme?: PictureTheme | undefined;
}

export interface Exporter {
  readonly format: string;
  /** For people: what it is, and what opens it. */
  readonly about: string;
  /** Of a file; a folder has none. */
  readonly extension: string;
  /** Which of the choices it has. */
  readonly takes?: 'table' | 'picture';
  shape(choices: ExportChoices): 'file' | 'folder';
  /** Throws LabError where the choices or the session do not go with the format, before anything is written. */
  check?(choices: ExportChoices): void;
  write(reader: FrameReader, output: ExportOutput, choices: ExportChoices): Promise<void>;
}
