/** A scenario's question before it runs: who has guessed sees more in the figures. */
import { createInterface } from 'node:readline/promises';
import type { Prediction } from '../../shared/schemas/scenario.ts';
import { visibleTexts } from '../../shared/visible.ts';
import type { OutputFlags } from './options.ts';
import { tell } from './terminal.ts';

/** Where somebody sits before it: neither a pipe nor a program is asked. */
export const mayAsk = (
  { json, csv, markdown }: OutputFlags,
  stdin: { readonly isTTY?: boolean } = process.stdin,
  stdout: { readonly isTTY?: boolean } = process.stdout,
): boolean => stdin.isTTY === true && stdout.isTTY === true && !json && !csv && !markdown;

/** The number of a choice, from 0 on; undefined where it is none. */
export function chosen(answer: string, { choices }: Prediction): number | undefined {
  const number = Number(answer.trim());
  return answer.trim() !== '' && Number.isInteger(number) && number >= 1 && number <= choices.length
    ? number - 1
    : undefined;
}

/** What was guessed; undefined where nothing was: Enter alone, or the end of the input. */
export async function askPrediction(prediction: Prediction, signal: AbortSignal): Promise<string | undefined> {
  const { ask, choices } = visibleTexts(prediction);
  tell(`${ask}\n${choices.map(({ text }, i) => `  ${i + 1}  ${text}\n`).join('')}`);
  // The terminal's own line editing, so that Ctrl-C is the signal that it is everywhere else.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    for (;;) {
      tell(`Your prediction, 1 to ${choices.length} (Enter: none): `);
      const answer = await Promise.race([lines.question('', { signal }), ended]);
      const index = chosen(answer, prediction);
      if (index !== undefined) return choices[index]?.text;
      if (answer.trim() === '') return undefined;
    }
  } finally {
    lines.close();
    process.stdin.pause();
  }
}
