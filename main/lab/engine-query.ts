/** Questions that the engine answers at once: what it has, and what it found this machine to allow. */
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { engineCommand } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';

/** Probing io_uring takes a child of its own; ten seconds is far beyond all of it. */
const limitMs = 10_000;

export async function askEngine<T>(
  subcommand: string,
  schema: z.ZodType<T>,
  settings: readonly string[] = [],
): Promise<T> {
  const { file, args } = engineCommand();
  const text = await new Promise<string>((resolve, reject) => {
    execFile(
      file,
      [...args, subcommand, ...settings],
      { timeout: limitMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (!error) {
          resolve(stdout);
          return;
        }
        const why = stderr.trim().split('\n').at(-1) ?? '';
        reject(new LabError('failed', `\`${file} ${subcommand}\` failed: ${why === '' ? error.message : why}`));
      },
    );
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
