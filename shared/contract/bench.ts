/** The bench: one at most in a lab, which all windows share; walks; what was done on it as a program. */
import { z } from 'zod';
import { nameSchema, callNames } from '../bench/calls.ts';
import { benchLookSchema } from '../bench/state.ts';
import { stepSchema } from '../bench/step.ts';
import { walkSchema } from '../bench/walk.ts';
import { nothing } from './channels.ts';
import { mistakeSchema, ownNameSchema, scenarioPlaceSchema, scenarioTextSchema } from './scenarios.ts';
import { sessionFileSchema } from './sessions.ts';

export const walkReadingSchema = z.object({
  walk: walkSchema.optional(),
  mistakes: z.array(mistakeSchema),
});
export type WalkReading = z.infer<typeof walkReadingSchema>;

export const walkEntrySchema = z.object({
  ...walkReadingSchema.shape,
  name: z.string(),
  origin: z.enum(['built-in', 'own', 'file']),
  file: z.string(),
  /** Why this machine cannot go it. */
  unavailable: z.string().optional(),
});
export type WalkEntry = z.infer<typeof walkEntrySchema>;
export const openedWalkSchema = z.object({ ...walkEntrySchema.shape, text: z.string() });
export type OpenedWalk = z.infer<typeof openedWalkSchema>;

export const benchActorSchema = z.strictObject({ name: nameSchema, process: nameSchema });

/** How a bench is, apart from its steps. */
export const benchStateSchema = z.object({
  phase: z.enum(['closed', 'opening', 'open', 'replaying']),
  /** Grows whenever it begins anew: steps of an older epoch are not of this bench. */
  epoch: z.number(),
  actors: z.array(benchActorSchema),
  /** Those that the bench chose: `$port` is the first. */
  ports: z.array(z.number()),
  /** Names of fds: process and number, as steps gave them. */
  names: z.record(z.string(), z.object({ process: z.string(), fd: z.number() })),
  walk: z
    .object({
      name: z.string(),
      walk: walkSchema,
      /** How many of its steps are done. */
      done: z.number(),
    })
    .optional(),
  /** Steps so far. */
  steps: z.number(),
  /** Of a bench that is replayed: the session. */
  session: sessionFileSchema.optional(),
  /** Why it closed, where it was not told to. */
  fault: z.string().optional(),
});
export type BenchState = z.infer<typeof benchStateSchema>;

const walkSourceSchema = z.union([...scenarioPlaceSchema.options, z.strictObject({ text: scenarioTextSchema })]);

export const benchFormats = ['json', 'svg', 'perfetto'] as const;

export const benchRequests = {
  'walks.list': { params: nothing, result: z.array(walkEntrySchema) },
  'walk.open': { params: scenarioPlaceSchema, result: openedWalkSchema },
  'walk.check': { params: z.strictObject({ text: scenarioTextSchema }), result: walkReadingSchema },
  'walk.save': {
    params: z.strictObject({ name: ownNameSchema, text: scenarioTextSchema, replace: z.boolean().default(false) }),
    result: openedWalkSchema,
  },
  'walk.delete': { params: z.strictObject({ name: ownNameSchema }), result: nothing },
  'walk.schema': { params: nothing, result: z.record(z.string(), z.unknown()) },

  'bench.state': { params: nothing, result: benchStateSchema },
  /** Opens a bench, on fresh sockets; one that is open is closed. Without a walk: the actors, or a server and a client. */
  'bench.open': {
    params: z.strictObject({
      walk: walkSourceSchema.optional(),
      actors: z.array(benchActorSchema).min(1).max(12).optional(),
    }),
    result: benchStateSchema,
  },
  /** Any call, in any order; also beside a walk. */
  'bench.call': {
    params: z.strictObject({
      actor: nameSchema,
      call: z.enum(callNames),
      arguments: z.record(z.string(), z.unknown()),
      as: nameSchema.optional(),
    }),
    result: stepSchema,
  },
  /** The walk's next step. */
  'bench.next': { params: nothing, result: stepSchema },
  /** Begins the walk anew and goes until so many of its steps are done; of a free bench, of the calls that were made. */
  'bench.goto': { params: z.strictObject({ done: z.number().int().min(0) }), result: benchStateSchema },
  /** A signal to an actor that sleeps: its call returns EINTR. */
  'bench.signal': { params: z.strictObject({ actor: nameSchema }), result: stepSchema },
  /** SIGKILL to the actor's process. */
  'bench.kill': { params: z.strictObject({ actor: nameSchema }), result: stepSchema },
  'bench.addActor': { params: benchActorSchema, result: benchStateSchema },
  /** How things stand now: timers run out by themselves. */
  'bench.look': { params: nothing, result: benchLookSchema },
  /** All steps of this epoch. */
  'bench.steps': { params: nothing, result: z.array(stepSchema) },
  'bench.close': { params: nothing, result: benchStateSchema },
  /** A program that does the same as all steps so far. */
  'bench.program': {
    params: z.strictObject({ language: z.enum(['c', 'python']) }),
    result: z.object({ text: z.string(), fileName: z.string() }),
  },
  /** Keeps the steps so far as a session; the result is its file. */
  'bench.keep': {
    params: z.strictObject({ name: z.string().max(200).optional() }),
    result: z.object({ file: sessionFileSchema }),
  },
  /** Shows a kept one: `bench.steps` then has its steps. */
  'bench.replay': { params: z.strictObject({ file: sessionFileSchema }), result: benchStateSchema },
  'bench.export': {
    params: z.strictObject({ format: z.enum(benchFormats) }),
    /** `perfetto` is binary: base64. */
    result: z.object({ fileName: z.string(), text: z.string().optional(), base64: z.string().optional() }),
  },
} as const;

export const benchEvents = {
  'bench.state': benchStateSchema,
  /** A step was made, or one that slept has returned (the same index again, with the state of that moment). */
  'bench.step': z.object({ epoch: z.number(), step: stepSchema }),
} as const;
