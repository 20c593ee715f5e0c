/** One option under several spellings: `-c`, `--clients` and `--connections`; faults name the one that was typed. */
import { Option, type Command } from 'commander';
import { parseQuantity, quantityForms, quantityNames, type Quantity } from '../../shared/quantities.ts';
import { LabError } from '../lab/errors.ts';

/** What a value may be, as completion and the manual say it; it is checked elsewhere. */
export interface Suggested {
  readonly values?: readonly string[];
  readonly files?: boolean;
}

const ofOptions = new WeakMap<Option, Suggested>();
const ofArguments = new WeakMap<Command, Suggested>();

const isPath = (flags: string): boolean => /[<[](file|path|folder)[\].>]/.test(flags);

export const suggestedFor = (option: Option): Suggested => ({
  ...(option.argChoices ? { values: option.argChoices } : {}),
  ...(isPath(option.flags) ? { files: true } : {}),
  ...ofOptions.get(canonicalOf(option)),
});

/** What the arguments of a command may be, all of them alike. */
export function suggestArguments(command: Command, suggested: Suggested): Command {
  ofArguments.set(command, suggested);
  return command;
}
export const suggestedArguments = (command: Command): Suggested =>
  ofArguments.get(command) ??
  (command.registeredArguments.some((argument) => isPath(`<${argument.name()}>`)) ? { files: true } : {});

/** Another long spelling of an option, which help does not list by itself. */
class Alias extends Option {
  readonly #of: Option;

  constructor(flags: string, of: Option) {
    super(flags, of.description);
    this.#of = of;
    this.hideHelp();
  }

  get canonical(): Option {
    return this.#of;
  }

  override attributeName(): string {
    return this.#of.attributeName();
  }
}

/** The option that an alias stands for, or itself. */
export const canonicalOf = (option: Option): Option => (option instanceof Alias ? option.canonical : option);

interface Spelled<T> {
  readonly suggests?: readonly string[];
  readonly parse?: (spelling: string) => (text: string) => T;
  readonly isMandatory?: boolean;
}

/** `spellings` are separated by commas: a short one, others, and last the one that names it. `value`: `<number>`. */
export function addSpelled<T>(
  command: Command,
  spellings: string,
  value: string,
  summary: string,
  { suggests, parse, isMandatory = false }: Spelled<T> = {},
): Command {
  const all = spellings.split(/,\s*/);
  const short = all.find((each) => !each.startsWith('--'));
  const longs = all.filter((each) => each.startsWith('--'));
  const name = longs.at(-1) ?? spellings;
  const others = longs.slice(0, -1);
  const also = others.length === 0 ? '' : `; also ${others.join(', ')}`;
  const option = new Option(`${short === undefined ? '' : `${short}, `}${name} ${value}`, summary + also);
  const aliases = others.map((other) => new Alias(`${other} ${value}`, option));
  if (suggests) ofOptions.set(option, { values: suggests });
  for (const [i, each] of [option, ...aliases].entries()) {
    if (parse) each.argParser(parse(i === 0 ? name : (others[i - 1] ?? name)));
    command.addOption(each);
  }
  return isMandatory ? (option.makeOptionMandatory(), command) : command;
}

/** What an option gives, in the quantity's own unit. Throws LabError. */
export function quantityOption(name: string, quantity: Quantity): (text: string) => number {
  return (text) => {
    const value = parseQuantity(text, quantity);
    if (value !== undefined) return value;
    throw new LabError('bad-input', `${name} takes ${quantityForms[quantity]}, not "${text}".`);
  };
}

/** A number with the units of its quantity. */
export const addValue = (command: Command, spellings: string, quantity: Quantity, summary: string): Command =>
  addSpelled(command, spellings, `<${quantityNames[quantity]}>`, summary, {
    parse: (spelling) => quantityOption(spelling, quantity),
  });

/** From an option's own name, `--connections`, to what was typed for it. */
export type Spellings = ReadonlyMap<string, string>;

export function spellingsIn(command: Command | undefined, args: readonly string[]): Spellings {
  const typed = new Map<string, string>();
  const options = command?.options ?? [];
  for (const arg of args) {
    if (arg === '--') break;
    const [word = ''] = arg.split('=');
    const isLong = word.startsWith('--');
    const found = options.find(({ short, long }) =>
      isLong ? long === word : /^-[a-z]/i.test(word) && short === word.slice(0, 2),
    );
    const { long } = found ? canonicalOf(found) : {};
    if (long) typed.set(long, isLong ? word : word.slice(0, 2));
  }
  return typed;
}

/** A sentence of ours that names options by their own names. */
export const asTyped = (sentence: string, typed: Spellings): string =>
  sentence.replaceAll(/(?<![\w-])--[a-z][\w-]*/g, (name) => typed.get(name) ?? name);

/** One of commander's, which names all spellings: `'-c, --connections <number>'`. */
export const flagsAsTyped = (message: string, typed: Spellings): string =>
  message.replaceAll(/'(?:-\w, )?(--[\w-]+)((?: [<[][^']*)?)'/g, (_all, name: string, value: string) => {
    return `'${typed.get(name) ?? name}${value}'`;
  });
