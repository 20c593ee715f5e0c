/** The command line `serve [--config JSON] [--key value ...]`, as the C++ engine takes it. */
import { isIP } from 'node:net';
import { maxBodyBytes, type HandlerConfig, type HandlerKind, type Protocol } from './protocol.ts';

export interface Settings {
  readonly handler: HandlerConfig;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly backlog: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** 0: until stopped. */
  readonly durationMs: number;
  /** CPUs to run on, such as "0,1"; empty: all. */
  readonly cpus: string;
  /** Binary frames on stdout and commands on stdin, instead of one JSON line at each end. */
  readonly frames: boolean;
}

/** What the caller can mend; the message is one sentence. */
export class BadInput extends Error {}

/** Options of the model, with ranges and defaults, in the shape of the engine's own catalogue. */
export const optionSpecs = [
  {
    name: 'backlog',
    kind: 'integer',
    min: 1,
    max: 65_535,
    default: 4096,
    summary: 'length of the accept queue that listen() asks for',
  },
] as const;

const known = new Set([
  ...['model', 'protocol', 'host', 'port', 'handler', 'responseBytes', 'chunks', 'upstream', 'workUs', 'waitMs'],
  ...['forgetsToClose', 'durationMs', 'cpus', 'options', 'frames', 'noDelay'],
  ...optionSpecs.map((option) => option.name),
]);

type Values = Record<string, unknown>;

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseConfig(text: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadInput('--config is not valid JSON.');
  }
  if (!isObject(value)) throw new BadInput('--config must be a JSON object.');
  return value;
}

function readValues(args: readonly string[]): Values {
  let config: Values = {};
  const flat: Values = {};
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i] ?? '';
    const text = args[i + 1];
    if (!name.startsWith('--')) throw new BadInput(`Expected --key value, not "${name}".`);
    if (text === undefined) throw new BadInput(`${name} needs a value.`);
    if (name === '--config') config = parseConfig(text);
    else flat[name.slice(2)] = text;
  }
  const options = config.options ?? {};
  if (!isObject(options)) throw new BadInput('options must be a JSON object.');
  const values = { ...config, ...options, ...flat };
  for (const key of Object.keys(values)) {
    if (!known.has(key)) throw new BadInput(`There is no setting "${key}" for the model node.`);
  }
  return values;
}

function integer(values: Values, key: string, fallback: number, min: number, max: number): number {
  const value = values[key] ?? fallback;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
    throw new BadInput(`${key} must be a whole number from ${min} to ${max}.`);
  }
  return number;
}

function choice<T extends string>(values: Values, key: string, choices: readonly T[], fallback: T): T {
  const value = values[key] ?? fallback;
  const found = choices.find((each) => each === value);
  if (found === undefined) throw new BadInput(`${key} must be one of ${choices.join(', ')}.`);
  return found;
}

function flag(values: Values, key: string, fallback = false): boolean {
  if (values[key] === undefined) return fallback;
  return [true, 1, '1', 'true'].some((yes) => yes === values[key]);
}

function text(values: Values, key: string, fallback: string): string {
  const value = values[key] ?? fallback;
  if (typeof value !== 'string') throw new BadInput(`${key} must be text.`);
  return value;
}

/** "127.0.0.1:80" or "[::1]:80". */
function parseAddress(key: string, address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(host) === 0 || !(port >= 1 && port <= 65_535)) {
    throw new BadInput(`${key} must be a numeric address with a port, such as 127.0.0.1:8080.`);
  }
  return { host, port };
}

const costKeys = ['workUs', 'waitMs', 'chunks'] as const;
/** What a request costs; it can be changed while the server runs. */
export type RequestCost = Partial<Pick<HandlerConfig, (typeof costKeys)[number]>>;

const ranges = { workUs: [0, 10_000_000], waitMs: [0, 600_000], chunks: [1, 1000] } as const;
function costOf(values: Values, key: (typeof costKeys)[number], fallback: number): number {
  const [min, max] = ranges[key];
  return integer(values, key, fallback, min, max);
}

/** The fields of the command `handler`. Throws BadInput. */
export function readRequestCost(command: Values): RequestCost {
  const { id: _id, cmd: _cmd, ...changes } = command;
  for (const key of Object.keys(changes)) {
    if (costKeys.some((known) => known === key)) continue;
    throw new BadInput(`"${key}" cannot be changed while the server runs: workUs, waitMs and chunks can.`);
  }
  return Object.fromEntries(
    costKeys.filter((key) => changes[key] !== undefined).map((key) => [key, costOf(changes, key, 0)]),
  );
}

/** Throws BadInput. */
export function readSettings(args: readonly string[]): Settings {
  const values = readValues(args);
  choice(values, 'model', ['node'], 'node');
  const host = text(values, 'host', '127.0.0.1');
  if (isIP(host) === 0) throw new BadInput('host must be a numeric IPv4 or IPv6 address.');
  const protocol = choice<Protocol>(values, 'protocol', ['http', 'echo', 'resp'], 'http');
  const kind = choice<HandlerKind>(values, 'handler', ['echo', 'respond', 'forward'], 'respond');
  const upstream = text(values, 'upstream', '');
  if (kind === 'forward' && upstream === '') throw new BadInput('The handler forward needs upstream, as HOST:PORT.');
  return {
    handler: {
      protocol,
      kind,
      responseBytes: integer(values, 'responseBytes', 128, 0, maxBodyBytes),
      chunks: costOf(values, 'chunks', 1),
      workUs: costOf(values, 'workUs', 0),
      waitMs: costOf(values, 'waitMs', 0),
      forgetsToClose: flag(values, 'forgetsToClose'),
      ...(kind === 'forward' ? { upstream: parseAddress('upstream', upstream) } : {}),
    },
    host,
    port: integer(values, 'port', 0, 0, 65_535),
    backlog: integer(values, 'backlog', 4096, 1, 65_535),
    noDelay: flag(values, 'noDelay', true),
    durationMs: integer(values, 'durationMs', 0, 0, 86_400_000),
    cpus: text(values, 'cpus', ''),
    frames: flag(values, 'frames'),
  };
}
