/**
 * Experiments: runs without anybody's hand on the knobs, so that they can be repeated. One at a time, and none while
 * a live run goes on. All windows see the same one. Its frames come as those of a live run do.
 */
import { z } from 'zod';
import { serverIds } from '../catalogue.ts';
import type { CompareResult, Timeline } from '../compare-result.ts';
import { conclusionSchema } from '../expectations/conclude.ts';
import type { RunResult } from '../run-result.ts';
import { scenarioSchema } from '../schemas/scenario.ts';
import {
  clientSchema,
  runTimeSchema,
  scenarioLoadSchema,
  scenarioServerSchema,
  scenarioSubjectSchema,
  serverChangesSchema,
  upstreamSchema,
} from '../schemas/settings.ts';
import { sweepAxisSchema, type SweepResult } from '../sweep-result.ts';
import { faultSchema, nothing } from './channels.ts';
import { scenarioSourceSchema } from './scenarios.ts';

export const experimentKinds = ['scenario', 'compare', 'sweep'] as const;
export type ExperimentKind = (typeof experimentKinds)[number];

/** Repeats of a comparison or of a sweep's points. */
const repeatsSchema = z.number().int().min(1).max(100);

const seedSchema = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1);

/** What every entry is measured under: a scenario's load, or one that is given here. */
export const experimentLoadSchema = z.union([
  z.strictObject({
    scenario: scenarioSourceSchema,
    /** Variants of the scenario; by default its first. With several, each of the models is there under each of them. */
    variants: z.array(z.string()).min(1).max(20).optional(),
  }),
  z.strictObject({
    server: scenarioServerSchema.prefault({}),
    ...runTimeSchema,
    clients: z.array(clientSchema).min(1).max(64),
    load: scenarioLoadSchema.prefault({}),
    upstream: upstreamSchema.optional(),
  }),
]);
export type ExperimentLoad = z.infer<typeof experimentLoadSchema>;

const entryChangesSchema = z.strictObject({
  server: serverChangesSchema.optional(),
  connections: runTimeSchema.connections.unwrap().optional(),
  clients: z.array(clientSchema).min(1).max(64).optional(),
});
export type EntryChanges = z.infer<typeof entryChangesSchema>;

const entriesShape = {
  load: experimentLoadSchema,
  /** Models, with options of their own, or the user's server; by default those of the scenario. */
  subjects: z.array(scenarioSubjectSchema).min(1).max(40).optional(),
  /** What is an entry's own beside its model: in the order of `subjects`, null where it is as the load has it. */
  changes: z.array(entryChangesSchema.nullable()).max(40).optional(),
  /** Instead of the load's own. */
  connections: runTimeSchema.connections.unwrap().optional(),
  durationSeconds: runTimeSchema.durationSeconds.unwrap().optional(),
  warmupSeconds: runTimeSchema.warmupSeconds.unwrap().optional(),
  /** The user has seen the commands that this starts, and wants it. */
  allowCommands: z.boolean().default(false),
};

/** Each run becomes a session of its own. */
const recordSchema = z.boolean().default(false);

export const scenarioRunSchema = z.strictObject({
  scenario: scenarioSourceSchema,
  /** Labels or ids of those that are run; by default all. An expectation that names another one is neither held nor not. */
  models: z.array(z.string()).min(1).optional(),
  repeats: z.number().int().min(1).max(20).optional(),
  durationSeconds: entriesShape.durationSeconds,
  allowCommands: entriesShape.allowCommands,
});
export type ScenarioRunRequest = z.infer<typeof scenarioRunSchema>;

export const compareStartSchema = z.strictObject({
  ...entriesShape,
  record: recordSchema,
  /** Nine pairs are the fewest of which one of twelve figures can be told apart, with a confidence of 95 % for all. */
  repeats: repeatsSchema.default(10),
  /** Goes on until every difference is resolved, to so many repeats at most. */
  untilResolved: repeatsSchema.optional(),
  /** The same one gives the same order of runs again. */
  seed: seedSchema.optional(),
});
export type CompareRequest = z.infer<typeof compareStartSchema>;

export const sweepStartSchema = z.strictObject({
  ...entriesShape,
  record: recordSchema,
  axis: sweepAxisSchema,
  values: z.array(z.number()).min(1).max(100),
  repeats: repeatsSchema.default(3),
  /** The same one gives the same order of runs again. */
  seed: seedSchema.optional(),
});
export type SweepRequest = z.infer<typeof sweepStartSchema>;

export const experimentProgressSchema = z.object({
  /** What runs now: a model or its label, */
  label: z.string(),
  variant: z.string().optional(),
  /** and the value of a sweep's axis. */
  value: z.number().optional(),
  /** Runs that are over, of so many. */
  done: z.number(),
  total: z.number(),
  /** Of the run that goes on; 0 while it starts and warms up. */
  elapsedSeconds: z.number(),
  durationSeconds: z.number(),
  requests: z.number(),
  /** Of the whole, by how long the runs before have taken. */
  secondsLeft: z.number(),
});
export type ExperimentProgress = z.infer<typeof experimentProgressSchema>;

/** `cancelled`: what was measured before is kept, and is the result. `failed`: there is none. */
export const experimentEndings = ['done', 'cancelled', 'failed'] as const;

export const experimentStateSchema = z.object({
  phase: z.enum(['idle', 'running', 'cancelling']),
  /** Of the experiment that runs. */
  current: z
    .object({
      /** Counted from 1 since the lab began. */
      id: z.number(),
      kind: z.enum(experimentKinds),
      title: z.string(),
      progress: experimentProgressSchema,
    })
    .optional(),
  /** The one that ended last; `experiment.result` has what it found. */
  last: z
    .object({
      id: z.number(),
      kind: z.enum(experimentKinds),
      title: z.string(),
      ending: z.enum(experimentEndings),
      fault: faultSchema.optional(),
    })
    .optional(),
  /** A sweep that was cancelled, kept on disk: `sweep.resume` goes on with it. */
  resumable: z
    .object({ title: z.string(), axis: sweepAxisSchema, pointsDone: z.number(), pointsTotal: z.number() })
    .optional(),
});
export type ExperimentState = z.infer<typeof experimentStateSchema>;

/** What the lab has measured itself is not checked key by key, but that it is one. */
const measured = <T>(shape: z.core.$ZodLooseShape): z.ZodType<T> =>
  z.custom<T>((value) => z.looseObject(shape).safeParse(value).success);

export const runResultSchema = measured<RunResult>({
  model: z.enum(serverIds),
  requestsPerSecond: z.number(),
  latency: z.looseObject({ corrected: z.looseObject({}), uncorrected: z.looseObject({}) }),
  notices: z.array(z.unknown()),
});
const compareResultSchema = measured<CompareResult>({
  order: z.array(z.unknown()),
  entries: z.array(z.unknown()),
  differences: z.array(z.unknown()),
});
const sweepResultSchema = measured<SweepResult>({ axis: sweepAxisSchema, points: z.array(z.unknown()) });

/** A run that could not be made, or failed. */
export const notRunSchema = z.object({
  label: z.string(),
  variant: z.string().optional(),
  kind: z.enum(['unavailable', 'failed']),
  sentence: z.string(),
});

/** How a run went over its time, and what it counted from its first moment to its last, the warm-up included. */
const runStorySchema = z.object({
  timeline: measured<Timeline>({ seconds: z.array(z.number()), requestsPerSecond: z.array(z.number().nullable()) }),
  whole: z.object({
    /** From the first frame of the clients to the last. */
    seconds: z.number(),
    /** Replies that the clients verified. */
    requests: z.number(),
    /** Connections that the server accepted; null where nobody counts them. */
    accepts: z.number().nullable(),
  }),
});
export type RunStory = z.infer<typeof runStorySchema>;

export const scenarioOutcomeSchema = z.object({
  scenario: scenarioSchema,
  /** In the order in which they were made. */
  runs: z.array(runResultSchema),
  /** Of each of `runs`, in the same order. */
  stories: z.array(runStorySchema).default([]),
  notRun: z.array(notRunSchema),
  /** Expectations and prediction, judged by the medians of the runs. */
  conclusion: conclusionSchema,
  isCancelled: z.boolean(),
});
export type ScenarioOutcome = z.infer<typeof scenarioOutcomeSchema>;

const resultShape = { id: z.number(), title: z.string() };
export const experimentResultSchema = z.discriminatedUnion('kind', [
  z.object({ ...resultShape, kind: z.literal('scenario'), scenario: scenarioOutcomeSchema }),
  z.object({ ...resultShape, kind: z.literal('compare'), compare: compareResultSchema }),
  z.object({ ...resultShape, kind: z.literal('sweep'), sweep: sweepResultSchema }),
]);
export type ExperimentResult = z.infer<typeof experimentResultSchema>;

/** One run is over. */
export const experimentRunSchema = z.object({
  id: z.number(),
  label: z.string(),
  variant: z.string().optional(),
  value: z.number().optional(),
  ending: z.enum(['done', 'failed', 'unavailable', 'refused']),
  /** Where it is not `done`. */
  sentence: z.string().optional(),
  /** Where it was made. */
  run: runResultSchema.optional(),
});
export type ExperimentRun = z.infer<typeof experimentRunSchema>;

/** All that start answer at once; how it goes and ends is told by events. */
export const experimentRequests = {
  'experiment.state': { params: nothing, result: experimentStateSchema },
  'scenario.run': { params: scenarioRunSchema, result: experimentStateSchema },
  'compare.start': { params: compareStartSchema, result: experimentStateSchema },
  'sweep.start': { params: sweepStartSchema, result: experimentStateSchema },
  'sweep.resume': { params: nothing, result: experimentStateSchema },
  /** Resolves when every engine is gone. */
  'experiment.cancel': { params: nothing, result: experimentStateSchema },
  /** Of the last one that ended with a result; it stays until the next. */
  'experiment.result': { params: nothing, result: experimentResultSchema.nullable() },
  /** Of the last comparison or sweep: one HTML page that needs nothing else; null where there was none. */
  'experiment.report': {
    params: z.strictObject({ kind: z.enum(['compare', 'sweep']) }),
    result: z.object({ fileName: z.string(), text: z.string() }).nullable(),
  },
  /** Of the last one of each kind, for windows that open behind them. */
  'experiment.results': { params: nothing, result: z.array(experimentResultSchema) },
} as const;

export const experimentEvents = {
  /** At every change, and about five times a second while a run measures. */
  'experiment.state': experimentStateSchema,
  'experiment.run': experimentRunSchema,
} as const;
