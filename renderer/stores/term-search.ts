/** Which terms a search finds, and in which order. */
import Fuse from 'fuse.js';
import type { Term } from '../../shared/glossary.ts';
import { hasWords, rankOfNames } from './search-rank.ts';

/** More than this many are no answer. */
const most = 12;
/** What looks like it is for misspelt words: fewer letters look like too much. */
const shortestMisspelt = 4;
const asTyped = -1;
const ofSentence = 4;

/** `query` is as it was typed: the call `listen` is not the state LISTEN. */
function rankOf({ id, title, aliases = [], sentence }: Term, query: string): number | undefined {
  const names = [id, title, ...aliases];
  if (names.includes(query)) return asTyped;
  const wanted = query.toLowerCase();
  const rank = rankOfNames(names, wanted);
  if (rank !== undefined) return rank;
  return hasWords([...names, sentence].join(' '), wanted) ? ofSentence : undefined;
}

/** All of them for an empty query; otherwise those that have it, the nearest first, and where none has it those that look like it. */
export function findTerms(terms: readonly Term[], query: string): readonly Term[] {
  const wanted = query.trim();
  if (wanted === '') return terms;
  const ranked = terms
    .flatMap((term) => {
      const rank = rankOf(term, wanted);
      return rank === undefined ? [] : [{ term, rank }];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ term }) => term);
  if (ranked.length > 0 || wanted.length < shortestMisspelt) return ranked.slice(0, most);
  const fuse = new Fuse(terms, { keys: ['title', 'aliases', 'id'], threshold: 0.35, ignoreLocation: true });
  return fuse.search(wanted, { limit: most }).map(({ item }) => item);
}
