/** What a switch costs by every way that models do it: what `fdscope-engine switch-cost` prints. */
import { z } from 'zod';

/** Nanoseconds for a switch one way, over the rounds of a measurement. */
const spreadSchema = z.object({
  min: z.number(),
  p25: z.number(),
  median: z.number(),
  p75: z.number(),
  max: z.number(),
});

const measuredSchema = z.object({
  id: z.string(),
  label: z.string(),
  available: z.literal(true),
  ns: spreadSchema,
  /** How many switches the time of a round is divided by. */
  switchesPerRound: z.number(),
  /** Context switches of the measuring thread for each time there and back, by getrusage. */
  kernelSwitches: z.number(),
});

const missingSchema = z.object({
  id: z.string(),
  label: z.string(),
  available: z.literal(false),
  reason: z.string(),
});

export const switchCostSchema = z.object({
  rounds: z.number(),
  /** The cores of the two sides; one where there is no other. */
  cpus: z.array(z.number()),
  switches: z.array(z.discriminatedUnion('available', [measuredSchema, missingSchema])),
});

export type SwitchCost = z.infer<typeof switchCostSchema>;

/** Ids of all ways, as the engine names them; test/cli/lessons.test.ts keeps them together. */
export const switchWays = [
  'thread-futex-same-core',
  'thread-futex-across-cores',
  'thread-pipe-same-core',
  'thread-pipe-across-cores',
  'process-pipe-same-core',
  'process-pipe-across-cores',
  'ucontext',
  'coroutine-stackful',
  'coroutine-stackless',
  'system-call',
] as const;
