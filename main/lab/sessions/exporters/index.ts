/** Exports a session in a format that other tools read. */
import { basename } from 'node:path';
import { LabError } from '../../errors.ts';
import { SessionFile } from '../session-file.ts';
import { benchExporters, isBench } from './bench.ts';
import { chrome } from './chrome.ts';
import { csv } from './csv.ts';
import { FrameReader, type ReadOptions } from './decoded-frames.ts';
import type { ExportChoices, Exporter } from './exporter.ts';
import { perfetto } from './perfetto.ts';
import { parquet } from './parquet.ts';
import { html } from './html.ts';
import { hlog } from './hlog.ts';
import { ExportOutput, type WrittenFile } from './output.ts';

export const exporters: readonly Exporter[] = [csv, parquet, hlog, chrome, perfetto, html];

/** `exporters`, or more that a host brings. */
type Available = readonly Exporter[];

/** What a host brings: the formats of sessions, and of kept benches. */
export interface HostExporters {
  readonly sessions?: Available;
  readonly benches?: Available;
}

export interface ExportRequest extends ExportChoices, ReadOptions {
  /** The session file. */
  readonly path: string;
  readonly format: string;
  readonly out: string;
}

export interface ExportResult {
  readonly path: string;
  readonly format: string;
  readonly files: WrittenFile[];
  /** What the export lacks, in sentences. */
  readonly notices: string[];
}

/** Throws LabError. */
export function exporterOf(format: string, available: Available = exporters): Exporter {
  const found = available.find((exporter) => exporter.format === format);
  if (found) return found;
  const names = available.map((exporter) => exporter.format).join(', ');
  throw new LabError('bad-input', `There is no export format "${format}": choose ${names}.`);
}

/** One pass over the file, with memory that does not grow with it. Throws LabError; then nothing is left at `out`. */
export async function exportSession(
  request: ExportRequest,
  { sessions = exporters, benches = benchExporters }: HostExporters = {},
): Promise<ExportResult> {
  // What is in no list is refused before anything is read.
  exporterOf(request.format, [...sessions, ...benches]);
  const session = await SessionFile.open(request.path);
  try {
    const exporter = isBench(session.manifest)
      ? benchExporterOf(request, benches)
      : exporterOf(request.format, sessions);
    checkChoices(exporter, request);
    const output = await ExportOutput.at(request.out, exporter.shape(request));
    const reader = new FrameReader(session, request);
    const files = await output.fill(() => exporter.write(reader, output, request));
    return { path: request.out, format: exporter.format, files, notices: lacking(reader) };
  } finally {
    await session.close();
  }
}

function benchExporterOf({ path, format }: ExportRequest, available: Available): Exporter {
  const found = available.find((exporter) => exporter.format === format);
  if (found) return found;
  const names = available.map((exporter) => exporter.format).join(', ');
  throw new LabError('bad-input', `${basename(path)} is a kept bench, which has no ${format}: choose ${names}.`);
}

function checkChoices(exporter: Exporter, request: ExportRequest): void {
  if (request.table !== undefined && exporter.takes !== 'table') {
    throw new LabError('bad-input', `The format ${exporter.format} has no tables to choose from.`);
  }
  if (request.picture !== undefined && exporter.takes !== 'picture') {
    throw new LabError('bad-input', `The format ${exporter.format} is no picture: it has no track, width or theme.`);
  }
  if (request.csvFormulas !== undefined && exporter.format !== 'csv') {
    throw new LabError('bad-input', `--csv-formulas goes with the format csv, not with ${exporter.format}.`);
  }
  exporter.check?.(request);
}

function lacking({ session, undecodedFrames }: FrameReader): string[] {
  const notices: string[] = [];
  if (!session.wasClosedWell) notices.push('The recording was cut off; the export ends with its last whole chunk.');
  if (session.damagedChunks > 0) {
    notices.push(`Damaged parts of the session (${session.damagedChunks}) were left out of the export.`);
  }
  if (undecodedFrames > 0) {
    notices.push(`Frames that this fdscope cannot read (${undecodedFrames}) were left out of the export.`);
  }
  return notices;
}
