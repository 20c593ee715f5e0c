/** `fdscope export`: a recorded session in a format that other tools read. */
import { statSync } from 'node:fs';
import { Option } from 'commander';
import { exporters, exportSession, type ExportResult } from '../../lab/sessions/exporters/index.ts';
import { tableNames } from '../../lab/sessions/exporters/tables.ts';
import type { CliContext, Register } from '../command.ts';
import { addJson, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';
import { ProgressBar } from '../progress-bar.ts';

interface ExportFlags extends OutputFlags {
  readonly format: string;
  readonly out: string;
  readonly table?: string;
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
  const totalMb = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 1e6;
  const bar = new ProgressBar([totalMb], process.stderr, 'MB');
  let result: ExportResult;
  try {
    result = await exportSession({
      ...{ path, format: flags.format, out: flags.out, table: flags.table, signal },
      onProgress: (doneBytes) => bar.update(0, flags.format, doneBytes / 1e6),
    });
  } finally {
    bar.end();
  }
  // --out is the export itself, and no place for this report.
  await deliver(flags.json === true ? { json: true } : {}, result, () => exportText(result));
}

export const registerExport: Register = (program, context) => {
  const command = program.command('export').description('write a recorded session in a format that other tools read');
  const formats = exporters.map(({ format, about }) => `${format} (${about})`).join('; ');
  command
    .argument('<file>', 'the session, a .fdscope file')
    .addOption(new Option('--format <name>', formats).makeOptionMandatory())
    .addOption(new Option('--out <path>', 'where the export goes; a file there is replaced').makeOptionMandatory())
    .option('--table <name>', `csv and parquet: this table only, as one file (${tableNames.join(', ')})`);
  addJson(command).action((path: string, flags: ExportFlags) => exportFile(path, flags, context));
};
