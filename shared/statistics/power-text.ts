/** What a comparison can find, in a sentence. */
import { figureNames, type FigurePower } from '../compare-result.ts';
import { mostRepeats } from './power.ts';

const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;

/** Undefined where the first rounds say nothing. */
export function powerSentence(
  power: readonly FigurePower[],
  repeats: number,
  what: 'are planned' | 'were made' = 'are planned',
): string | undefined {
  if (power.length === 0) return undefined;
  const parts = [...power]
    .filter(({ figure }) => !figure.startsWith('raw'))
    .sort((a, b) => a.repeats - b.repeats)
    .map(({ figure, repeats: needed }) => {
      const count = needed >= mostRepeats ? `${mostRepeats} or more` : String(needed);
      return `${count} in ${lowerFirst(figureNames[figure])}`;
    });
  return `By how much the runs varied, a difference of 10 % takes so many repeats to be found in four of five cases: ${parts.join(', ')}; ${repeats} ${what}.`;
}
