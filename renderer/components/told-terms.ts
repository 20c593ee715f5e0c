/** Texts that stand below each other: a term is marked in the first that has it. */
import { computed, type ComputedRef } from 'vue';
import { useGlossary } from '../stores/glossary.ts';

/** For each of the texts, in the order in which they are read, the terms that one before it has. */
export function useToldTerms(texts: () => readonly string[]): ComputedRef<(text: string) => readonly string[]> {
  const store = useGlossary();
  return computed(() => {
    const told = new Set<string>();
    const before = new Map<string, readonly string[]>();
    for (const text of texts()) {
      if (!before.has(text)) before.set(text, [...told]);
      for (const { term } of store.glossary.marked(text)) if (term !== undefined) told.add(term);
    }
    return (text) => before.get(text) ?? [];
  });
}
