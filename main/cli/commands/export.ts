/** `fdscope export`: a recorded session in a format that other tools read. */
import { statSync } from 'node:fs';
import { Option } from 'commander';
import { pictureThemes, type PictureTheme } from '../../../shared/session/pictures.ts';
import { LabError } from '../../lab/errors.ts';
import { exporters as labExporters, exportSession, type ExportResult } from '../../lab/sessions/exporters/index.ts';
import type { PictureChoices } from '../../lab/sessions/exporters/exporter.ts';
import { tableNames } from '../../lab/sessions/exporters/tables.ts';
import type { CliContext, Register } from '../command.ts';
import { addCsvFormulas, addJson, addNumber, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';
import { benchPictureExporters, pictureExporters } from '../pictures.ts';
import { ProgressBar } from '../progress-bar.ts';
import { addSpelled } from '../spellings.ts';

interface ExportFlags extends OutputFlags {
  readonly format: string;
  readonly out: string;
  readonly table?: string;
  readonly track?: string;
  readonly from?: number;
  readonly to?: number;
  readonly width?: number;
  readonly theme?: PictureTheme;
}

const exporters = [...labExporters, ...pictureExporters];

/** Undefined where nothing was said of pictures. */
function pictureOf({ track, from, to, width, theme }: ExportFlags): PictureChoices | undefined {
  const picture = { track, fromSeconds: from, toSeconds: to, widthPx: width, theme };
  return Object.values(picture).every((value) => value === undefined) ? undefined : picture;
}

const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function exportText({ path, files, notices }: ExportResult): string {
  const lines = files.map(({ name, bytes }) => `  ${name.padEnd(24)}${megabytes(bytes)}`);
  const [only] = files;
  const what = files.length === 1 && only ? `${path}  ${megabytes(only.bytes)}` : [path, ...lines].join('\n');
  return [what, ...notices].map((line) => `${line}\n`).join('');
}

async function exportFile(path: string, flags: ExportFlags, { signal }: CliContext): Promise<void> {
  if (flags.out === '' || flags.out === '-') {
    throw new LabError(
      'bad-input',
      'An export is a file or a folder, put in its place when it is whole: give --out a name.',
    );
  }
  const totalMb = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 1e6;
  const bar = new ProgressBar([totalMb], process.stderr, 'MB');
  let result: ExportResult;
  try {
    const request = {
      ...{ path, format: flags.format, out: flags.out, table: flags.table, picture: pictureOf(flags), signal },
      csvFormulas: flags.csvFormulas,
      onProgress: (doneBytes: number) => bar.update(0, flags.format, doneBytes / 1e6),
    };
    result = await exportSession(request, { sessions: exporters, benches: benchPictureExporters });
  } finally {
    bar.end();
  }
  // --out is the export itself, and no place for this report.
  await deliver(flags.json === true ? { json: true } : {}, result, exportText);
}

export const registerExport: Register = (program, context) => {
  const command = program.command('export').description('write a recorded session in a format that other tools read');
  const formats = exporters.map(({ format, about }) => `${format} (${about})`).join('; ');
  addSpelled(command, '-f, --format', '<name>', formats, {
    suggests: exporters.map(({ format }) => format),
    isMandatory: true,
  });
  command
    .argument('<file>', 'the session, a .fdscope file')
    .addOption(new Option('-o, --out <path>', 'where the export goes; a file there is replaced').makeOptionMandatory())
    .option('--table <name>', `csv and parquet: this table only, as one file (${tableNames.join(', ')})`)
    .option('--track <name>', 'svg and png: this track only, as one file');
  addCsvFormulas(command, 'csv');
  addNumber(command, '--from', 'svg and png: when the picture begins, since the start', 'seconds');
  addNumber(command, '--to', 'svg and png: when it ends, since the start', 'seconds');
  addNumber(command, '--width', 'svg and png: pixels; 1200 where it is not given');
  command.addOption(new Option('--theme <name>', 'svg and png: light where it is not given').choices(pictureThemes));
  addJson(command).action((path: string, flags: ExportFlags) => exportFile(path, flags, context));
};
