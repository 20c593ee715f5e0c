/** The words of the field, and the page that explains them. Its address names the term, so that it can be sent to somebody. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { Glossary, type Term } from '../../shared/glossary.ts';
import type { LabLink } from '../app/link.ts';
import { useUi, type Screen } from './ui.ts';

const addressOf = (id: string): string => `#/glossary/${encodeURIComponent(id)}`;

/** Id in the address of the page; undefined where it names no term. */
export function termInAddress(hash: string): string | undefined {
  const found = /^#\/glossary\/([^/]+)$/.exec(hash)?.[1];
  if (found === undefined) return undefined;
  try {
    return decodeURIComponent(found);
  } catch {
    return undefined;
  }
}

export const useGlossary = defineStore('glossary', () => {
  const ui = useUi();
  const glossary = shallowRef(new Glossary([]));
  const shownId = ref<string>();
  /** Where the user was when a word led here. */
  const cameFrom = ref<Screen>();
  const shown = computed<Term | undefined>(() =>
    shownId.value === undefined ? undefined : glossary.value.get(shownId.value),
  );

  async function load(link: LabLink): Promise<void> {
    glossary.value = new Glossary(await link.request('glossary.list'));
  }

  /** The page, at a term or, without one, where it was. */
  function open(id?: string): void {
    if (ui.screen !== 'glossary') cameFrom.value = ui.screen;
    if (id !== undefined && glossary.value.has(id)) shownId.value = id;
    ui.screen = 'glossary';
  }
  function back(): void {
    ui.screen = cameFrom.value ?? 'launch';
  }
  /** What the window was opened with stays in its address until it has been read. */
  let isAddressRead = false;

  /** Somebody came by an address. */
  function readAddress(): void {
    isAddressRead = glossary.value.terms.length > 0;
    const id = termInAddress(window.location.hash);
    const term = id === undefined ? undefined : glossary.value.named(id);
    if (term !== undefined) open(term.id);
    // Somebody may have opened a term before.
    tellAddress();
  }

  function tellAddress(): void {
    if (!isAddressRead) return;
    const { pathname, search, hash } = window.location;
    const wanted = ui.screen === 'glossary' && shownId.value !== undefined ? addressOf(shownId.value) : '';
    const isOurs = hash === '' || termInAddress(hash) !== undefined;
    if (wanted !== hash && isOurs) window.history.replaceState(null, '', `${pathname}${search}${wanted}`);
  }
  watch([(): Screen => ui.screen, shownId], tellAddress);

  return { glossary, shown, shownId, cameFrom, load, open, back, readAddress };
});
