/** Which terms a search finds. */
import Fuse from 'fuse.js';
import type { Term } from '../../shared/glossary.ts';

/** All of them for an empty query; otherwise those that fit, best first. */
export function findTerms(terms: readonly Term[], query: string): readonly Term[] {
  const wanted = query.trim();
  if (wanted === '') return terms;
  const fuse = new Fuse(terms, {
    keys: [
      { name: 'title', weight: 4 },
      { name: 'aliases', weight: 4 },
      { name: 'id', weight: 2 },
      { name: 'sentence', weight: 1 },
    ],
    threshold: 0.25,
    ignoreLocation: true,
  });
  return fuse.search(wanted).map(({ item }) => item);
}
