/** The scenarios that there are, the one that is looked at, what the user expects of it, and which ones were lately. */
import { useSessionStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ScenarioEntry, ScenarioReading, ScenarioSource } from '../../shared/contract/scenarios.ts';
import type { Scenario } from '../../shared/schemas/scenario.ts';
import type { LabLink } from '../app/link.ts';
import { useExperiments } from './experiments.ts';
import { useOwnCommands } from './own-commands.ts';
import { useRecent } from './recent.ts';
import { useUi } from './ui.ts';

/** One that can be run. */
export interface UsableScenario extends ScenarioReading {
  readonly scenario: Scenario;
  /** Of its file; empty where it is only a text in the editor. */
  readonly name: string;
  readonly origin: ScenarioEntry['origin'] | 'text';
  readonly source: ScenarioSource;
}

/** A scenario that was run here, and what came out. */
export interface RecentScenario {
  readonly name: string;
  readonly held: number;
  readonly expectations: number;
}

const mostRecent = 6;

const usable = (entry: ScenarioEntry): UsableScenario[] =>
  entry.scenario === undefined
    ? []
    : [
        {
          ...entry,
          scenario: entry.scenario,
          source: entry.origin === 'file' ? { file: entry.file } : { name: entry.name },
        },
      ];

export const useScenarios = defineStore('scenarios', () => {
  const ui = useUi();
  const experiments = useExperiments();
  const ownCommands = useOwnCommands();
  const entries = shallowRef<readonly ScenarioEntry[]>([]);
  const isLoaded = ref(false);
  const chosen = shallowRef<UsableScenario>();
  /** Its name, for a window that is loaded anew. */
  const chosenName = useSessionStorage('fdscope.chosenScenario', '');
  /** Index of the choice that the user made before the run. */
  const predicted = ref<number>();
  /** Experiment whose conclusion belongs to what is chosen; 0 where it has not been run yet. */
  const shownId = ref(0);
  const { entries: recent, note: remember } = useRecent<RecentScenario>(
    'fdscope.recent',
    mostRecent,
    ({ name }) => name,
  );
  let link: LabLink | undefined;

  const runnable = computed(() => entries.value.flatMap(usable));
  const broken = computed(() => entries.value.filter(({ scenario }) => scenario === undefined));

  const isRunning = computed(() => {
    const running = experiments.currentScenario;
    return running !== undefined && running.title === chosen.value?.scenario.title;
  });
  const outcome = computed(() => {
    const result = experiments.results.scenario;
    return result?.id === shownId.value ? result.scenario : undefined;
  });

  async function load(newLink: LabLink): Promise<void> {
    link = newLink;
    await refresh();
  }

  async function refresh(): Promise<void> {
    if (!link) return;
    entries.value = await link.request('scenario.list');
    isLoaded.value = true;
  }

  /** Behind a reload: what was chosen, with the conclusion of its last run. */
  function restore(): void {
    const before = runnable.value.find(({ name }) => name !== '' && name === chosenName.value);
    if (before !== undefined && chosen.value === undefined) {
      chosen.value = before;
      const result = experiments.results.scenario;
      if (result?.title === before.scenario.title) shownId.value = result.id;
    }
    if (ui.screen === 'scenario' && chosen.value === undefined) ui.screen = 'launch';
  }

  /** Shows its question before anything runs. */
  function choose(scenario: UsableScenario): void {
    if (chosen.value !== scenario) {
      chosen.value = scenario;
      chosenName.value = scenario.name;
      startOver();
    }
    ui.screen = 'scenario';
  }

  /** The scenario that is being measured, also where another window has begun it; the list of all where it is not in it. */
  function showRunning(): void {
    const title = experiments.currentScenario?.title;
    const running = [chosen.value, ...runnable.value].find((each) => each?.scenario.title === title);
    if (running) choose(running);
    else ui.screen = 'launch';
  }

  /** Back to the question. */
  function startOver(): void {
    shownId.value = 0;
    predicted.value = undefined;
  }

  /** `allowCommands`: the user has seen them. Servers that this host may not start are left out. */
  async function run(allowCommands = false): Promise<void> {
    if (!chosen.value) return;
    shownId.value = 0;
    const { source, scenario } = chosen.value;
    const models = ownCommands.runnableModels(scenario);
    const which = models === undefined ? { allowCommands } : { models };
    if (await experiments.startScenario({ scenario: source, ...which })) {
      shownId.value = experiments.current?.id ?? experiments.state.last?.id ?? 0;
    }
  }

  return {
    ...{ entries, isLoaded, runnable, broken, chosen, predicted, shownId, recent, isRunning, outcome },
    ...{ load, refresh, restore, choose, showRunning, startOver, run, remember },
  };
});
