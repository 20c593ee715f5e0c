/** What the parts of a lesson measured: small enough to be kept with a reader's progress, and all that is said of it. */
import { z } from 'zod';
import type { BenchStep } from '../bench/step.ts';
import { metricNames, metrics } from '../expectations/metrics.ts';
import { noiseSentence } from '../machine-noise.ts';
import type { RunResult } from '../run-result.ts';
import { switchCostSchema } from '../switch-cost.ts';

const measuredRunSchema = z.object({
  /** What the lesson calls its model. */
  label: z.string(),
  model: z.string(),
  variant: z.string().optional(),
  /** By metric; those that there are, finite. */
  figures: z.record(z.string(), z.number()),
  /** System calls by name, a second. */
  calls: z.record(z.string(), z.number()),
  /** Steps of the model's file, a second. */
  hits: z.array(z.object({ line: z.number(), label: z.string(), perSecond: z.number() })),
  /** What a reader must know of it. */
  notices: z.array(z.string()),
  /** Other programs, or the host, had so much of the time that figures of time are theirs too. */
  isNoisy: z.boolean().optional(),
});
export type MeasuredRun = z.infer<typeof measuredRunSchema>;

const measuredStepSchema = z.object({
  /** From 1. */
  number: z.number(),
  actor: z.string(),
  text: z.string(),
  result: z.number().nullable(),
  errno: z.string().nullable(),
  micros: z.number().nullable(),
  judged: z.array(z.object({ expect: z.string(), held: z.boolean() })),
});
export type MeasuredStep = z.infer<typeof measuredStepSchema>;

const machineSchema = z.object({ kernel: z.string(), cpuModel: z.string(), cpus: z.number() });

export const measuredSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('run'),
    runs: z.array(measuredRunSchema),
    notRun: z.array(z.object({ label: z.string(), variant: z.string().optional(), sentence: z.string() })),
    machine: machineSchema.optional(),
  }),
  z.object({ kind: z.literal('walk'), walk: z.string(), steps: z.array(measuredStepSchema) }),
  z.object({ kind: z.literal('switch-cost'), cost: switchCostSchema }),
]);
export type Measured = z.infer<typeof measuredSchema>;

/** By the name of the part. */
export type MeasuredParts = Readonly<Record<string, Measured>>;

/** Of what is kept with when it was measured. */
export const measuredParts = (kept: Readonly<Record<string, { readonly of: Measured }>> = {}): MeasuredParts =>
  Object.fromEntries(Object.entries(kept).map(([name, { of }]) => [name, of]));

function measuredRun(run: RunResult): MeasuredRun {
  const values = metricNames.map((name) => [name, metrics[name].of(run)] as const);
  const perSecond = (count: number): number => count / run.durationSeconds;
  return {
    ...{ label: run.label ?? run.model, model: run.model },
    ...(run.variant === undefined ? {} : { variant: run.variant }),
    figures: Object.fromEntries(
      values.filter((each): each is [(typeof each)[0], number] => each[1] !== null && Number.isFinite(each[1])),
    ),
    calls: Object.fromEntries(Object.entries(run.syscalls ?? {}).map(([name, count]) => [name, perSecond(count)])),
    hits: (run.steps ?? []).map(({ line, label, hits }) => ({ line, label, perSecond: perSecond(hits) })),
    notices: run.notices.filter(({ level }) => level !== 'info').map(({ text }) => text),
    ...(run.noise && noiseSentence(run.noise) !== undefined ? { isNoisy: true } : {}),
  };
}

interface NotRun {
  readonly label: string;
  readonly variant?: string | undefined;
  readonly sentence: string;
}

export function measuredRuns(runs: readonly RunResult[], notRun: readonly NotRun[]): Measured {
  const machine = runs[0]?.machine;
  return {
    kind: 'run',
    runs: runs.map(measuredRun),
    notRun: notRun.map(({ label, variant, sentence }) => ({
      ...{ label, sentence },
      ...(variant === undefined ? {} : { variant }),
    })),
    ...(machine && {
      machine: { kernel: machine.kernel, cpuModel: machine.cpuModel, cpus: machine.cpus },
    }),
  };
}

/** Steps of the walk alone, each as it was told last. */
export function measuredWalk(walk: string, steps: readonly BenchStep[]): Measured {
  return {
    ...{ kind: 'walk', walk },
    steps: steps.flatMap((step) =>
      step.walkStep === undefined
        ? []
        : [
            {
              ...{ number: step.walkStep + 1, actor: step.actor, text: step.text },
              ...{ result: step.result, errno: step.errno },
              micros: step.durationNs === null ? null : step.durationNs / 1000,
              judged: step.expectations.map(({ expect, held }) => ({ expect, held })),
            },
          ],
    ),
  };
}
