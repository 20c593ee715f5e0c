/** The command line, a thin host of the lab. Other programs call it: with --json, stdout is one object. */
import { Command } from 'commander';
import { fullVersion } from '../lab/about.ts';
import { LabService } from '../lab/lab-service.ts';
import type { CliContext } from './command.ts';
import { commands } from './commands/index.ts';
import { verdictOf } from './input.ts';
import { spellingsIn } from './spellings.ts';
import { tell } from './terminal.ts';
import { tellEngines } from './verbose.ts';

export function createProgram(context: CliContext): Command {
  const program = new Command('fdscope').description('An oscilloscope for sockets.').version(fullVersion());
  for (const register of commands) register(program, context);
  // Faults become exceptions, and are told in one place; help and version go to stdout as usual.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  for (const command of program.commands) {
    command.option('-v, --verbose', 'tell more: what is started and ended, settings, where faults come from');
  }
  return program;
}

/** Runs one command line; resolves to the exit code. Ctrl-C ends engines in good order. */
export async function runCli(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  // Whoever read our output has gone: nothing is left to say.
  process.stdout.on('error', () => process.exit(1));
  let verbose: Command | undefined;
  const program = createProgram({
    lab: new LabService(),
    signal: interrupt.signal,
    isVerbose: () => verbose !== undefined,
  });
  program.hook('preAction', (_program, command) => {
    if (command.opts<{ verbose?: boolean }>().verbose !== true) return;
    verbose = command;
    tellEngines();
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    const command = program.commands.find((each) => each.name() === args[0]);
    const { code, text } = verdictOf(error, spellingsIn(command, args.slice(1)));
    if (text !== '') tell(`${text}\n`);
    if (verbose && error instanceof Error && code === 1) tell(`${error.stack ?? ''}\n`);
    return code;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
}
