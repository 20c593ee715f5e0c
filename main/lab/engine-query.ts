/** Questions that the engine answers at once: what it has, and what it found this machine to allow. */
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { engineCommand, secureEngineCommand, type Command } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';

/** Probing io_uring takes a child of its own; ten seconds is far beyond all of it. */
const usualLimitMs = 10_000;

export interface Question {
  readonly args?: readonly string[];
  /** The engine is ended after it. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Another program than the usual engine. */
  readonly command?: Command;
}

/** Throws LabError. */
export async function askEngine<T>(
  subcommand: string,
  schema: z.ZodType<T>,
  { args = [], limitMs = usualLimitMs, signal, command }: Question = {},
): Promise<T> {
  const engine = command ?? engineCommand();
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
  /** Of the engine that speaks TLS, where it is there. */
  tls: availabilitySchema.extend({ version: z.string() }).optional(),
});
export type EngineDoctor = z.infer<typeof engineDoctorSchema>;

/** What the dynamic engine says of OpenSSL is what counts; where it is missing or cannot start, that is the reason. */
async function askTls(): Promise<EngineDoctor['tls']> {
  try {
    return (await askEngine('doctor', engineDoctorSchema, { command: secureEngineCommand() })).tls;
  } catch (error) {
    return { available: false, version: '', reason: sentenceOf(error), enable: 'npm run engine' };
  }
}

/** Throws LabError. */
export async function askEngineDoctor(): Promise<EngineDoctor> {
  const [own, tls] = await Promise.all([askEngine('doctor', engineDoctorSchema), askTls()]);
  return { ...own, tls };
}
