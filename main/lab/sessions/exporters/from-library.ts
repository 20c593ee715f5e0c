/** Exports of sessions of the library, for windows: those that may not name a path find them in its folder `exports`. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CsvFormulas } from '../../../../shared/csv.ts';
import { sessionExtension } from '../../../../shared/session/format.ts';
import { privateModes } from '../../private-files.ts';
import { fileFault } from '../faults.ts';
import { exporterOf, exportSession, type ExportResult } from './index.ts';

export interface LibraryExport {
  readonly file: string;
  readonly format: string;
  readonly out?: string | undefined;
  readonly table?: string | undefined;
  readonly csvFormulas?: CsvFormulas | undefined;
}

interface Watch {
  readonly signal?: AbortSignal;
  /** How much of the file is read, 0 to 1. */
  readonly onShare?: (share: number) => void;
}

interface Library {
  readonly folder: string;
  pathOf(file: string): string;
}

/** Throws LabError. */
export async function exportFromLibrary(
  library: Library,
  { file, out, ...choices }: LibraryExport,
  { signal, onShare }: Watch = {},
): Promise<ExportResult> {
  const path = library.pathOf(file);
  return exportSession({
    ...{ ...choices, path, signal, out: out ?? (await freePath(library.folder, file, choices)) },
    onProgress: (doneBytes, bytes) => onShare?.(doneBytes / Math.max(1, bytes)),
  });
}

/** Nothing that was exported before is replaced. */
async function freePath(
  library: string,
  file: string,
  choices: { readonly format: string; readonly table?: string | undefined },
): Promise<string> {
  const exporter = exporterOf(choices.format);
  const folder = join(library, 'exports');
  await mkdir(folder, { recursive: true, mode: privateModes.folder }).catch((error: unknown) => {
    throw fileFault(`${folder} cannot be made`, error);
  });
  const table = choices.table === undefined ? '' : `-${basename(choices.table)}`;
  const stem = `${basename(file, sessionExtension)}${table}`;
  const extension = exporter.shape(choices) === 'folder' ? `-${exporter.format}` : exporter.extension;
  for (let i = 1; ; i++) {
    const path = join(folder, `${stem}${i === 1 ? '' : `-${i}`}${extension}`);
    if (!(await stat(path).catch(() => undefined))) return path;
  }
}
