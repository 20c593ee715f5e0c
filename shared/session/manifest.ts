/** What a session says about itself, written first. Keys are only ever added, and those of newer writers are kept. */
import { z } from 'zod';

/** Enough to judge whether two recordings can be compared. No host name: sessions are made to be handed on. */
export const fingerprintSchema = z.looseObject({
  cpuModel: z.string(),
  /** CPUs that the lab could use. */
  cpus: z.number(),
  /** CPU lists that server and clients were pinned to; empty where not pinned. */
  serverCpus: z.string().default(''),
  clientCpus: z.string().default(''),
  memoryBytes: z.number().optional(),
  kernel: z.string(),
  /** Limits by name, as the kernel gives them. */
  limits: z.record(z.string(), z.number()).default({}),
  versions: z.looseObject({ fdscope: z.string(), node: z.string().optional(), wire: z.number() }),
});
export type Fingerprint = z.infer<typeof fingerprintSchema>;

/** The comparison or sweep of whose runs this session is one. */
export const experimentFactsSchema = z.looseObject({
  kind: z.enum(['compare', 'sweep']),
  title: z.string(),
  /** The same in all its sessions. */
  id: z.string(),
  /** Model or label. */
  subject: z.string(),
  /** From 1 on. */
  repeat: z.number(),
  /** Of a sweep's axis. */
  value: z.number().optional(),
});
export type ExperimentFacts = z.infer<typeof experimentFactsSchema>;

export const manifestSchema = z.looseObject({
  /** Made when recording began, and never again. */
  id: z.string(),
  name: z.string(),
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  /** What was run, by its settings. */
  settings: z.record(z.string(), z.unknown()).default({}),
  /** The scenario that it was run from. `text` is the YAML, word for word. */
  scenario: z
    .looseObject({
      name: z.string(),
      title: z.string(),
      question: z.string().default(''),
      text: z.string().default(''),
    })
    .optional(),
  experiment: experimentFactsSchema.optional(),
  machine: fingerprintSchema,
  /** The same moment by both clocks: ms since 1970, and ns of CLOCK_MONOTONIC, which all frames are in. */
  started: z.strictObject({
    // What a Date can be.
    wallMs: z.number().min(0).max(8.64e15),
    // As exact as a Number is.
    monotonicNs: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  }),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestInput = z.input<typeof manifestSchema>;
