/** The chapters of the launch page in words, and which cards a search finds. */
import Fuse from 'fuse.js';
import type { ScenarioCard } from '../../shared/contract/lab.ts';
import { chapters, type Chapter } from '../../shared/schemas/scenario.ts';

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
const unnamed: ChapterWords = { title: 'Others', idea: 'Scenarios that name no chapter.' };

export interface ChapterOfCards extends ChapterWords {
  readonly id: string;
  readonly cards: readonly ScenarioCard[];
}

/** In the order in which they are taught; what names no chapter comes last. */
export function byChapter(cards: readonly ScenarioCard[]): readonly ChapterOfCards[] {
  const known: readonly string[] = chapters;
  const of = (id: Chapter): ChapterOfCards => ({
    ...{ id, ...chapterWords[id] },
    cards: cards.filter(({ chapter }) => chapter === id),
  });
  const others = cards.filter(({ chapter }) => chapter === undefined || !known.includes(chapter));
  return [...chapters.map(of), { id: 'others', ...unnamed, cards: others }].filter((each) => each.cards.length > 0);
}

/** Every card for an empty query; otherwise those that fit, best first. */
export function findCards(cards: readonly ScenarioCard[], query: string): readonly ScenarioCard[] {
  const wanted = query.trim();
  if (wanted === '') return cards;
  const fuse = new Fuse(cards, {
    keys: [
      { name: 'title', weight: 4 },
      { name: 'question', weight: 2 },
      { name: 'models', weight: 2 },
      { name: 'watch', weight: 1 },
    ],
    threshold: 0.25,
    ignoreLocation: true,
  });
  return fuse.search(wanted).map(({ item }) => item);
}
