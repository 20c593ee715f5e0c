/** What was typed, turned into settings; whatever cannot be is refused with one sentence that names the option. */
import { CommanderError } from 'commander';
import type { z } from 'zod';
import { pathText, problemsIn, type Path } from '../../shared/schemas/problems.ts';
import { visibleLine } from '../../shared/visible.ts';
import { ScenarioError } from '../../shared/schemas/scenario-text.ts';
import { faultOf, LabError } from '../lab/errors.ts';
import { UnmetExpectation } from './unmet-expectation.ts';
import { asTyped, flagsAsTyped, type Spellings } from './spellings.ts';

/** Name of a setting to the option that gives it, where it is not the same in kebab case. */
const optionNames: Readonly<Record<string, string>> = {
  durationSeconds: '--duration',
  warmupSeconds: '--warmup',
  timeoutMs: '--timeout',
  check: '--expect',
  headers: '--header',
};

function optionOf(path: Path): string {
  const last = path.filter((part) => typeof part === 'string').at(-1) ?? pathText(path);
  return optionNames[last] ?? `--${last.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Validates; throws LabError('bad-input') with one sentence for the first mistake. */
export function parseSettings<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [problem] = problemsIn(schema, value, result.error, optionOf);
  if (problem?.isKey) {
    throw new LabError('bad-input', `${optionOf(problem.path)} does not go with the profile of the clients.`);
  }
  throw new LabError('bad-input', problem?.sentence ?? 'The settings are not valid.');
}

/** Collects `name=value` pairs of --option; the model says of which kind the value is. */
export function modelOption(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new LabError('bad-input', `--option takes name=value, not "${text}".`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Exit codes: 0 done, 1 failed, 2 bad input, 3 model not available here, 4 expectation not held, 130 interrupted. */
const exitCodes = { 'bad-input': 2, unavailable: 3, failed: 1, interrupted: 130 } as const;

/** Commander's message as one sentence: no "error:", no second line. */
function commanderSentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\((Did you mean [^)]*)\)/, '. $1')
    .trim();
  return /[.?]$/.test(text) ? text : `${text}.`;
}

/** What stderr is told about a fault, and the exit code that it gives. Options are named as they were typed. */
export function verdictOf(
  error: unknown,
  typed: Spellings = new Map(),
): { readonly code: number; readonly text: string } {
  if (error instanceof CommanderError) {
    // Help and version are no faults; commander has printed them.
    if (error.exitCode === 0) return { code: 0, text: '' };
    if (error.code === 'commander.help') return { code: 2, text: '' };
    const sentence = commanderSentence(flagsAsTyped(error.message, typed));
    return { code: 2, text: visibleLine(sentence.charAt(0).toUpperCase() + sentence.slice(1)) };
  }
  if (error instanceof UnmetExpectation) return { code: 4, text: visibleLine(error.message) };
  if (error instanceof ScenarioError) return { code: 2, text: error.message };
  if (error instanceof LabError) {
    const text = error.kind === 'bad-input' ? asTyped(error.message, typed) : error.message;
    return { code: exitCodes[error.kind], text };
  }
  const { kind, sentence } = faultOf(error);
  return { code: exitCodes[kind], text: visibleLine(kind === 'failed' ? `fdscope failed: ${sentence}` : sentence) };
}
