/** `fdscope sessions`: what has been recorded. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SessionCard, SessionList } from '../../../shared/contract/sessions.ts';
import { LabError } from '../../lab/errors.ts';
import { localTime } from '../../lab/sessions/folder.ts';
import { SessionLibrary } from '../../lab/sessions/library.ts';
import type { Register } from '../command.ts';
import { addJson, addMarkdown, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';
import { mebibytes } from '../print.ts';
import { tableOf, type Page } from '../table.ts';

interface SessionsFlags extends OutputFlags {
  readonly folder?: string;
}

const blocks = '▁▂▃▄▅▆▇█';

/** One character a value, as high as it is of the highest. */
export function sparks(values: readonly number[], width = 20): string {
  const step = Math.max(1, values.length / width);
  const shown = Array.from({ length: Math.min(width, values.length) }, (_, i) =>
    Math.max(...values.slice(Math.floor(i * step), Math.max(Math.floor(i * step) + 1, Math.floor((i + 1) * step)))),
  );
  const highest = Math.max(...shown, 1);
  return shown.map((value) => blocks[Math.round((value / highest) * (blocks.length - 1))] ?? ' ').join('');
}

const stateOf = ({ isRecording, wasClosedWell }: SessionCard): string =>
  isRecording ? 'recording' : wasClosedWell ? '' : 'cut off';

/** To the minute. */
const recordedAt = (wallMs: number): string => localTime(new Date(wallMs)).slice(0, -':00'.length);

export function sessionsText({ folder, sessions, unreadable }: SessionList): Page {
  if (sessions.length + unreadable.length === 0) {
    return `No sessions in ${folder}. \`fdscope run --model epoll-lt --record FILE\` writes one; so does the app.\n`;
  }
  const table = tableOf(
    ['file', 'recorded', 'name', 'tags', 'models', 'seconds', 'requests', 'throughput', 'size', ''],
    5,
  );
  for (const card of sessions) {
    table.push([
      ...[card.file, recordedAt(card.startedWallMs), card.name, card.tags.join(', '), card.models.join(', ')],
      ...[card.durationSeconds.toFixed(1), String(card.requests)],
      ...[sparks(card.sparkline), mebibytes(card.bytes), stateOf(card)],
    ]);
  }
  const broken = unreadable.map(({ sentence }) => `${sentence}\n`).join('');
  return [folder, ...(sessions.length > 0 ? [table] : []), broken];
}

export const registerSessions: Register = (program, { lab }) => {
  const command = program.command('sessions').description('list the recorded sessions, newest first');
  command.option('--folder <path>', 'of this folder instead of the one that the app records to');
  addJson(addMarkdown(command)).action(async (flags: SessionsFlags) => {
    // That of the app may be yet to be made; one that was named is there, or its name is wrong.
    if (flags.folder !== undefined && !existsSync(flags.folder)) {
      throw new LabError('bad-input', `There is no folder ${flags.folder}.`);
    }
    const library = flags.folder === undefined ? lab.sessions : new SessionLibrary(resolve(flags.folder));
    const list = await library.list(Infinity);
    await deliver(flags, list, sessionsText);
  });
};
