/** Which scenario is looked at, and which ones were lately. */
import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { ScenarioCard } from '../../shared/contract/lab.ts';
import { useCatalogue } from './catalogue.ts';
import { useUi } from './ui.ts';

/** A scenario that was run here, and what came out. */
export interface RecentScenario {
  readonly name: string;
  readonly title: string;
  readonly held: number;
  readonly expectations: number;
}

const mostRecent = 6;

export const useScenarios = defineStore('scenarios', () => {
  const catalogue = useCatalogue();
  const ui = useUi();
  const chosenName = ref<string>();
  const recent = useLocalStorage<readonly RecentScenario[]>('fdscope.recent', []);

  const chosen = computed(() => catalogue.scenarios.find(({ name }) => name === chosenName.value));

  /** Shows its question before anything runs. */
  function choose(card: ScenarioCard): void {
    chosenName.value = card.name;
    ui.screen = 'scenario';
  }

  function remember(entry: RecentScenario): void {
    recent.value = [entry, ...recent.value.filter(({ name }) => name !== entry.name)].slice(0, mostRecent);
  }

  return { chosenName, chosen, recent, choose, remember };
});
