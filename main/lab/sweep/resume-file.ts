/** A sweep that was cancelled, on disk: its plan and the runs that are over. */
import { z } from 'zod';
import { runSettingsSchema } from '../../../shared/schemas/settings.ts';
import { sweepAxisSchema } from '../../../shared/sweep-result.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { readRegular } from '../regular-file.ts';
import { writeWhole } from '../private-files.ts';
import type { SweepPlan, SweepRecord } from './sweep.ts';

/** A hundred values of twenty models, repeated twenty times, are a tenth of it. */
const mostBytes = 256 << 20;

const planSchema = z.object({
  axis: sweepAxisSchema,
  values: z.array(z.number()).min(1),
  repeats: z.number().int().min(1),
  seed: z.number().int().optional(),
  entries: z.array(z.object({ label: z.string().exactOptional(), settings: runSettingsSchema })).min(1),
});

/** A result as `run --json` prints it. What the lab wrote itself is not checked key by key, but that it is one. */
const resultSchema = z.custom<Extract<SweepRecord, { readonly result: unknown }>['result']>(
  (value) => z.looseObject({ requestsPerSecond: z.number(), latency: z.object({}) }).safeParse(value).success,
);

const recordSchema = z.object({ value: z.number(), label: z.string(), repeat: z.number() }).and(
  z.union([
    z.object({
      shortfall: z.object({ status: z.enum(['refused', 'failed']), reason: z.string() }),
      result: resultSchema.optional(),
    }),
    z.object({ result: resultSchema }),
  ]),
);

const fileSchema = z.object({
  kind: z.literal('fdscope sweep'),
  version: z.literal(1),
  plan: planSchema,
  records: z.array(recordSchema),
});

export interface StoredSweep {
  readonly plan: SweepPlan;
  readonly records: readonly SweepRecord[];
}

/** Whole or not at all. Throws LabError. */
export function writeSweep(file: string, { plan, records }: StoredSweep): void {
  try {
    writeWhole(file, JSON.stringify({ kind: 'fdscope sweep', version: 1, plan, records }));
  } catch (error) {
    throw new LabError('failed', `The sweep could not be kept for later: ${sentenceOf(error)}.`);
  }
}

/** Throws LabError. */
export function readSweep(file: string): StoredSweep {
  let value: unknown;
  try {
    value = JSON.parse(readRegular(file, mostBytes));
  } catch (error) {
    if (error instanceof LabError) throw error;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new LabError('bad-input', isMissing ? `There is no file ${file}.` : `${file} is no file of a sweep.`);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw new LabError('bad-input', `${file} is no file of a sweep, or of another version.`);
  return parsed.data;
}
