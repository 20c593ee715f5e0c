/**
 * What a host lets its windows do. A browser is further away from its user than a window of the app: it names no files
 * and starts no programs. Windows know it too, so that they say it before anybody presses Run.
 */
import type { MachineInfo } from './lab.ts';

export interface Allowance {
  /** Open files by their path. */
  readonly files: boolean;
  /** Start commands of the user's. */
  readonly commands: boolean;
  /** Let servers be reached by other machines, or send load to them. */
  readonly network: boolean;
}

export const allowanceOf = (host: MachineInfo['host']): Allowance => ({
  files: host !== 'web',
  commands: host !== 'web',
  // Nothing that a page says opens this machine to others: that takes a command line.
  network: host === 'cli',
});

/** Why a command is not started, and what to do instead. */
export const commandRefusal =
  'A browser may not start programs of this machine. Start the server yourself and give its pid in place of its ' +
  'command, or run the scenario in a terminal: fdscope run FILE --allow-commands';
