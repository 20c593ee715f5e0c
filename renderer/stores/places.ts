/** What the app has that can be gone to: the palette finds it all, and the glossary leads to it. */
import { defineStore } from 'pinia';
import { computed, nextTick, shallowRef } from 'vue';
import type { PlaceKind } from '../../shared/glossary.ts';
import { useBank } from './bank.ts';
import { useBench } from './bench.ts';
import { useCatalogue } from './catalogue.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { useScenarios } from './scenarios.ts';
import { screenTitles } from './screen-titles.ts';
import { settingNames } from './setting-names.ts';
import { useUi, type Screen } from './ui.ts';

export interface Target {
  readonly kind: PlaceKind | 'setting' | 'session';
  /** Among those of its kind. */
  readonly name: string;
  readonly title: string;
  /** What else people search for. */
  readonly words: string;
  readonly go: () => unknown;
}

export const trackTitles: Readonly<Record<string, string>> = {
  throughput: 'Throughput',
  sockets: 'Readiness',
  switches: 'Context switches',
  threads: 'Threads',
  latency: 'Latency',
  syscalls: 'System calls',
  cpu: 'CPU',
  clientCpu: 'Clients’ CPU',
  machine: 'Machine noise',
  clients: 'Client side',
  memory: 'Memory',
};

export const usePlaces = defineStore('places', () => {
  const ui = useUi();
  const lab = useLab();
  const bank = useBank();
  const bench = useBench();
  const catalogue = useCatalogue();
  const scenarios = useScenarios();
  const notices = useNotices();
  /** Of rooms that bring their own, such as lessons and sessions. */
  const others = shallowRef<readonly (() => readonly Target[])[]>([]);

  async function goToTrack(id: string): Promise<void> {
    ui.screen = 'scope';
    await nextTick();
    document.querySelector<HTMLElement>(`[data-track="${CSS.escape(id)}"] .plot`)?.focus();
  }
  /** What is on the bench is not ended by looking something up. */
  async function goToWalk(name: string, title: string): Promise<void> {
    ui.screen = 'sockets';
    if (bench.walk?.name === name) return;
    if (!bench.isOpen) await bench.openWalk(name);
    else {
      notices.show('info', 'Something is on the bench already, which would end.', {
        title: `Open “${title}” in its place`,
        run: () => void bench.openWalk(name),
      });
    }
  }
  function goToModel(id: (typeof catalogue.models)[number]['id']): void {
    ui.screen = 'scope';
    ui.isSourceOpen = true;
    if (lab.isRunning) ui.comparedSource = id;
    else bank.press(id);
  }

  const targets = computed<readonly Target[]>(() => [
    ...bench.walks.flatMap(({ name, walk, unavailable }): Target[] =>
      walk === undefined || unavailable !== undefined
        ? []
        : [
            {
              ...{ kind: 'walk', name, title: walk.title, words: walk.question },
              go: () => goToWalk(name, walk.title),
            },
          ],
    ),
    ...scenarios.runnable.map((entry): Target => ({
      ...{ kind: 'scenario', name: entry.name, title: entry.scenario.title, words: entry.scenario.question },
      go: () => scenarios.choose(entry),
    })),
    ...catalogue.ordered.map(({ id, summary }): Target => ({
      ...{ kind: 'model', name: id, title: id, words: summary },
      go: () => goToModel(id),
    })),
    ...Object.entries(screenTitles).map(([screen, title]): Target => ({
      ...{ kind: 'screen', name: screen, title, words: 'page screen' },
      go: () => (ui.screen = screen as Screen),
    })),
    ...Object.entries(trackTitles).map(([id, title]): Target => ({
      ...{ kind: 'track', name: id, title, words: `${id} track of the Scope` },
      go: () => goToTrack(id),
    })),
    ...settingNames.map(({ label, words }): Target => ({
      ...{ kind: 'setting', name: label, title: label, words },
      go: () => {
        ui.screen = 'scope';
        ui.wantedSetting = label;
      },
    })),
    ...others.value.flatMap((list) => list()),
  ]);
  const byPlace = computed(() => new Map(targets.value.map((target) => [`${target.kind}/${target.name}`, target])));

  /** Of one of a term's `here`; undefined where this machine or this version does not have it. */
  const at = (here: string): Target | undefined => byPlace.value.get(here);
  /** For as long as the window lives. */
  function add(list: () => readonly Target[]): void {
    others.value = [...others.value, list];
  }

  return { targets, at, add };
});

export const kindWords: Readonly<Record<Target['kind'] | 'term', string>> = {
  lesson: 'Lesson',
  walk: 'Walk',
  scenario: 'Scenario',
  screen: 'Screen',
  track: 'Track',
  model: 'Model',
  setting: 'Setting',
  term: 'Glossary',
  session: 'Session',
};
