/** What stands between the paragraphs of a lesson: things that are asked, run and explained. Each is a fence of YAML. */
import { z } from 'zod';
import { metricNames } from '../expectations/metrics.ts';
import { checkRuns, scenarioShape, type Scenario } from '../schemas/scenario.ts';
import { scenarioLoadSchema, serverChangesSchema } from '../schemas/settings.ts';
import { modelIds } from '../catalogue.ts';
import { switchWays } from '../switch-cost.ts';

const text = z.string().trim().min(1);
const metric = z.enum(metricNames as [string, ...string[]]);

const expectationSchema = z.strictObject({
  expect: text,
  /** Why it should hold. Both texts may have {{ figures }}. */
  because: text,
  /** What it may mean where it does not hold on some machine. */
  otherwise: text,
});
export type LessonExpectation = z.infer<typeof expectationSchema>;
const expectations = z.array(expectationSchema).min(1);

/** A prediction by choice: right is the one whose `when` the figures bear out. */
export const chooseSchema = z.strictObject({
  ask: text,
  choices: z
    .array(z.strictObject({ text, when: text }))
    .min(2)
    .max(6),
});
export type Choose = z.infer<typeof chooseSchema>;

const scale = {
  from: z.number(),
  to: z.number(),
  /** Equal steps are equal factors. By default where `to` is 50 times `from`. */
  log: z.boolean().optional(),
};

/** A prediction by a number on a scale. */
export const estimateSchema = z
  .strictObject({
    ask: text,
    /** What it comes to: a number in the language of expectations. */
    measured: text,
    ...scale,
    unit: z.string().trim().default(''),
    /** So near is right: within this factor on a logarithmic scale, within this much on a linear one. */
    within: z.number().positive().optional(),
  })
  .superRefine(checkScale);
export type Estimate = z.infer<typeof estimateSchema>;

/** A prediction by drawing: one point for each value of a sweep, or for each variant. */
export const drawSchema = z
  .strictObject({
    ask: text,
    /** A run with a sweep or with variants. */
    of: text,
    figure: metric,
    model: text,
    ...scale,
    within: z.number().positive().optional(),
  })
  .superRefine(checkScale);
export type Draw = z.infer<typeof drawSchema>;

function checkScale(
  { from, to, log }: { readonly from: number; readonly to: number; readonly log?: boolean | undefined },
  context: z.RefinementCtx,
): void {
  if (to <= from)
    context.addIssue({ code: 'custom', path: ['to'], message: `a scale ends above its beginning, ${from}` });
  if (log === true && from <= 0) {
    context.addIssue({ code: 'custom', path: ['from'], message: 'a logarithmic scale begins above 0' });
  }
}

export const isLogScale = ({ from, to, log }: Pick<Estimate, 'from' | 'to' | 'log'>): boolean =>
  log ?? (from > 0 && to / from >= 50);

/** How near is right. */
export const nearness = (asked: Pick<Estimate, 'from' | 'to' | 'log' | 'within'>): number =>
  asked.within ?? (isLogScale(asked) ? 2 : (asked.to - asked.from) / 10);

const {
  version: _version,
  title: _title,
  question: _question,
  watch: _watch,
  explain: _explain,
  next: _next,
  lesson: _lesson,
  chapter: _chapter,
  predict: _predict,
  ...runKeys
} = scenarioShape.shape;

/** Which tracks of a run are kept as pictures, beside each other: ids as the Scope has them. Those that have figures at the detail that experiments run with. */
export const lessonTracks = ['throughput', 'raster', 'switches', 'latency', 'syscalls', 'cpu', 'memory'] as const;

const runShape = z.strictObject({
  ...runKeys,
  durationSeconds: runKeys.durationSeconds.unwrap().max(10).default(1.5),
  expectations: expectations.optional(),
  /** Columns of its table. */
  show: z.array(metric).min(1).max(6),
  /** Whose pictures stand beside each other afterwards. */
  tracks: z.array(z.enum(lessonTracks)).min(1).max(3).optional(),
});
export type RunPart = z.infer<typeof runShape>;

/** So long a reader waits for one part: what is measured, without the starting of engines. */
const mostSeconds = 60;

export const secondsOf = (run: RunPart): number => {
  const questions = Math.max(1, run.variants?.length ?? run.sweep?.values.length ?? 0);
  return run.models.length * run.repeats * questions * (run.durationSeconds + run.warmupSeconds);
};

/** Models, or one model, under a load: what a scenario runs, with its variants or its sweep. */
export const runSchema = runShape.superRefine((run, context) => {
  const mistake = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  checkRuns(run, mistake);
  const seconds = secondsOf(run);
  if (seconds > mostSeconds) {
    mistake([], `this measures for ${Math.round(seconds)} s: a part of a lesson takes at most ${mostSeconds} s`);
  }
});

const loadKeys = scenarioLoadSchema.shape;

/** A change that can be tried at once: the keys of the part's own run that are other, and what it shows. */
export const trySchema = z.strictObject({
  of: text,
  title: text,
  /** No defaults: what is left out is as in the run. */
  change: z.strictObject({
    models: runKeys.models.optional(),
    server: serverChangesSchema.optional(),
    connections: runKeys.connections.unwrap().optional(),
    clients: runKeys.clients.optional(),
    durationSeconds: runKeys.durationSeconds.unwrap().max(10).optional(),
    upstream: runKeys.upstream,
    phases: runKeys.phases,
    load: z
      .strictObject({
        threads: loadKeys.threads.unwrap(),
        timeoutMs: loadKeys.timeoutMs.unwrap(),
        requestBytes: loadKeys.requestBytes.unwrap(),
        sourceAddresses: loadKeys.sourceAddresses.unwrap(),
      })
      .partial()
      .optional(),
  }),
  expectations: expectations.optional(),
  /** Stands below its figures; may have {{ figures }}. */
  says: text,
});
export type TryPart = z.infer<typeof trySchema>;

/** What a lesson's run is as a scenario, for the lab's own runner. */
export const asScenario = (run: RunPart, title: string): Scenario => {
  const { show: _show, tracks: _tracks, expectations: _expectations, ...scenario } = run;
  return { ...scenario, version: 1, title, question: title, watch: [title] };
};

/** A walk by its name; a walk may also stand in the fence itself, as in a file of its own. */
export const walkNameSchema = z.strictObject({ walk: text });

/** What a switch costs, by every way. */
export const switchCostPartSchema = z.strictObject({
  rounds: z.number().int().min(1).max(15).default(5),
  /** Ids of ways, by default all. */
  show: z.array(z.enum(switchWays)).min(1).optional(),
  expectations: expectations.optional(),
});
export type SwitchCostPart = z.infer<typeof switchCostPartSchema>;

/** Lines of a model's own file, with how often a second they ran. */
export const sourceSchema = z.strictObject({
  model: z.enum(modelIds),
  /** The label of a step in it. */
  step: text,
  /** So many lines of it, from the step on. */
  lines: z.number().int().min(1).max(12).default(5),
  /** Whose hits are told: a part, or a variant of one. */
  of: text.optional(),
});
export type SourcePart = z.infer<typeof sourceSchema>;

/** Made of the figures: the text of the first case that they bear out. */
export const explainSchema = z
  .array(z.strictObject({ when: text.optional(), text }))
  .min(1)
  .max(5)
  .superRefine((cases, context) => {
    cases.forEach(({ when }, index) => {
      if (when === undefined && index < cases.length - 1) {
        context.addIssue({
          code: 'custom',
          path: [index],
          message: 'a case without "when" is always right, so it stands last',
        });
      }
    });
    if (cases.length > 1 && cases.at(-1)?.when !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [cases.length - 1],
        message: 'the last case has no "when": it is told where no other is right',
      });
    }
  });

export const needNames = ['io_uring', 'two-cores', 'perf', 'ipv6'] as const;
export type NeedName = (typeof needNames)[number];

/** What stands over a lesson. */
export const headSchema = z.strictObject({
  version: z.literal(1),
  title: text,
  /** 1 to 9. */
  chapter: z.number().int().min(1).max(9),
  /** Where in its chapter it stands. */
  order: z.number().int().min(1).max(99),
  minutes: z.number().int().min(2).max(20),
  /** What the reader can answer afterwards. */
  question: text,
  /** What a machine must allow for some of its parts, and what there is to see without it. */
  needs: z
    .array(z.strictObject({ what: z.enum(needNames), parts: z.array(text).optional(), without: text }))
    .min(1)
    .optional(),
});
export type LessonHead = z.infer<typeof headSchema>;
export type Need = NonNullable<LessonHead['needs']>[number];
