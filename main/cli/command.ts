/** What a command of the command line is given, and how it joins the program: one file each in commands/. */
import type { Command } from 'commander';
import type { LabService } from '../lab/lab-service.ts';

export interface CliContext {
  readonly lab: LabService;
  /** Given at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether --verbose was given: more is told, on stderr and in results. */
  readonly isVerbose?: () => boolean;
}

/** Adds one command to the program. Its action throws LabError or ScenarioError where it cannot do what was asked. */
export type Register = (program: Command, context: CliContext) => void;
