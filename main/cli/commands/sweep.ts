/** `fdscope sweep`: one thing varied - clients, rate, size, threads, idle part - for several models. */
import type { SweepResult } from '../../../shared/sweep-result.ts';
import { sweepCsv } from '../../../shared/experiment-csv.ts';
import { visibleTexts } from '../../../shared/visible.ts';
import { LabError } from '../../lab/errors.ts';
import { titleOf } from '../../lab/experiments/plans.ts';
import { sweepReportHtml } from '../../lab/report/sweep-report.ts';
import { parseAxis } from '../../lab/sweep/axes.ts';
import { checkGivenAddresses } from '../../lab/address-gate.ts';
import { readSweep, writeSweep, type StoredSweep } from '../../lab/sweep/resume-file.ts';
import type { SweepRecord } from '../../lab/sweep/sweep.ts';
import type { CliContext, Register } from '../command.ts';
import { addNumber } from '../options.ts';
import { checkFormat, checkOut, deliver, writeWhole } from '../output.ts';
import { addSeries, seedOf, subjectRuns, type SeriesFlags } from '../planning.ts';
import { sweepText } from '../print-sweep.ts';
import { ProgressBar } from '../progress-bar.ts';
import { sweepReport } from '../series-report.ts';
import { startSeriesRecording, tellRecorded } from '../recording.ts';
import { checkExternal, checkAddresses } from '../settings.ts';

interface SweepFlags extends SeriesFlags {
  readonly seed?: number;
  readonly over?: string;
  readonly resume?: string;
}

/** The fewest that have a middle and two ends. */
const defaultRepeats = 3;

/** The sweep of --resume, or that of the flags. Throws LabError. */
async function sweepOf(texts: readonly string[], flags: SweepFlags, lab: CliContext['lab']): Promise<StoredSweep> {
  if (flags.resume !== undefined) {
    if (texts.length > 0 || flags.over !== undefined) {
      throw new LabError(
        'bad-input',
        '--resume goes on with a sweep as it was begun: without models and without --over.',
      );
    }
    const stored = readSweep(flags.resume);
    for (const { settings } of stored.plan.entries) {
      checkExternal(settings.server, flags);
      // The file may be somebody else's: what was allowed there was allowed by them.
      checkGivenAddresses(settings.server, flags);
    }
    return stored;
  }
  if (flags.over === undefined) {
    throw new LabError('bad-input', 'Say what to vary, such as --over clients=1,10,100, or --resume a sweep.');
  }
  const { axis, values } = parseAxis(flags.over);
  // Threads are what is varied; a value beside it would be for all points.
  const entries = await subjectRuns(texts, flags, lab);
  const seed = seedOf(flags.seed);
  return { plan: { axis, values, entries, repeats: flags.repeats ?? defaultRepeats, seed }, records: [] };
}

const resumeName = (now = new Date()): string =>
  `fdscope-sweep-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}.json`;

function failOnPoints({ points }: SweepResult): void {
  const failed = points.filter(({ status }) => status === 'failed');
  const [first] = failed;
  if (first) {
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
    throw new LabError('failed', `${first.label} failed at ${first.value}${more}: ${first.reason ?? ''}`);
  }
  if (points.every(({ status }) => status === 'refused')) {
    throw new LabError('unavailable', `No point of the sweep can be here: ${points[0]?.reason ?? ''}`);
  }
}

async function run(texts: readonly string[], flags: SweepFlags, { lab, signal }: CliContext): Promise<void> {
  checkFormat(flags);
  checkOut(flags);
  checkOut({ out: flags.report }, '--report');
  checkAddresses(flags);
  const { plan, records: before } = await sweepOf(texts, flags, lab);
  const records: SweepRecord[] = [...before];
  const keep = (): string => {
    const file = flags.resume ?? resumeName();
    writeSweep(file, { plan, records });
    return file;
  };
  const title = titleOf(plan.entries, `sweep over ${plan.axis}`);
  const recording = await startSeriesRecording(flags, 'sweep', title);
  const bar = new ProgressBar(
    Array.from(
      { length: plan.values.length * plan.entries.length * plan.repeats - before.length },
      () => plan.entries[0]?.settings.durationSeconds ?? 0,
    ),
  );
  const result = await lab
    .sweep(
      plan,
      {
        ...{ signal, recording },
        onProgress: ({ done, label, value, elapsedSeconds, secondsLeft }) =>
          bar.updateWithTimeLeft(done, `${label}, ${plan.axis}=${value ?? ''}`, elapsedSeconds, secondsLeft),
        onRecord: (record) => records.push(record),
      },
      before,
    )
    .finally(() => bar.end());
  // First what must not be lost; stdout may be gone.
  const file = result.isCancelled || flags.resume !== undefined ? keep() : undefined;
  await deliver(
    flags,
    sweepReport(result),
    () => sweepText(visibleTexts(result)),
    () => sweepCsv(result, flags.csvFormulas),
  );
  if (flags.report !== undefined) writeWhole(flags.report, sweepReportHtml(title, result), '--report');
  if (!result.isCancelled) tellRecorded(result.recorded);
  if (result.isCancelled) {
    const open = result.points.filter(({ status }) => status === 'not-run').length;
    throw new LabError(
      'interrupted',
      `The sweep was cancelled with ${open} of ${result.points.length} points not run; \`fdscope sweep --resume ${file ?? ''}\` goes on with it.`,
    );
  }
  failOnPoints(result);
}

export const registerSweep: Register = (program, context) => {
  const command = program.command('sweep').description('vary one thing and see how models take it');
  command.argument('[models...]', 'models, each with options of its own: epoll-shared:threads=4,exclusive=true');
  command.option('--over <axis=values>', 'clients, rate, size, threads or idle: clients=1,10,100');
  command.option('--resume <file>', 'go on with a sweep that was cancelled');
  addNumber(
    command,
    '-r, --runs, --repeats',
    `runs of each point, in random order over all points; by default ${defaultRepeats}`,
  );
  addNumber(command, '--seed', 'repeats the random order of an earlier sweep', 'number');
  addSeries(command).action((texts: string[], flags: SweepFlags) => run(texts, flags, context));
};
