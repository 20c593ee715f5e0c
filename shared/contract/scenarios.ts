/** Scenario files: listed, opened, checked as one types, kept. Running them is in experiments.ts. */
import { z } from 'zod';
import { scenarioSchema } from '../schemas/scenario.ts';
import { nothing } from './channels.ts';
import { liveSettingsSchema } from './live.ts';

/** One mistake in a scenario's text. */
export const mistakeSchema = z.object({
  /** Both from 1. */
  line: z.number(),
  column: z.number(),
  /** One plain sentence. */
  sentence: z.string(),
});

/** A scenario by its name (a shipped one, or one's own), or any file, in hosts that read files by their path. */
export const scenarioPlaceSchema = z.union([
  z.strictObject({ name: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type ScenarioPlace = z.infer<typeof scenarioPlaceSchema>;

/** A page of text; a longer one is something else. */
export const scenarioTextSchema = z.string().max(1 << 20);

/** Where it is, or the very text, as an editor has it. */
export const scenarioSourceSchema = z.union([
  ...scenarioPlaceSchema.options,
  z.strictObject({ text: scenarioTextSchema }),
]);
export type ScenarioSource = z.infer<typeof scenarioSourceSchema>;

/** What its text says, or what is wrong with it: one of the two is there. */
const readingShape = {
  scenario: scenarioSchema.optional(),
  mistakes: z.array(mistakeSchema),
  /** All runs of it, repeats included; `seconds` is what they measure and warm up, without starting engines. */
  plan: z.object({ runs: z.number(), seconds: z.number() }).optional(),
  /** What a live run of it begins with; absent where no model of the lab is in it. */
  live: liveSettingsSchema.optional(),
  /** Commands of the user's that it would start. */
  commands: z.array(z.string()),
};
export const scenarioReadingSchema = z.object(readingShape);
export type ScenarioReading = z.infer<typeof scenarioReadingSchema>;

export const scenarioEntrySchema = z.object({
  ...readingShape,
  /** Of the file, without its ending. */
  name: z.string(),
  /** `own`: in the user's folder of scenarios, so it can be changed by `scenario.save`. */
  origin: z.enum(['built-in', 'own', 'file']),
  file: z.string(),
  /** When the file was changed last, in ms since 1970. */
  changedMs: z.number(),
});
export type ScenarioEntry = z.infer<typeof scenarioEntrySchema>;

/** An entry and its text, comments included. */
export const openedScenarioSchema = z.object({ ...scenarioEntrySchema.shape, text: z.string() });
export type OpenedScenario = z.infer<typeof openedScenarioSchema>;

/** Becomes a file name. */
export const ownNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u, 'a name has letters, digits, spaces, ".", "_" and "-", at most 80');

export const scenarioRequests = {
  /** Shipped ones in the order of their chapters, then one's own; those with mistakes are there too. */
  'scenario.list': { params: nothing, result: z.array(scenarioEntrySchema) },
  'scenario.open': { params: scenarioPlaceSchema, result: openedScenarioSchema },
  'scenario.check': { params: z.strictObject({ text: scenarioTextSchema }), result: scenarioReadingSchema },
  /** Keeps any text, even one with mistakes, so that nothing typed is lost. Refuses to replace unless told to. */
  'scenario.save': {
    params: z.strictObject({ name: ownNameSchema, text: scenarioTextSchema, replace: z.boolean().default(false) }),
    result: openedScenarioSchema,
  },
  /** A copy among one's own, comments included. */
  'scenario.duplicate': {
    params: z.strictObject({ from: scenarioPlaceSchema, name: ownNameSchema }),
    result: openedScenarioSchema,
  },
  'scenario.rename': {
    params: z.strictObject({ name: ownNameSchema, to: ownNameSchema }),
    result: openedScenarioSchema,
  },
  /** One's own only. */
  'scenario.delete': { params: z.strictObject({ name: ownNameSchema }), result: nothing },
  /** JSON Schema of scenario files, for editors. */
  'scenario.schema': { params: nothing, result: z.record(z.string(), z.unknown()) },
} as const;
