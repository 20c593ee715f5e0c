/** places.yaml: machines and other rooms where a server or clients may run, and how a program is started there. */
import { z } from 'zod';
import { parseYaml } from './yaml-text.ts';

/** As options name them. */
const placeName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, {
  message: 'A place is named with letters, digits, ".", "_" and "-", and begins with a letter or digit.',
});

/** A word that becomes an argument of another program: it may not be taken for an option of that. */
const word = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^-\s\0][^\s\0]*$/, { message: 'It is one word and does not begin with "-".' });
const path = z.string().regex(/^\/[^\0\n]*$/, { message: 'It is an absolute path.' });
const argument = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*$/);

const limits = z
  .strictObject({
    /** Of one run. */
    connections: z.number().int().min(1).max(1_000_000).default(1000),
    /** Requests a second, of open loops. */
    rate: z.number().positive().max(10_000_000).default(10_000),
    /** Warm-up and measured interval together. */
    seconds: z.number().positive().max(86_400).default(120),
  })
  .prefault({});

const common = {
  /** A numeric address under which clients reach a server there. */
  address: z.union([z.ipv4(), z.ipv6()]).optional(),
  /** Numbers of the cores that engines there may use, such as "0,1"; all where it is not given. */
  cores: z
    .string()
    .regex(/^\d{1,4}(,\d{1,4})*$/, { message: 'These are numbers of cores, such as "0,1".' })
    .optional(),
  limits,
  /** The part of the clients that run there, beside other places. */
  weight: z.number().positive().max(1000).default(1),
  /** Where the engine is kept there; the user's cache folder where it is not given. */
  cache: path.optional(),
};

export const placeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('local'), ...common }),
  z.strictObject({
    kind: z.literal('ssh'),
    /** As ssh takes it: a name, an alias of ssh_config, user@name. */
    host: word,
    port: z.number().int().min(1).max(65_535).optional(),
    /** Another ssh_config than the user's own. */
    config: path.optional(),
    ...common,
  }),
  z.strictObject({ kind: z.literal('netns'), name: word, ...common }),
  z.strictObject({ kind: z.literal('docker'), container: word, ...common }),
  z.strictObject({ kind: z.literal('slurm'), node: word.optional(), partition: word.optional(), ...common }),
  z.strictObject({
    kind: z.literal('kubectl'),
    pod: word,
    container: word.optional(),
    namespace: word.optional(),
    context: word.optional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('command'),
    /** A program and its arguments; those of the engine come behind them. */
    argv: z.array(argument).min(1).max(64),
    ...common,
  }),
]);
export type PlaceSettings = z.infer<typeof placeSchema>;

export const placesSchema = z.strictObject({
  version: z.literal(1),
  places: z.record(placeName, placeSchema).default({}),
});
export type Places = z.infer<typeof placesSchema>;

/** Throws ScenarioError with line and column. */
export const parsePlaces = (text: string, file: string): Places =>
  parseYaml<Places>(text, file, placesSchema, 'a file of places');

const explanations: Readonly<Record<string, string>> = {
  kind: 'How a program is started there.',
  address: 'A numeric address under which clients reach a server there.',
  cores: 'Numbers of the cores that engines there may use, such as "0,1".',
  limits: 'The most that may be asked of clients there.',
  weight: 'The part of the clients that run there, beside other places.',
  cache: 'Where the engine is kept there.',
  host: 'As ssh takes it.',
  argv: 'A program and its arguments; those of the engine come behind them.',
};

function explain(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'properties' || typeof value !== 'object' || value === null) {
      explain(value);
      continue;
    }
    for (const [name, property] of Object.entries(value as Record<string, Record<string, unknown>>)) {
      explain(property);
      const text = explanations[name];
      if (text !== undefined) property.description = text;
    }
  }
}

/** JSON Schema of places.yaml, for editors. */
export function placesJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(placesSchema, { io: 'input', target: 'draft-07' });
  explain(schema);
  return { $schema, title: 'Places of fdscope', ...schema };
}
