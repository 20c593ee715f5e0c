/** The options of a bench: all have a value by default, `--help` tells them, and what cannot be is one sentence and exit code 2. */
import { Command, InvalidArgumentError, Option } from 'commander';

/** What an option is for, and its value where none is given: a number takes numbers above 0, a text its choices or any. */
export type BenchOption = readonly [about: string, byDefault: number | string, choices?: readonly string[]];

type Values<Options extends Record<string, BenchOption>> = {
  readonly [Name in keyof Options]: Options[Name][1] extends number ? number : string;
};

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

/**
 * `name` as it is written behind `npm run bench --`. Ends the process where the options are asked for or wrong,
 * and where they are only to be looked at (FDSCOPE_BENCH_OPTIONS_ONLY).
 */
export function benchOptions<const Options extends Record<string, BenchOption>>(
  name: string,
  about: string,
  options: Options,
): Values<Options> {
  const command = new Command(`npm run bench -- ${name}`.trim()).description(about);
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  for (const [name, [what, byDefault, choices]] of Object.entries<BenchOption>(options)) {
    const isNumber = typeof byDefault === 'number';
    const option = new Option(`--${name} <${isNumber ? 'number' : 'text'}>`, what).default(byDefault);
    if (isNumber) option.argParser(positive);
    else if (choices) option.choices(choices);
    command.addOption(option);
  }
  command.parse();
  if (process.env.FDSCOPE_BENCH_OPTIONS_ONLY !== undefined) process.exit(0);
  return command.opts<Values<Options>>();
}
