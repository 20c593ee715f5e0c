/** What the program's own definitions say of each command: completion and the manual are made of this. */
import type { Command, Option } from 'commander';
import { canonicalOf, suggestedArguments, suggestedFor, type Suggested } from '../spellings.ts';

export interface OptionFacts extends Suggested {
  /** `-c`, where there is one. */
  readonly short: string | undefined;
  /** The one that names it first, then the others. */
  readonly longs: readonly string[];
  /** What it takes, as `number`; undefined where it takes nothing. */
  readonly value: string | undefined;
  readonly summary: string;
}

export interface VerbFacts {
  readonly name: string;
  readonly summary: string;
  /** As `[models...]`. */
  readonly arguments: readonly { readonly text: string; readonly summary: string }[];
  readonly suggested: Suggested;
  readonly options: readonly OptionFacts[];
}

const valueOf = ({ flags }: Option): string | undefined => /[<[](.+)[>\]]$/.exec(flags)?.[1];

function optionsOf(command: Command): OptionFacts[] {
  const own = command.options.filter((option) => canonicalOf(option) === option && !option.hidden);
  return own.map((option) => {
    const others = command.options.filter((each) => each !== option && canonicalOf(each) === option);
    const longs = [option, ...others].flatMap(({ long }) => long ?? []);
    const [summary = ''] = option.description.split('; also --');
    return { short: option.short, longs, value: valueOf(option), summary, ...suggestedFor(option) };
  });
}

const help: OptionFacts = { short: '-h', longs: ['--help'], value: undefined, summary: 'show what the command takes' };

export const verbsOfProgram = (program: Command): VerbFacts[] =>
  program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    arguments: command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return { text: argument.required ? `<${name}>` : `[${name}]`, summary: argument.description };
    }),
    suggested: suggestedArguments(command),
    options: [...optionsOf(command), help],
  }));
