/** The term whose explanation is open, and where; one card serves all words of a screen. */
import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import { isTerm, type TermId } from '../../shared/terms.ts';

const hoverMs = 350;
/** Long enough to move from the word into its card. */
const leaveMs = 220;

export const useTerms = defineStore('terms', () => {
  const open = ref<TermId>();
  const anchor = shallowRef<Element>();
  /** It was clicked: it stays until it is closed. */
  const isPinned = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(id: string, at: Element, pin: boolean): void {
    if (!isTerm(id)) return;
    clearTimeout(timer);
    open.value = id;
    anchor.value = at;
    isPinned.value = pin;
  }
  function enter(id: string, at: Element): void {
    if (isPinned.value) return;
    clearTimeout(timer);
    timer = setTimeout(() => show(id, at, false), hoverMs);
  }
  function leave(): void {
    clearTimeout(timer);
    if (!isPinned.value) timer = setTimeout(close, leaveMs);
  }
  const stay = (): void => clearTimeout(timer);
  function close(): void {
    clearTimeout(timer);
    open.value = undefined;
    isPinned.value = false;
  }
  /** From one term to one beside it, in the same place. */
  function follow(id: TermId): void {
    open.value = id;
    isPinned.value = true;
  }

  return { open, anchor, isPinned, show, enter, leave, stay, close, follow };
});
