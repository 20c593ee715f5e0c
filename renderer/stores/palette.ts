/** What the palette lists: actions while nothing is typed, and then whatever in the app fits the words. */
import Fuse from 'fuse.js';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { useCommands } from './commands.ts';
import { useGlossary } from './glossary.ts';
import { kindWords, usePlaces } from './places.ts';
import { hasWords, rankOfNames } from './search-rank.ts';

export interface Found {
  readonly key: string;
  readonly group: string;
  readonly title: string;
  /** Other words for the title, which find it as well. */
  readonly names?: readonly string[];
  /** What is searched besides. */
  readonly words: string;
  readonly keys?: string;
  readonly isEnabled: boolean;
  readonly run: () => unknown;
}

/** More than anybody reads; the list is one to choose from. */
const mostFound = 30;
/** Of what has the typed words only in what it says. */
const inWords = 4;

export const usePalette = defineStore('palette', () => {
  const commands = useCommands();
  const glossary = useGlossary();
  const places = usePlaces();

  const actions = computed<readonly Found[]>(() =>
    commands.all.map((command) => {
      const [keys] = command.keys ?? command.hintKeys ?? [];
      return {
        ...{ key: `action/${command.id}`, group: command.group, title: command.title, words: command.words ?? '' },
        ...(keys !== undefined && { keys }),
        isEnabled: command.isEnabled?.() ?? true,
        run: () => commands.run(command),
      };
    }),
  );
  const all = computed<readonly Found[]>(() => [
    ...actions.value,
    // A screen is gone to by an action already.
    ...places.targets
      .filter(({ kind }) => kind !== 'screen')
      .map(({ kind, name, title, words, go }) => ({
        ...{ key: `${kind}/${name}`, group: kindWords[kind], title, words },
        isEnabled: true,
        run: go,
      })),
    ...glossary.glossary.terms.map(({ id, title, aliases = [], sentence }) => ({
      ...{ key: `term/${id}`, group: kindWords.term, title, names: [id, ...aliases], words: sentence },
      isEnabled: true,
      run: () => glossary.open(id),
    })),
  ]);
  const fuse = computed(
    () =>
      new Fuse(all.value, {
        keys: [
          { name: 'title', weight: 4 },
          { name: 'names', weight: 3 },
          { name: 'group', weight: 1 },
          { name: 'words', weight: 1 },
        ],
        threshold: 0.3,
        ignoreLocation: true,
      }),
  );

  function find(text: string): readonly Found[] {
    const wanted = text.trim();
    if (wanted === '') return actions.value;
    const plain = wanted.toLowerCase();
    const rankOf = ({ title, names = [], group, words }: Found): number | undefined =>
      rankOfNames([title, ...names], plain) ??
      (hasWords([title, ...names, group, words].join(' '), plain) ? inWords : undefined);
    const having = all.value.flatMap((item) => {
      const rank = rankOf(item);
      return rank === undefined ? [] : [{ item, rank }];
    });
    // What looks like it is for words that nothing has, as they are misspelt.
    if (having.length === 0) return fuse.value.search(wanted, { limit: mostFound }).map(({ item }) => item);
    return having
      .sort((a, b) => a.rank - b.rank)
      .slice(0, mostFound)
      .map(({ item }) => item);
  }

  return { find };
});
