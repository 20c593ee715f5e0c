/** `fdscope completion` and `fdscope man`: made of the commands' own definitions. */
import { Argument } from 'commander';
import { version } from '../../lab/engine-location.ts';
import type { Register } from '../command.ts';
import { completionScript, shells, type Shell } from '../manual/completion.ts';
import { manPage } from '../manual/man-page.ts';
import { verbsOfProgram } from '../manual/verbs.ts';
import { suggestArguments } from '../spellings.ts';
import { print } from '../terminal.ts';

export const registerCompletion: Register = (program) => {
  const command = program
    .command('completion')
    .description('completion for a shell: eval "$(fdscope completion bash)"')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells));
  suggestArguments(command, { values: shells }).action((shell: Shell) =>
    print(completionScript(shell, verbsOfProgram(program)), true),
  );
};

export const registerMan: Register = (program) => {
  program
    .command('man')
    .description('the manual page: fdscope man | man -l -')
    .action(() => print(manPage(verbsOfProgram(program), version()), true));
};
