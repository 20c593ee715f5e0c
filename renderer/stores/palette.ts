/** What the palette lists: actions while nothing is typed, and then whatever in the app fits the words. */
import Fuse from 'fuse.js';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { useCommands } from './commands.ts';
import { useGlossary } from './glossary.ts';
import { kindWords, usePlaces } from './places.ts';

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
const mostFound = 60;

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
    const isNamed = ({ title, names = [] }: Found): boolean =>
      [title, ...names].some((name) => name.toLowerCase() === plain);
    const fitting = fuse.value.search(wanted, { limit: mostFound }).map(({ item }) => item);
    // Whoever types a whole name means what is called so.
    return [...fitting.filter(isNamed), ...fitting.filter((each) => !isNamed(each))];
  }

  return { find };
});
