/** Walk files: a guided sequence of calls on the bench, each with what to notice and what must hold afterwards. */
import { z } from 'zod';
import { callSchemas, makesFd, nameSchema, type BenchCall, type CallName } from './calls.ts';
import { parseWalkExpectation } from './expectation.ts';
import { ExpressionError } from '../expectations/tree.ts';
import { parseYaml } from '../schemas/yaml-text.ts';

const text = z.string().trim().min(1);

const expectationSchema = z.union([text, z.strictObject({ expect: text, because: text.optional() })]);

const common = {
  actor: nameSchema,
  /** What the fd that it returns is called from here on. */
  as: nameSchema.optional(),
  /** Where to look, and why. */
  notice: text,
  /** Sentences about the step and the state after it, as expectation.ts reads them. */
  expect: z.array(expectationSchema).min(1).optional(),
};

const stepOf = (call: string, args: z.ZodType): z.ZodObject =>
  z.strictObject({ call: z.literal(call), arguments: args, ...common });

/** Beside calls: what is done to an actor, and time that passes until the step's expectations hold. */
const doings = {
  signal: z.strictObject({}).prefault({}),
  kill: z.strictObject({}).prefault({}),
  wait: z.strictObject({ mostMs: z.number().int().min(1).max(10_000) }),
} as const;

type Doing = {
  [N in keyof typeof doings]: { readonly call: N; readonly arguments: z.infer<(typeof doings)[N]> };
}[keyof typeof doings];
type Common = z.infer<z.ZodObject<typeof common>>;
export type WalkStep = Common & (BenchCall | Doing);

const [first, ...rest] = Object.entries({ ...callSchemas, ...doings }).map(([call, args]) => stepOf(call, args));
if (!first) throw new Error('there are calls');

// Which arguments belong to which call is what the discriminated union establishes.
export const walkStepSchema = z.discriminatedUnion('call', [first, ...rest]) as unknown as z.ZodType<
  WalkStep,
  WalkStep
>;

export const walkChapters = ['start', 'blocking', 'multiplexing', 'ending', 'trouble', 'other'] as const;

const walkShape = z.strictObject({
  version: z.literal(1),
  title: text,
  /** What the reader should be able to answer afterwards. */
  question: text,
  chapter: z.enum(walkChapters).optional(),
  /** Where in its chapter it is listed. */
  place: z.number().int().min(1).max(99).optional(),
  /** Actors by name; those of one process are its threads and share its descriptors. */
  actors: z
    .record(nameSchema, z.strictObject({ process: nameSchema.default('bench') }).prefault({}))
    .default({ server: { process: 'bench' }, client: { process: 'bench' } }),
  /** What the machine must allow. */
  needs: z.array(z.enum(['io_uring', 'ipv6'])).optional(),
  steps: z.array(walkStepSchema).min(1).max(200),
});
export type Walk = z.infer<typeof walkShape>;

export const expectationText = (expectation: z.infer<typeof expectationSchema>): string =>
  typeof expectation === 'string' ? expectation : expectation.expect;

/** Names of actors and fds are checked here, and expectations are read, in the order of the steps. */
export const walkSchema = walkShape.superRefine((walk, context) => {
  const actors = new Set(Object.keys(walk.actors));
  const fds = new Set<string>();
  const processes = new Set(Object.values(walk.actors).map(({ process }) => process));
  const mistake = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  walk.steps.forEach((step, index) => {
    const at = (...more: (string | number)[]): (string | number)[] => ['steps', index, ...more];
    if (!actors.has(step.actor)) {
      mistake(at('actor'), `there is no actor "${step.actor}" here; there are ${[...actors].join(', ')}`);
    }
    const check = (value: unknown, path: (string | number)[]): void => {
      if (typeof value === 'string' && !fds.has(value)) {
        mistake(path, `no step before this one makes an fd called "${value}"`);
      }
    };
    for (const [key, value] of Object.entries(step.arguments as Record<string, unknown>)) {
      const path = at('arguments', key);
      if (['fd', 'epfd', 'ring'].includes(key)) check(value, path);
      if (['read', 'write', 'except'].includes(key) && Array.isArray(value)) {
        value.forEach((each, i) => check(each, [...path, i]));
      }
      if (key === 'fds' && Array.isArray(value)) {
        value.forEach((each: { fd: unknown }, i) => check(each.fd, [...path, i, 'fd']));
      }
      if (key === 'address' && typeof value === 'string' && value.startsWith('@')) check(value.slice(1), path);
    }
    if (step.call === 'fork') {
      actors.add(step.arguments.child);
      processes.add(step.arguments.child);
    }
    if (step.as !== undefined && makesFd(step.call as CallName, step.arguments)) fds.add(step.as);
    else if (step.as !== undefined) mistake(at('as'), `${step.call} returns no fd that could be named`);
    step.expect?.forEach((each, i) => {
      const path = at('expect', i, ...(typeof each === 'string' ? [] : ['expect']));
      try {
        parseWalkExpectation(expectationText(each), { fds, actors, processes });
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        mistake(path, error.message);
      }
    });
  });
});

export const parseWalk = (text: string, file: string): Walk => parseYaml<Walk>(text, file, walkSchema, 'a walk');

/** JSON Schema of walk files, for editors. */
export function walkJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(walkSchema, { io: 'input', target: 'draft-07' });
  return { $schema, title: 'A walk of fdscope', ...schema };
}
