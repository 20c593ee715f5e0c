/** The word whose sentence is shown, and where; one card serves all words of a screen. */
import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import { useGlossary } from './glossary.ts';

const hoverMs = 350;
/** Long enough to move from the word into its card. */
const leaveMs = 220;

export const useTerms = defineStore('terms', () => {
  const glossary = useGlossary();
  const open = ref<string>();
  const anchor = shallowRef<Element>();
  /** What is said of the word where it stands. */
  const lead = ref<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(id: string, at: Element, leadText?: string): void {
    if (!glossary.glossary.has(id)) return;
    clearTimeout(timer);
    open.value = id;
    anchor.value = at;
    lead.value = leadText;
  }
  function enter(id: string, at: Element, leadText?: string): void {
    clearTimeout(timer);
    timer = setTimeout(() => show(id, at, leadText), hoverMs);
  }
  function leave(): void {
    clearTimeout(timer);
    timer = setTimeout(close, leaveMs);
  }
  const stay = (): void => clearTimeout(timer);
  function close(): void {
    clearTimeout(timer);
    open.value = undefined;
  }
  function follow(id: string): void {
    close();
    glossary.open(id);
  }

  return { open, anchor, lead, show, enter, leave, stay, close, follow };
});
