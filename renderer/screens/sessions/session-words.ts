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
  // hour12: false would call midnight 24:00.
  hourCycle: 'h23',
});
export const whenWords = (wallMs: number): string => day.format(wallMs);

/** By name and time; with the file where that fits several, as runs of one minute often have one name. */
export function tellingNames(cards: readonly SessionCard[]): ReadonlyMap<string, string> {
  const words = ({ name, startedWallMs }: SessionCard): string => `${name}, ${whenWords(startedWallMs)}`;
  const isAlone = (text: string): boolean => cards.filter((card) => words(card) === text).length === 1;
  return new Map(cards.map((card) => [card.file, isAlone(words(card)) ? words(card) : `${words(card)}, ${card.file}`]));
}

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

interface Range {
  readonly fromNs: number;
  readonly toNs: number;
}

/** The part of a range that lies in a session; undefined where none does. */
export function withinSession(
  { fromNs, toNs }: Range,
  { startedNs, endedNs }: { readonly startedNs: number; readonly endedNs: number },
): Range | undefined {
  const part = { fromNs: Math.max(fromNs, startedNs), toNs: Math.min(toNs, endedNs) };
  return part.fromNs < part.toNs ? part : undefined;
}
