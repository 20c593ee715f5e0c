/** The scenario text that is being edited: checked by the lab as one types, and kept until it is saved. */
import { useDebounceFn, useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import type {
  OpenedScenario,
  ScenarioEntry,
  ScenarioPlace,
  ScenarioReading,
  ScenarioSource,
} from '../../shared/contract/scenarios.ts';
import type { Params, Result, Verb } from '../../shared/contract/contract.ts';
import type { LabLink } from '../app/link.ts';
import { useNotices } from './notices.ts';
import { useRecent } from './recent.ts';
import { useScenarios } from './scenarios.ts';
import { useUi } from './ui.ts';

/** Long enough not to check every letter, short enough to be there when one looks up. */
const checkAfterMs = 180;

const template = `version: 1
title: My question
question: What do I want to know?
watch:
  - Where to look.
connections: 50
clients:
  - profile: closed
durationSeconds: 3
models:
  - blocking-threads
  - epoll-lt
expectations:
  - expect: switchesPerRequest(blocking-threads) > 3 * switchesPerRequest(epoll-lt)
    because: A thread that blocks is switched in for nearly every request.
    otherwise: Something else used this machine; run it again.
`;

interface Draft {
  readonly text: string;
  /** As it is on disk; differs from `text` while there is something to save. */
  readonly savedText: string;
  readonly name: string;
  readonly origin: ScenarioEntry['origin'] | 'new';
}
/** A text that was in the editor: from where, or, of a dropped file, as it was. */
export interface EditedScenario {
  readonly name: string;
  readonly source: ScenarioSource;
}
const mostRecent = 5;
/** As the lab takes it. */
const mostTextBytes = 1 << 20;
const keyOf = ({ name, source }: EditedScenario): string => ('file' in source ? source.file : name);

const fresh: Draft = { text: template, savedText: template, name: '', origin: 'new' };

export const useScenarioEditor = defineStore('scenario-editor', () => {
  const notices = useNotices();
  const scenarios = useScenarios();
  const ui = useUi();
  /** Outlives a reload, so that nothing typed is lost. */
  const draft = useLocalStorage<Draft>('fdscope.editor', fresh);
  const { entries: recent, note } = useRecent<EditedScenario>('fdscope.edited', mostRecent, keyOf);
  const reading = shallowRef<ScenarioReading>();
  let link: LabLink | undefined;
  let checks = 0;

  const text = computed({
    get: () => draft.value.text,
    set: (next) => (draft.value = { ...draft.value, text: next }),
  });
  const isDirty = computed(() => draft.value.text !== draft.value.savedText);
  const isOwn = computed(() => draft.value.origin === 'own');
  const mistakes = computed(() => reading.value?.mistakes ?? []);

  async function attempt<V extends Verb>(verb: V, params: Params<V>): Promise<Result<V> | undefined> {
    try {
      if (!link) throw new Error('The lab is not connected. Reconnect first.');
      const ask = link.request as (verb: V, params: Params<V>) => Promise<Result<V>>;
      return await ask.call(link, verb, params);
    } catch (error) {
      notices.show('error', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async function check(): Promise<void> {
    if (!link) return;
    const mine = ++checks;
    const found = await attempt('scenario.check', { text: draft.value.text });
    // Of answers that overtake each other, the newest question counts.
    if (found && mine === checks) reading.value = found;
  }
  const checkSoon = useDebounceFn(check, checkAfterMs);
  watch(text, () => void checkSoon());

  function connect(newLink: LabLink): void {
    link = newLink;
    void check();
  }

  function take({ text: from, name, origin, file }: Pick<OpenedScenario, 'text' | 'name' | 'origin' | 'file'>): void {
    draft.value = { text: from, savedText: from, name, origin };
    note({ name, source: origin === 'file' ? { file } : { name } });
    void check();
    ui.screen = 'editor';
  }

  /** What was typed and not saved is put back by the toast's action. */
  function keepUnsaved(): void {
    if (!isDirty.value) return;
    const before = draft.value;
    notices.show(
      'warning',
      `Unsaved changes of ${before.name === '' ? 'the new scenario' : before.name} were closed.`,
      {
        title: 'Put them back',
        run: () => {
          draft.value = before;
          ui.screen = 'editor';
        },
      },
    );
  }

  async function open(place: ScenarioPlace): Promise<void> {
    const opened = await attempt('scenario.open', place);
    if (!opened) return;
    keepUnsaved();
    take(opened);
  }

  function openNew(): void {
    keepUnsaved();
    draft.value = fresh;
    void check();
    ui.screen = 'editor';
  }

  /** It has no place of its own until it is saved. */
  function openText(name: string, content: string): void {
    keepUnsaved();
    draft.value = { text: content, savedText: '', name, origin: 'new' };
    note({ name, source: { text: content } });
    void check();
    ui.screen = 'editor';
  }

  /** A file that was dropped or chosen. */
  /** A file that is dropped or chosen; what cannot be a scenario is not even read. */
  async function openFile(file: File): Promise<void> {
    if (file.size > mostTextBytes) {
      notices.show('error', `${file.name} is no scenario: it has more than 1 MiB.`);
      return;
    }
    openText(file.name.replace(/\.ya?ml$/i, ''), await file.text());
  }

  async function reopen({ name, source }: EditedScenario): Promise<void> {
    if ('text' in source) openText(name, source.text);
    else await open(source);
  }

  async function save(name: string, replace: boolean): Promise<boolean> {
    const saved = await attempt('scenario.save', { name, text: draft.value.text, replace });
    if (!saved) return false;
    draft.value = { text: saved.text, savedText: saved.text, name: saved.name, origin: saved.origin };
    note({ name: saved.name, source: { name: saved.name } });
    notices.show('good', `Saved as ${saved.file}`);
    await scenarios.refresh();
    return true;
  }

  async function duplicate(from: ScenarioPlace, name: string): Promise<void> {
    const copy = await attempt('scenario.duplicate', { from, name });
    if (!copy) return;
    await scenarios.refresh();
    keepUnsaved();
    take(copy);
  }

  /** The text as it is, saved or not. */
  function run(): void {
    const found = reading.value;
    if (found?.scenario === undefined) return;
    const { name, origin, text: now } = draft.value;
    const isSaved = !isDirty.value && name !== '' && origin !== 'new';
    scenarios.choose({
      ...found,
      scenario: found.scenario,
      ...(isSaved ? { name, origin, source: { name } } : { name: '', origin: 'text' as const, source: { text: now } }),
    });
  }

  return {
    ...{ draft, text, reading, mistakes, isDirty, isOwn, recent },
    ...{ connect, check, open, openNew, openFile, reopen, save, duplicate, run },
  };
});
