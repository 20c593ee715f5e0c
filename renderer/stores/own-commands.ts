/** Programs of the user's that a scenario would start: whether this window may start them, and what can be run if not. */
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { allowanceOf, commandRefusal } from '../../shared/contract/allowance.ts';
import type { ScenarioReading } from '../../shared/contract/scenarios.ts';
import { labelOf, type Scenario } from '../../shared/schemas/scenario.ts';
import type { ScenarioSubject } from '../../shared/schemas/settings.ts';
import { useCatalogue } from './catalogue.ts';

/** A server that a command would start. */
export interface CommandedServer {
  readonly label: string;
  readonly command: string;
  /** Of 127.0.0.1. */
  readonly port: number;
}

function commandedServer(entry: ScenarioSubject): CommandedServer[] {
  if (typeof entry === 'string' || !('command' in entry) || entry.command === undefined) return [];
  return [{ label: labelOf(entry), command: entry.command, port: entry.port }];
}

export const commandedServers = ({ models }: Pick<Scenario, 'models'>): CommandedServer[] =>
  models.flatMap(commandedServer);

export const useOwnCommands = defineStore('own-commands', () => {
  const catalogue = useCatalogue();
  /** As long as nobody knows which host this is, it is the lab that refuses. */
  const isAllowed = computed(() => {
    const host = catalogue.machine?.host;
    return host === undefined || allowanceOf(host).commands;
  });

  /** Why servers of this scenario cannot be started from here, and what to do instead. */
  function refusal({ commands }: Pick<ScenarioReading, 'commands'>): string | undefined {
    return commands.length > 0 && !isAllowed.value ? commandRefusal : undefined;
  }

  /** What of a scenario is run from here; undefined: all of it. */
  function runnableModels({ models }: Pick<Scenario, 'models'>): string[] | undefined {
    if (isAllowed.value) return undefined;
    const rest = models.filter((entry) => commandedServer(entry).length === 0);
    return rest.length === models.length ? undefined : rest.map(labelOf);
  }

  return { isAllowed, refusal, runnableModels };
});
