/** What distinguishes two entries of a comparison, in a plain sentence, and whether it is more than noise. */
import {
  figureNames,
  type ComparedFigure,
  type Difference,
  type DifferenceVerdict,
  type Estimate,
} from '../../../shared/compare-result.ts';
import { metrics } from '../../../shared/expectations/metrics.ts';
import { estimate, samplesFor } from './statistics.ts';

interface Series {
  readonly label: string;
  /** A value a round; null where that round has none. */
  readonly values: readonly (number | null)[];
}

const number = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en-US');

function verdictOf({ low, high, coverage }: Estimate, confidence: number): DifferenceVerdict {
  if (low === 0 && high === 0) return 'equal';
  if (low <= 0 && high >= 0) return 'within-noise';
  if (coverage < confidence) return 'too-few-runs';
  return low > 0 ? 'more' : 'less';
}

function rangeText(verdict: DifferenceVerdict, difference: Estimate, ratio: Estimate | null, unit: string): string {
  if (ratio) return `${number(ratio.median)} times (${number(ratio.low)} to ${number(ratio.high)})`;
  const { median, low, high } = difference;
  const [middle, from, to] = verdict === 'less' ? [-median, -high, -low] : [median, low, high];
  return `${number(middle)} (${number(from)} to ${number(to)})${unit === '' ? '' : ` ${unit}`}`;
}

function sentenceOf(
  { label, against, figure, verdict }: Omit<Difference, 'sentence' | 'difference' | 'ratio'>,
  { difference, ratio }: { difference: Estimate | null; ratio: Estimate | null },
  confidence: number,
): string {
  const subject = figureNames[figure];
  if (!difference) return `${subject}: ${label} and ${against} have no run in common that has this figure.`;
  const range = rangeText(verdict, difference, ratio, metrics[figure].unit);
  const isRatio = ratio !== null;
  switch (verdict) {
    case 'equal':
      return `${subject}: the same for ${label} and ${against} in every run.`;
    case 'within-noise':
      return `${subject}: the difference between ${label} and ${against} is within noise, ${range}.`;
    case 'too-few-runs':
      return `${subject}: ${isRatio ? `${label} has ${range} that of ${against}` : `${label} differs from ${against} by ${range}`}, but ${difference.count} runs of each are too few to tell that from noise; make at least ${samplesFor(confidence)}.`;
    default:
      return isRatio
        ? `${subject}: ${label} has ${range} that of ${against}.`
        : `${subject}: ${label} has ${range} ${verdict} than ${against}.`;
  }
}

/** Round by round, so that what slows the machine for a while is in both values of a pair. */
export function differenceOf(figure: ComparedFigure, entry: Series, base: Series, confidence: number): Difference {
  const pairs = entry.values.flatMap((value, round) => {
    const other = base.values[round] ?? null;
    return value === null || other === null || !Number.isFinite(value) || !Number.isFinite(other)
      ? []
      : [{ value, other }];
  });
  const difference =
    estimate(
      pairs.map(({ value, other }) => value - other),
      confidence,
    ) ?? null;
  const canDivide = pairs.length > 0 && pairs.every(({ other }) => other > 0);
  const ratio = canDivide
    ? (estimate(
        pairs.map(({ value, other }) => value / other),
        confidence,
      ) ?? null)
    : null;
  const verdict = difference ? verdictOf(difference, confidence) : 'not-available';
  const told = { label: entry.label, against: base.label, figure, verdict };
  return { ...told, difference, ratio, sentence: sentenceOf(told, { difference, ratio }, confidence) };
}
