/** What a diagnosis rule found: the payload of a `finding` frame. */
import { z } from 'zod';

/** Every rule by its code; each says in a sentence what a trained eye would see. */
export const findingCodes = [
  'clientIsTheLimit',
  'coreBurnedByPolling',
  'fdStarves',
  'thunderingHerd',
  'acceptQueueOverflow',
  'runQueueIsTheLatency',
  'fdLeak',
  'undrainedEdge',
  'selectNearLimit',
  'coroutineNeverYields',
  'machineBusy',
] as const;

export const findingSchema = z.object({
  code: z.enum(findingCodes),
  level: z.enum(['info', 'warning', 'error']),
  /** The moment it was seen, and since when it holds, CLOCK_MONOTONIC. */
  timeNs: z.number(),
  sinceNs: z.number(),
  /** The model that served then. */
  model: z.string(),
  /** One or two sentences with the figures in them. */
  text: z.string(),
  /** The figures by name, units in the names. */
  figures: z.record(z.string(), z.number()),
  /** What it is about, where it is about one of them. */
  threadId: z.number().optional(),
  connectionId: z.number().optional(),
  fd: z.number().optional(),
});

export type Finding = z.infer<typeof findingSchema>;
