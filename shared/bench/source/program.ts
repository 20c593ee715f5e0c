/** What was done on a bench as a program that does the same. */
import type { BenchStep } from '../step.ts';
import { cProgram } from './c.ts';
import { pythonProgram } from './python.ts';

/** Throws ProgramError. */
export const programOf = (language: 'c' | 'python', steps: readonly BenchStep[]): string =>
  language === 'c' ? cProgram(steps) : pythonProgram(steps);
