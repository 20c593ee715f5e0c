/** The I/O models by name, and what an engine says of each. The engine's registry and this list must agree. */
import { z } from 'zod';

/** Ids in the order in which they are taught and listed. */
export const modelIds = [
  'blocking-iterative',
  'blocking-fork',
  'blocking-threads',
  'blocking-pool',
  'polling-threads',
  'polling-scan',
  'select',
  'poll',
  'epoll-lt',
  'epoll-et',
  'epoll-oneshot',
  'epoll-reactors',
  'epoll-shared',
  'coroutine-stackless',
  'coroutine-stackful',
  'signal-driven',
  'io_uring',
  'node',
] as const;

export type ModelId = (typeof modelIds)[number];

/** The user's own server. It is no model of the engine and in no list of models: it is watched from outside. */
export const externalId = 'external';
export const serverIds = [...modelIds, externalId] as const;
export type ServerId = (typeof serverIds)[number];

/** The five I/O models of Stevens' "UNIX Network Programming". */
export const families = ['blocking', 'non-blocking', 'multiplexing', 'signal-driven', 'asynchronous'] as const;

/** What carries a connection's work. */
export const executions = ['thread', 'process', 'event-loop', 'coroutine'] as const;

const optionBase = { name: z.string(), summary: z.string() };

export const optionSpecSchema = z.discriminatedUnion('kind', [
  z.object({ ...optionBase, kind: z.literal('integer'), min: z.number(), max: z.number(), default: z.number() }),
  z.object({ ...optionBase, kind: z.literal('boolean'), default: z.boolean() }),
  z.object({ ...optionBase, kind: z.literal('choice'), choices: z.array(z.string()).min(1), default: z.string() }),
]);

export const modelInfoSchema = z.object({
  id: z.enum(modelIds),
  /** One line. */
  summary: z.string(),
  family: z.enum(families),
  execution: z.enum(executions),
  /** The file that readers should see, under main/engine. */
  sourceFile: z.string(),
  options: z.array(optionSpecSchema),
  /** Whether this machine can run it; where not, `reason` says why and `enable` what would change that. */
  available: z.boolean(),
  reason: z.string().optional(),
  enable: z.string().optional(),
});

/** What `fdscope-engine models` prints. */
export const modelListSchema = z.array(modelInfoSchema);

export type OptionSpec = z.infer<typeof optionSpecSchema>;
export type ModelInfo = z.infer<typeof modelInfoSchema>;
