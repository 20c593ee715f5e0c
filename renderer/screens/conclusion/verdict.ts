/** The conclusion in one sentence. */
import type { ScenarioOutcome } from '../../../shared/contract/experiments.ts';

export interface Verdict {
  readonly headline: string;
  readonly tone: 'good' | 'bad';
}

/** `predicted`: index of the choice that the user made, where there was one. */
export function conclusionWords({ conclusion, runs }: ScenarioOutcome, predicted: number | undefined): Verdict {
  const { expectations, prediction } = conclusion;
  if (runs.length === 0) return { headline: 'Nothing was measured, so nothing can be said.', tone: 'bad' };
  const held = expectations.filter((each) => each.held === true).length;
  const failed = expectations.filter((each) => each.held === false).length;
  const parts = [expectationWords(expectations.length, held, failed)];
  const mine = predicted === undefined ? undefined : prediction?.choices[predicted];
  if (mine !== undefined) parts.push(predictionWords(mine.isRight));
  return { headline: parts.filter((part) => part !== '').join(' '), tone: failed > 0 ? 'bad' : 'good' };
}

function expectationWords(all: number, held: number, failed: number): string {
  if (all === 0) return 'Measured. This scenario states no expectations.';
  if (held === all) return all === 1 ? 'The expectation held.' : `All ${all} expectations held.`;
  const open = all - held - failed;
  const parts = [
    `${held} of ${all} expectations held`,
    ...(failed > 0 ? [`${failed} did not`] : []),
    ...(open > 0 ? [`${open} cannot be decided`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function predictionWords(isRight: boolean | null): string {
  if (isRight === null) return 'Whether your prediction was right cannot be decided.';
  return isRight ? 'Your prediction was right.' : 'Your prediction was not what came out.';
}
