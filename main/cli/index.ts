/** The command line, a thin host of the lab. Other programs call it: with --json, stdout is one object. */
import { Command } from 'commander';
import { version } from '../lab/engine-location.ts';
import { LabService } from '../lab/lab-service.ts';
import type { CliContext } from './command.ts';
import { commands } from './commands/index.ts';
import { verdictOf } from './input.ts';
import { tell } from './terminal.ts';

export function createProgram(context: CliContext): Command {
  const program = new Command('fdscope').description('An oscilloscope for sockets.').version(version());
  for (const register of commands) register(program, context);
  // Faults become exceptions, and are told in one place; help and version go to stdout as usual.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
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
  try {
    const program = createProgram({ lab: new LabService(), signal: interrupt.signal });
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    const { code, text } = verdictOf(error);
    if (text !== '') tell(`${text}\n`);
    return code;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
}
