/** `fdscope compare`: models, one with several options, or somebody's own server, under the same load; or two sessions. */
import { comparedFigures, type ComparedFigure, type CompareResult } from '../../../shared/compare-result.ts';
import { compareCsv } from '../../../shared/experiment-csv.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import { powerSentence } from '../../../shared/statistics/power-text.ts';
import { compareFiles, isSessionFile } from '../../lab/compare/session-files.ts';
import { visibleTexts } from '../../../shared/visible.ts';
import { LabError } from '../../lab/errors.ts';
import { titleOf } from '../../lab/experiments/plans.ts';
import { sessionsReportHtml } from '../../lab/report/sessions-report.ts';
import { compareReportHtml } from '../../lab/report/compare-report.ts';
import type { CliContext, Register } from '../command.ts';
import { addNumber } from '../options.ts';
import { checkFormat, checkOut, deliver, failOnErrors, writeWhole } from '../output.ts';
import { addSeries, seedOf, subjectRuns, subjectSettingNames, type SeriesFlags } from '../planning.ts';
import { addPlaces, askedOf, refuseRecordingAtPlaces, withPlaces, type PlaceFlags } from '../places.ts';
import { comparedFilesCsv, comparedFilesText } from '../print-compared-files.ts';
import { compareText, entriesNotRun } from '../print-compare.ts';
import { ProgressBar } from '../progress-bar.ts';
import { compareReport } from '../series-report.ts';
import { startSeriesRecording, tellRecorded } from '../recording.ts';
import { checkAddresses } from '../settings.ts';

interface CompareFlags extends SeriesFlags, PlaceFlags {
  readonly seed?: number;
  readonly figures?: string;
  readonly untilResolved?: boolean;
  readonly limit?: number;
}

/** Nine pairs are the fewest of which one of twelve figures can be told apart, with a confidence of 95 % for all. */
const defaultRepeats = 10;
/** Of --until-resolved. */
const defaultLimit = 40;

/** Why an entry could not be run is told on stderr, whatever form the result has and wherever that goes. */
function failOnNotRun(result: CompareResult): void {
  if (result.isCancelled) {
    throw new LabError('interrupted', 'The comparison was cancelled; what was measured before is kept.');
  }
  const dead = entriesNotRun(result);
  const sentences = result.notRun.filter(({ label }) => dead.includes(label)).map(({ sentence }) => sentence);
  if (dead.length > 0) throw new LabError('unavailable', [...new Set(sentences)]);
}

/** `throughput,p99`. Throws LabError. */
function figuresOf(text: string | undefined): ComparedFigure[] | undefined {
  return text?.split(',').map((name) => {
    const found = comparedFigures.find((figure) => figure === name.trim());
    if (found) return found;
    const hint = didYouMean(name, comparedFigures) || `; there are ${comparedFigures.join(', ')}.`;
    throw new LabError('bad-input', `--figures cannot compare "${name}"${hint}`);
  });
}

/** Throws LabError. */
function limitOf({ untilResolved = false, limit }: CompareFlags, repeats: number): number | undefined {
  if (untilResolved) return Math.max(repeats, limit ?? defaultLimit);
  if (limit === undefined) return undefined;
  throw new LabError('bad-input', '--limit goes with --until-resolved.');
}

/** Throws LabError. */
async function runFiles(files: readonly string[], flags: CompareFlags): Promise<void> {
  const [a, b, ...more] = files;
  if (a === undefined || b === undefined || more.length > 0 || !files.every(isSessionFile)) {
    throw new LabError(
      'bad-input',
      'Sessions are compared two at a time, such as `fdscope compare before.fdscope after.fdscope`, and not with models.',
    );
  }
  const { compared, sessions } = await compareFiles(a, b);
  await deliver(flags, compared, comparedFilesText, () => comparedFilesCsv(compared, flags.csvFormulas));
  if (flags.report === undefined) return;
  writeWhole(flags.report, sessionsReportHtml({ ...compared, sessions }), '--report');
}

async function run(texts: readonly string[], flags: CompareFlags, { lab, signal }: CliContext): Promise<void> {
  checkFormat(flags);
  checkOut(flags);
  checkOut({ out: flags.report }, '--report');
  if (texts.some(isSessionFile)) return runFiles(texts, flags);
  checkAddresses(flags);
  const seed = seedOf(flags.seed);
  const repeats = flags.repeats ?? defaultRepeats;
  const figures = figuresOf(flags.figures);
  const untilResolved = limitOf(flags, repeats);
  const entries = await subjectRuns(texts, flags, lab);
  refuseRecordingAtPlaces(flags);
  const seconds = entries[0]?.settings.durationSeconds ?? 0;
  const title = titleOf(entries, 'compared');
  const recording = await startSeriesRecording(flags, 'compare', title);
  const bar = new ProgressBar(Array.from({ length: (untilResolved ?? repeats) * entries.length }, () => seconds));
  const result = await withPlaces(flags, { loads: askedOf(entries), signal }, (places) =>
    lab.compare(
      { entries, repeats, seed, figures, untilResolved },
      {
        ...{ signal, recording, places },
        onPilot: (power, planned) => {
          const sentence = powerSentence(power, planned);
          if (sentence !== undefined) bar.note(sentence);
        },
        onProgress: ({ done, label, elapsedSeconds, secondsLeft }) =>
          bar.updateWithTimeLeft(done, label, elapsedSeconds, secondsLeft),
      },
    ),
  ).finally(() => bar.end());
  await deliver(
    flags,
    compareReport(result),
    // On a terminal that shows both streams, the reason would stand there twice.
    () =>
      compareText(visibleTexts(result), {
        isReasonTold: process.stdout.isTTY && process.stderr.isTTY && !result.isCancelled,
      }),
    () => compareCsv(result, flags.csvFormulas),
  );
  if (flags.report !== undefined) writeWhole(flags.report, compareReportHtml(title, result), '--report');
  failOnNotRun(result);
  tellRecorded(result.recorded);
  failOnErrors(result.entries.flatMap(({ runs }) => runs.flatMap((each) => each?.notices ?? [])));
}

export const registerCompare: Register = (program, context) => {
  const command = program
    .command('compare')
    .description('compare models under the same load, and tell noise from more');
  command.argument(
    '[models...]',
    `models, each with what is its own: epoll-shared:threads=4,exclusive=true epoll-lt:work-us=50 (options of the model, ${subjectSettingNames.join(', ')}); or two session files`,
  );
  addNumber(command, '-r, --runs, --repeats', `runs of each, in turn; by default ${defaultRepeats}`);
  command.option('--figures <names>', `only these, so that fewer repeats tell: ${comparedFigures.join(', ')}`);
  command.option('--until-resolved', 'go on until every difference is told from chance, or to --limit');
  addNumber(command, '--limit', `most repeats of --until-resolved; by default ${defaultLimit}`);
  addNumber(command, '--seed', 'repeats the random order of an earlier comparison', 'number');
  addPlaces(command, { hasServer: true });
  addSeries(command).action((texts: string[], flags: CompareFlags) => run(texts, flags, context));
};
