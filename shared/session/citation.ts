/** How a recorded session is cited. */
import { citationOf, machineText, type Citation } from '../citation.ts';

export interface CitedSession {
  readonly card: { readonly name: string; readonly startedWallMs: number; readonly id: string };
  readonly manifest: {
    readonly machine: Parameters<typeof machineText>[0] & { readonly versions: { readonly fdscope: string } };
  };
}

export const citationOfSession = ({ card, manifest: { machine } }: CitedSession): Citation =>
  citationOf({
    ...{ title: card.name, what: 'recorded session', wallMs: card.startedWallMs, id: card.id },
    ...{ version: machine.versions.fdscope, machine: machineText(machine) },
  });
