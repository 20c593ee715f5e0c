/** What clients ask of a server of the user's own: options of `load`, `run`, `compare` and `sweep`. */
import type { Command } from 'commander';
import { LabError, sentenceOf } from '../lab/errors.ts';
import { readRegular } from '../lab/regular-file.ts';
import { addNumber } from './options.ts';
import { given } from './settings.ts';

export interface RequestFlags {
  readonly method?: string;
  readonly header?: readonly string[];
  readonly pathsFile?: string;
  readonly bodyFile?: string;
  readonly commands?: Readonly<Record<string, number>>;
  readonly keys?: number;
  readonly valueBytes?: number;
  readonly user?: string;
  readonly passwordFile?: string;
}

const commandNames = ['get', 'set', 'ping'];
const mostPathBytes = 1 << 20;

/** "get=80,set=20". Throws LabError. */
function commandWeights(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair) => {
    const [, name = '', weight = ''] = /^\s*(\w+)=(\d+(?:\.\d+)?)\s*$/.exec(pair) ?? [];
    return [name.toLowerCase(), Number(weight)] as const;
  });
  const names = pairs.map(([name]) => name);
  if (names.every((name) => commandNames.includes(name)) && new Set(names).size === names.length) {
    if (pairs.some(([, weight]) => weight > 0)) return Object.fromEntries(pairs);
  }
  throw new LabError(
    'bad-input',
    `--commands takes weights of get, set and ping, one of them above 0, such as get=80,set=20, not "${text}".`,
  );
}

/** A line each: a path, and its weight where it has one. Throws LabError. */
function pathsIn(file: string): { path: string; weight?: number }[] {
  let text: string;
  try {
    text = readRegular(file, mostPathBytes, `--paths-file ${file}`);
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError('bad-input', `--paths-file ${file} cannot be read: ${sentenceOf(error)}.`);
  }
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const paths = lines
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const [path = '', weight, ...rest] = line.split(/\s+/);
      if (path.startsWith('/') && rest.length === 0 && (weight === undefined || Number(weight) > 0)) {
        return { path, ...(weight === undefined ? {} : { weight: Number(weight) }) };
      }
      throw new LabError(
        'bad-input',
        `Line ${number} of --paths-file ${file} is not a path and a weight, such as "/about 3".`,
      );
    });
  if (paths.length > 0) return paths;
  throw new LabError('bad-input', `--paths-file ${file} has no path in it.`);
}

const collected = (header: string, before: readonly string[] = []): string[] => [...before, header];

export function addRequest(command: Command): Command {
  command.option('--method <name>', 'of http: GET where it is not given, or POST with a body');
  command.option('-H, --header <line>', 'of http: "Name: value"; may be given several times', collected);
  command.option('--paths-file <file>', 'of http: paths, one a line, each with a weight behind it where they differ');
  command.option('--commands <weights>', 'of resp: how often each comes, such as get=80,set=20,ping=1', commandWeights);
  addNumber(command, '--keys', 'of resp: how many keys --commands has');
  return addNumber(command, '--value-bytes', 'of resp: size of the values that --commands sets', 'bytes');
}

/** Files go to the server: only who types a command names them. */
export function addRequestFiles(command: Command): Command {
  command.option('--body-file <file>', 'of http: the body of each request');
  command.option('--user <name>', 'of resp: who AUTH names; none for the default user');
  return command.option(
    '--password-file <file>',
    'of resp: the password that AUTH gives, which no list of processes shows',
  );
}

/** What `request` of the load is, as changes to `from`; undefined where nothing is asked for. Throws LabError. */
export function requestInput(flags: RequestFlags, from: object = {}): Record<string, unknown> | undefined {
  const asked = {
    ...from,
    ...given({
      ...{ method: flags.method, headers: flags.header, bodyFile: flags.bodyFile },
      ...{ commands: flags.commands, keys: flags.keys, valueBytes: flags.valueBytes },
      ...{ user: flags.user, passwordFile: flags.passwordFile },
      paths: flags.pathsFile === undefined ? undefined : pathsIn(flags.pathsFile),
    }),
  };
  return Object.keys(asked).length === 0 ? undefined : asked;
}
