/** Refuses what a host does not let its windows do. */
import { commandRefusal, type Allowance } from '../../../shared/contract/allowance.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import { checkWindowAddresses } from '../address-gate.ts';
import { LabError } from '../errors.ts';

/** Throws LabError. */
export function mayReadFiles({ files }: Allowance): void {
  if (files) return;
  throw new LabError(
    'unavailable',
    'A browser may not name files of this machine: drop the file on the window, or paste its text.',
  );
}

/** Throws LabError where a run would do what the user or this host does not allow: start a command, leave this machine. */
export function checkRuns(runs: readonly PlannedRun[], isAllowedByUser: boolean, allowance: Allowance): void {
  for (const { settings } of runs) checkWindowAddresses(settings.server, allowance);
  checkCommands(runs, isAllowedByUser, allowance);
}

function checkCommands(runs: readonly PlannedRun[], isAllowedByUser: boolean, { commands }: Allowance): void {
  const command = runs.find(({ settings }) => settings.server.command !== undefined)?.settings.server.command;
  if (command === undefined) return;
  if (!commands) throw new LabError('unavailable', `This would start "${command}". ${commandRefusal}`);
  if (!isAllowedByUser) {
    throw new LabError('bad-input', `This would start a command of yours, "${command}": say that you want that.`);
  }
}
