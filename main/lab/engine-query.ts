/** Questions that the engine answers at once: what it has, and what it found this machine to allow. */
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { engineCommand } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';

/** Probing io_uring takes a child of its own; ten seconds is far beyond all of it. */
const usualLimitMs = 10_000;

export interface Question {
  readonly args?: readonly string[];
  /** The engine is ended after it. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Throws LabError. */
export async function askEngine<T>(
  subcommand: string,
  schema: z.ZodType<T>,
  { args = [], limitMs = usualLimitMs, signal }: Question = {},
): Promise<T> {
  const engine = engineCommand();
  const { file } = engine;
  const text = await new Promise<string>((resolve, reject) => {
    const options = { timeout: limitMs, killSignal: 'SIGKILL', ...(signal && { signal }) } as const;
    execFile(file, [...engine.args, subcommand, ...args], options, (error, stdout, stderr) => {
      if (!error) {
        resolve(stdout);
        return;
      }
      if (signal?.aborted) {
        reject(new LabError('interrupted', 'The measurement was interrupted before its end.'));
        return;
      }
      const why = stderr.trim().split('\n').at(-1) ?? '';
      reject(new LabError('failed', `\`${file} ${subcommand}\` failed: ${why === '' ? error.message : why}`));
    });
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0] : sentenceOf(error);
    throw new LabError('failed', `\`${file} ${subcommand}\` printed something unexpected: ${why ?? ''}`);
  }
}

const availabilitySchema = z.object({
  available: z.boolean(),
  reason: z.string().optional(),
  enable: z.string().optional(),
});
export type Availability = z.infer<typeof availabilitySchema>;

const engineDoctorSchema = z.object({
  perfSwitchRecords: availabilitySchema,
  ioUring: availabilitySchema.optional(),
});
export type EngineDoctor = z.infer<typeof engineDoctorSchema>;

export const askEngineDoctor = (): Promise<EngineDoctor> => askEngine('doctor', engineDoctorSchema);
