/** What the lab knows: models and their source, scenarios, the machine. */
import { z } from 'zod';
import { modelIds, modelListSchema } from '../catalogue.ts';
import { liveSettingsSchema } from './live.ts';
import { nothing } from './channels.ts';

export const machineSchema = z.strictObject({
  hostname: z.string(),
  kernel: z.string(),
  cpuModel: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  node: z.string(),
  fdscope: z.string(),
  /** Which host this is. */
  host: z.enum(['electron', 'web', 'cli']),
});
export type MachineInfo = z.infer<typeof machineSchema>;

/** What this fdscope is, a line each, as it is shown and copied. */
export const aboutRowSchema = z.strictObject({ label: z.string(), value: z.string() });
export type AboutRow = z.infer<typeof aboutRowSchema>;

/** A model's own file, as it was built into the engine. Lines are counted from 1. */
export const modelSourceSchema = z.strictObject({
  model: z.enum(modelIds),
  path: z.string(),
  language: z.enum(['cpp', 'typescript']),
  text: z.string(),
  steps: z.array(z.object({ index: z.number(), line: z.number(), label: z.string() })),
});
export type ModelSource = z.infer<typeof modelSourceSchema>;

/** One examined property of the machine. */
export const doctorItemSchema = z.object({
  id: z.string(),
  label: z.string(),
  value: z.string(),
  status: z.enum(['ok', 'limited', 'missing']),
  /** What it means for what the lab does here, also where nothing is wrong. */
  meaning: z.string(),
  forbids: z.string().optional(),
  enable: z.string().optional(),
});
export type DoctorReportItem = z.infer<typeof doctorItemSchema>;

/** A scenario as the launch page shows it, and what the Scope screen is set to when it is chosen. */
export const scenarioCardSchema = z.object({
  /** Name of a built-in one, or path of a file. */
  name: z.string(),
  title: z.string(),
  question: z.string(),
  watch: z.array(z.string()),
  models: z.array(z.enum(modelIds)),
  chapter: z.string().optional(),
  live: liveSettingsSchema,
});
export type ScenarioCard = z.infer<typeof scenarioCardSchema>;

export const labRequests = {
  'lab.machine': { params: nothing, result: machineSchema },
  'lab.about': { params: nothing, result: z.array(aboutRowSchema) },
  'models.list': { params: nothing, result: modelListSchema },
  'models.source': { params: z.strictObject({ model: z.enum(modelIds) }), result: modelSourceSchema },
  'scenarios.list': { params: nothing, result: z.array(scenarioCardSchema) },
  'doctor.report': { params: nothing, result: z.array(doctorItemSchema) },
} as const;
