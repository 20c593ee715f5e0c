/** What a press in the bank of models does: switches the running server, or says what the next start serves. */
import { defineStore } from 'pinia';
import { computed } from 'vue';
import type { ModelId } from '../../shared/catalogue.ts';
import { useCatalogue } from './catalogue.ts';
import { channelKey, unavailableBecause } from './unavailable.ts';
import type { Command } from './commands.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { useSetup } from './setup.ts';

export const useBank = defineStore('bank', () => {
  const catalogue = useCatalogue();
  const lab = useLab();
  const notices = useNotices();
  const setup = useSetup();

  const chosen = computed<ModelId>(() => lab.pendingModel ?? lab.servingModel ?? setup.draft.server.model);

  function press(id: ModelId): void {
    const model = catalogue.model(id);
    const reason = model && unavailableBecause(model);
    if (reason !== undefined) {
      notices.show('warning', `${id} is not available here. ${reason}`);
      return;
    }
    setup.setServer({ model: id });
    if (lab.isRunning) void lab.switchTo(id, setup.optionsOf[id] ?? {});
  }

  /** The next or previous one that can serve, around the end. */
  function step(by: 1 | -1): void {
    const usable = catalogue.ordered.filter((model) => model.available);
    const at = usable.findIndex((model) => model.id === chosen.value);
    const next = usable[(at + by + usable.length) % usable.length];
    if (next) press(next.id);
  }

  const commands = computed<readonly Command[]>(() => [
    ...catalogue.ordered.map((model, index): Command => {
      const key = channelKey(index);
      return {
        id: `model.${model.id}`,
        title: lab.isRunning ? `Switch to ${model.id}` : `Choose ${model.id}`,
        group: 'Models',
        keys: key === undefined ? [] : [key],
        words: `${model.summary} ${model.family} ${model.execution}`,
        screens: ['scope'],
        run: () => press(model.id),
      };
    }),
    { id: 'model.next', title: 'Next model', group: 'Models', keys: [']'], screens: ['scope'], run: () => step(1) },
    {
      id: 'model.previous',
      title: 'Previous model',
      group: 'Models',
      keys: ['['],
      screens: ['scope'],
      run: () => step(-1),
    },
  ]);

  return { chosen, press, step, commands };
});
