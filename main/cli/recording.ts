/** `--record FILE`: runs of the command line as a session. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RecordedSeries } from '../../shared/compare-result.ts';
import type { PlannedRun, Scenario } from '../../shared/schemas/scenario.ts';
import { detailLevels } from '../../shared/telemetry/wire.ts';
import { SeriesRecording } from '../lab/compare/series-recording.ts';
import { LabError } from '../lab/errors.ts';
import { SessionLibrary } from '../lab/sessions/library.ts';
import type { RecordingResult } from '../lab/sessions/recorder.ts';
import { RunRecording } from '../lab/sessions/run-recording.ts';
import { mebibytes } from './print.ts';
import { tell } from './terminal.ts';

export interface RecordFlags {
  readonly record?: string;
  readonly detail?: string;
}

export interface RecordedPlan {
  readonly runs: readonly PlannedRun[];
  readonly scenario?: { readonly name: string; readonly opened: Scenario; readonly text: string };
}

export function addRecord(command: Command): Command {
  command.option('--record <file>', 'write a session that the app opens: what happened, moment by moment');
  const levels = detailLevels.join(', ');
  return command.option('--detail <level>', `what --record writes: ${levels}; fds where it is not given`);
}

export interface SeriesRecordFlags {
  readonly record?: string;
}

export const addSeriesRecord = (command: Command): Command =>
  command.option('--record <folder>', 'write every run as a session that the app opens, lays over others and exports');

/** Undefined where nothing is to be recorded. Throws LabError where the folder cannot be. */
export async function startSeriesRecording(
  { record }: SeriesRecordFlags,
  kind: 'compare' | 'sweep',
  title: string,
): Promise<SeriesRecording | undefined> {
  if (record === undefined) return undefined;
  return SeriesRecording.start(new SessionLibrary(resolve(record)), { kind, title });
}

/** Throws LabError where not all could be recorded: what was measured is told before. */
export function tellRecorded(recorded: RecordedSeries | undefined): void {
  if (!recorded) return;
  const { runs, folder, fault } = recorded;
  const count = runs.length === 1 ? '1 run' : `${runs.length} runs`;
  tell(`Recorded to ${folder}: ${count}, each a session.\n`);
  if (fault !== undefined) throw new LabError('failed', `Not every run was recorded: ${fault}`);
}

/** Undefined where nothing is to be recorded. `onFault`: it has stopped, and the runs go on. Throws LabError. */
export async function startRecording(
  { record, detail }: RecordFlags,
  { runs, scenario }: RecordedPlan,
  onFault: (sentence: string) => void,
): Promise<RunRecording | undefined> {
  if (record === undefined) {
    if (detail === undefined) return undefined;
    throw new LabError('bad-input', '--detail says what --record writes: give --record too.');
  }
  const level = detailLevels.find((each) => each === (detail ?? 'fds'));
  if (!level) {
    throw new LabError('bad-input', `--detail must be one of ${detailLevels.join(', ')}, not ${detail ?? ''}.`);
  }
  const models = new Set(runs.map(({ settings }) => settings.server.model));
  const recorded = {
    name: scenario?.opened.title ?? [...models].join(', '),
    // Of several runs, those of the first: the scenario's text has them all.
    settings: { ...runs[0]?.settings },
    pin: runs[0]?.settings.pin ?? true,
    ...(scenario ? { scenario: scenarioFacts(scenario) } : {}),
  };
  return RunRecording.start(record, { recorded, level, onFault });
}

const scenarioFacts = ({
  name,
  opened: { title, question },
  text,
}: NonNullable<RecordedPlan['scenario']>): { name: string; title: string; question: string; text: string } => ({
  ...{ name, title, question, text },
});

export function recordedLine({ path, bytes, frames, lostFrames }: RecordingResult): string {
  const lost = lostFrames > 0 ? ` ${lostFrames} frames are missing, as the disk was too slow for them.` : '';
  return `Recorded to ${path}: ${frames} frames, ${mebibytes(bytes)}.${lost}\n`;
}
