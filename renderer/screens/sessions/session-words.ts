/** How sessions are spoken of. */
import { duration, stopwatch } from '../../stores/format.ts';
import type { SessionCard } from '../../../shared/contract/sessions.ts';

/** "7.2 s", and from a minute on "2:05". */
export const lengthWords = ({ durationSeconds }: Pick<SessionCard, 'durationSeconds'>): string =>
  durationSeconds < 60 ? duration(durationSeconds * 1e9) : stopwatch(durationSeconds);

const day = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});
export const whenWords = (wallMs: number): string => day.format(wallMs);

/** Tags as they are typed: with commas between them. */
export const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
];

/** Tenths of seconds since a session's start. */
export const sinceStart = (timeNs: number, startedNs: number): string => {
  const seconds = Math.max(0, (timeNs - startedNs) / 1e9);
  return `${stopwatch(seconds)}.${Math.floor((seconds % 1) * 10)}`;
};
