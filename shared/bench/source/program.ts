/** What was done on a bench as a program that does the same. */
import { cText, pythonText } from '../call-text.ts';
import { callNames, type CallName } from '../calls.ts';
import type { BenchStep } from '../step.ts';

export function programOf(language: 'c' | 'python', steps: readonly BenchStep[]): string {
  const line = language === 'c' ? cText : pythonText;
  return steps
    .flatMap(({ call, arguments: args }) =>
      callNames.some((name) => name === call) ? [`${line(call as CallName, args)}\n`] : [],
    )
    .join('');
}
