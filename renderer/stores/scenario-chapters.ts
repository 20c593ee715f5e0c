/** The chapters of the launch page in words, and which cards a search finds. */
import Fuse from 'fuse.js';
import { chapters, labelOf, type Chapter } from '../../shared/schemas/scenario.ts';
import type { UsableScenario } from './scenarios.ts';

interface ChapterWords {
  readonly title: string;
  readonly idea: string;
}

export const chapterWords: Readonly<Record<Chapter, ChapterWords>> = {
  start: { title: 'Start here', idea: 'What a server does for one request, and what each I/O model makes of it.' },
  blocking: { title: 'Blocking', idea: 'A call sleeps in the kernel. Who else can be served in the meantime?' },
  polling: { title: 'Polling', idea: 'A call returns at once. What does asking again cost?' },
  multiplexing: { title: 'Multiplexing', idea: 'One call waits for many sockets, and not all calls do it alike.' },
  coroutines: {
    title: 'Coroutines and waiting',
    idea: 'Straight-line code that gives its thread away while it waits.',
  },
  trouble: { title: 'Trouble', idea: 'What goes wrong on real networks, and how it looks from inside.' },
  measuring: { title: 'Measuring', idea: 'When figures deceive, and what to measure instead.' },
};
const own: ChapterWords = { title: 'Your own', idea: 'Scenarios that you saved or opened.' };
const unnamed: ChapterWords = { title: 'Others', idea: 'Scenarios that name no chapter.' };

export interface ChapterOfCards extends ChapterWords {
  readonly id: string;
  readonly cards: readonly UsableScenario[];
}

/** One's own first; then in the order in which they are taught; what names no chapter comes last. */
export function byChapter(cards: readonly UsableScenario[]): readonly ChapterOfCards[] {
  const shipped = cards.filter(({ origin }) => origin === 'built-in');
  const group = (id: string, words: ChapterWords, of: readonly UsableScenario[]): ChapterOfCards => ({
    ...{ id, ...words },
    cards: of,
  });
  return [
    group(
      'own',
      own,
      cards.filter(({ origin }) => origin !== 'built-in'),
    ),
    ...chapters.map((id) =>
      group(
        id,
        chapterWords[id],
        shipped.filter(({ scenario }) => scenario.chapter === id),
      ),
    ),
    group(
      'others',
      unnamed,
      shipped.filter(({ scenario }) => scenario.chapter === undefined),
    ),
  ].filter((each) => each.cards.length > 0);
}

/** Every card for an empty query; otherwise those that fit, best first. */
export function findCards(cards: readonly UsableScenario[], query: string): readonly UsableScenario[] {
  const wanted = query.trim();
  if (wanted === '') return cards;
  const fuse = new Fuse(cards, {
    keys: [
      { name: 'scenario.title', weight: 4 },
      { name: 'scenario.question', weight: 2 },
      { name: 'models', weight: 2, getFn: ({ scenario }) => scenario.models.map(labelOf) },
      { name: 'scenario.watch', weight: 1 },
    ],
    threshold: 0.25,
    ignoreLocation: true,
  });
  return fuse.search(wanted).map(({ item }) => item);
}
