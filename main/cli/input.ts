/** What was typed, turned into settings; whatever cannot be is refused with one sentence that names the option. */
import { CommanderError } from 'commander';
import type { z } from 'zod';
import { LabError } from '../lab/errors.ts';

/** Path of a setting to the option that gives it, where the names differ. */
const optionNames: Record<string, string> = {
  durationSeconds: '--duration',
  warmupSeconds: '--warmup',
  requestBytes: '--request-bytes',
  responseBytes: '--response-bytes',
  workUs: '--work-us',
  waitMs: '--wait-ms',
  timeoutMs: '--timeout',
};

function optionOf(path: readonly PropertyKey[]): string {
  const last = path.filter((part) => typeof part === 'string').at(-1) ?? '';
  return optionNames[last] ?? `--${last}`;
}

/** Validates; LabError('bad-input') with one sentence for the first mistake. */
export function parseSettings<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const option = optionOf(issue?.path ?? []);
  throw new LabError('bad-input', `${option} cannot be used as given: ${issue?.message ?? 'it is not valid'}.`);
}

/** The number that an option gives. */
export function numberOption(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw new LabError('bad-input', `${name} takes a number, not "${text}".`);
  };
}

/** Collects `name=value` pairs of --option. */
export function modelOption(
  text: string,
  before: Record<string, string | number | boolean>,
): Record<string, string | number | boolean> {
  const at = text.indexOf('=');
  if (at < 1) throw new LabError('bad-input', `--option takes name=value, not "${text}".`);
  const value = text.slice(at + 1);
  const typed =
    value === 'true' ? true : value === 'false' ? false : Number.isNaN(Number(value)) ? value : Number(value);
  return { ...before, [text.slice(0, at)]: typed };
}

/** Exit codes: 0 done, 1 failed, 2 bad input, 3 model not available here, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof LabError)) return 1;
  return { 'bad-input': 2, unavailable: 3, failed: 1, interrupted: 130 }[error.kind];
}
