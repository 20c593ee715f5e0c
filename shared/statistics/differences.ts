/** What distinguishes two entries of a comparison: which differences are more than chance, and matter, in sentences. */
import {
  figureNames,
  type ComparedFigure,
  type Difference,
  type DifferenceVerdict,
  type Estimate,
} from '../compare-result.ts';
import { median } from '../expectations/evaluate.ts';
import { metrics } from '../expectations/metrics.ts';
import { leastEffectOf, type LeastEffect } from './effects.ts';
import { numberText, rangeText } from './number-text.ts';
import { mostRepeats, repeatsToFind, spreadOf } from './power.ts';
import { servedDiffer, servedText, type Served } from './served.ts';
import { holm, pairsFor, shiftOf, signedRankP } from './signed-rank.ts';

export interface ComparedSeries {
  readonly label: string;
  /** A value a round, of each figure; null where that round has none. */
  readonly valuesOf: (figure: ComparedFigure) => readonly (number | null)[];
  /** Of all its runs. */
  readonly served: Served | undefined;
  readonly connections: number;
}

interface Pair {
  readonly value: number;
  readonly other: number;
}

/** Two entries in one figure, before it is known what the others say. */
interface Examined {
  readonly figure: ComparedFigure;
  readonly pairs: readonly Pair[];
  /** In logarithms where all values are above 0: then the shift is a ratio. */
  readonly isRatio: boolean;
  readonly shifts: readonly number[];
  readonly p: number;
}

const latencies: ReadonlySet<ComparedFigure> = new Set(['p50', 'p99', 'p999', 'rawP50', 'rawP99', 'rawP999']);
/** Without a schedule a request is meant to be sent when it is sent: the raw figure is the other one once more. */
const twins: Partial<Record<ComparedFigure, ComparedFigure>> = { rawP50: 'p50', rawP99: 'p99', rawP999: 'p999' };

function pairsOf(figure: ComparedFigure, entry: ComparedSeries, base: ComparedSeries): Pair[] {
  const others = base.valuesOf(figure);
  return entry.valuesOf(figure).flatMap((value, round) => {
    const other = others[round] ?? null;
    const isKnown = value !== null && other !== null && Number.isFinite(value) && Number.isFinite(other);
    return isKnown ? [{ value, other }] : [];
  });
}

function examine(figure: ComparedFigure, entry: ComparedSeries, base: ComparedSeries): Examined {
  const pairs = pairsOf(figure, entry, base);
  const isRatio = pairs.every(({ value, other }) => value > 0 && other > 0);
  const shifts = pairs.map(({ value, other }) => (isRatio ? Math.log(value / other) : value - other));
  return { figure, pairs, isRatio, shifts, p: signedRankP(shifts) };
}

/** Steps of a histogram are a thousandth wide. */
const twinTolerance = 0.003;

const isTwin = (figure: ComparedFigure, entry: ComparedSeries, base: ComparedSeries): boolean => {
  const twin = twins[figure];
  if (!twin) return false;
  const same = (each: ComparedSeries): boolean => {
    const others = each.valuesOf(twin);
    return each.valuesOf(figure).every((value, round) => {
      const other = others[round] ?? null;
      return value === other || (value !== null && other !== null && Math.abs(value - other) <= twinTolerance * other);
    });
  };
  return same(entry) && same(base);
};

interface Matters {
  /** In the unit of the shifts: the smallest that matters. */
  readonly shift: number;
  /** In words: "5 %", or in the figure's unit where values are so small that a part of them says nothing. */
  readonly text: string;
}

function mattersOf({ figure, pairs, isRatio }: Examined, { relative, absolute }: LeastEffect): Matters {
  const typical = median(pairs.map(({ other }) => Math.abs(other)));
  const isAbsolute = absolute > relative * typical;
  const unit = metrics[figure].unit === '' ? '' : ` ${metrics[figure].unit}`;
  const text = isAbsolute ? `${numberText(absolute)}${unit}` : `${numberText(relative * 100)} %`;
  const size = isAbsolute ? absolute : relative * typical;
  return { shift: isRatio ? Math.log(1 + (typical > 0 ? size / typical : relative)) : size, text };
}

/** Further pairs until the interval, which narrows with their square root, has come off 0 or lies within what matters. */
function repeatsMissing({ median, low, high, count }: Estimate, matters: number): number {
  const half = Math.max(high - median, median - low);
  const size = Math.abs(median);
  // One that lies right at either edge is told by no number of runs.
  const room = Math.max(size, matters - size, matters / 4);
  const wanted = count * (half / room) ** 2;
  return Math.max(1, Math.ceil(wanted) - count);
}

function verdictOf(
  { shifts, p }: Examined,
  shift: Estimate,
  { isRefused, level, matters }: { isRefused: boolean; level: number; matters: number },
): DifferenceVerdict {
  if (shifts.every((each) => each === 0)) return 'equal';
  if (Math.max(Math.abs(shift.low), Math.abs(shift.high)) < matters && shift.coverage >= 1 - level) return 'alike';
  if (shift.count < pairsFor(level)) return 'too-few-runs';
  if (!isRefused || p > level || Math.abs(shift.median) < matters) return 'not-resolved';
  return shift.median > 0 ? 'more' : 'less';
}

interface Told {
  readonly label: string;
  readonly against: string;
  readonly figure: ComparedFigure;
  readonly verdict: DifferenceVerdict;
}

function repeatsText(more: number): string {
  return more >= mostRepeats ? 'hundreds of repeats would be needed to tell' : `some ${more} more repeats would tell`;
}

function sentenceOf(
  { label, against, figure, verdict }: Told,
  shown: { difference: Estimate; ratio: Estimate | null; matters: Matters; level: number; repeatsToTell?: number },
): string {
  const subject = figureNames[figure];
  const { difference, ratio, matters, level } = shown;
  const unit = metrics[figure].unit === '' ? '' : ` ${metrics[figure].unit}`;
  const times = ratio && `${numberText(ratio.median)} times (${rangeText(ratio.low, ratio.high)})`;
  const flip = verdict === 'less' ? -1 : 1;
  const by = `${numberText(flip * difference.median)} (${
    verdict === 'less' ? rangeText(-difference.high, -difference.low) : rangeText(difference.low, difference.high)
  })${unit}`;
  switch (verdict) {
    case 'equal':
      return `${subject}: the same for ${label} and ${against} in every run.`;
    case 'alike': {
      const how = times ? `${label} has ${times} that of ${against}` : `${label} and ${against} differ by ${by}`;
      return `${subject}: the same within ${matters.text}; ${how}.`;
    }
    case 'not-resolved': {
      const could = ratio
        ? `${label} could have ${rangeText(ratio.low, ratio.high)} times that of ${against}`
        : `${label} and ${against} could differ by ${rangeText(difference.low, difference.high)}${unit}`;
      return `${subject}: not resolved; ${could}, and ${repeatsText(shown.repeatsToTell ?? 1)}.`;
    }
    case 'too-few-runs':
      return `${subject}: ${times ? `${label} had ${times} that of ${against}` : `${label} differed from ${against} by ${by}`}, but ${difference.count} runs of each are too few to tell that from chance; make at least ${pairsFor(level)}.`;
    default:
      return times
        ? `${subject}: ${label} has ${times} that of ${against}.`
        : `${subject}: ${label} has ${by} ${verdict} than ${against}.`;
  }
}

const exp = ({ median, low, high, ...rest }: Estimate): Estimate => ({
  ...{ median: Math.exp(median), low: Math.exp(low), high: Math.exp(high) },
  ...rest,
});

function judged(
  examined: Examined,
  held: { level: number; isRefused: boolean },
  told: Omit<Told, 'verdict'>,
  least: LeastEffect,
): Difference {
  const { pairs, shifts, isRatio } = examined;
  const { level, isRefused } = held;
  const matters = mattersOf(examined, least);
  const shift = shiftOf(shifts, level);
  const difference = shiftOf(
    pairs.map(({ value, other }) => value - other),
    level,
  );
  if (!shift || !difference) throw new Error('no pairs'); // they are left out before
  const ratio = isRatio ? exp(shift) : null;
  const verdict = verdictOf(examined, shift, { isRefused, level, matters: matters.shift });
  const wanted =
    verdict === 'not-resolved'
      ? { repeatsToTell: repeatsMissing(shift, matters.shift) }
      : verdict === 'too-few-runs'
        ? {
            repeatsToTell:
              Math.max(pairsFor(level), repeatsToFind(matters.shift, spreadOf(shifts), level)) - shift.count,
          }
        : {};
  const sentence = sentenceOf({ ...told, verdict }, { difference, ratio, matters, level, ...wanted });
  return { ...told, verdict, difference, ratio, p: examined.p, level, ...wanted, sentence };
}

/**
 * Two entries in several figures, round by round, so that what slows the machine for a while is in both values of a
 * pair. All figures together claim a difference where there is none in at most 1 - `confidence` of all cases (Holm), and
 * none that is too small to matter.
 */
export function differencesOf(
  figures: readonly ComparedFigure[],
  entry: ComparedSeries,
  base: ComparedSeries,
  confidence: number,
): Difference[] {
  const isServedAlike = !servedDiffer(entry.served, base.served);
  const isTold = (figure: ComparedFigure): boolean => !latencies.has(figure) || isServedAlike;
  const examined = figures
    .filter((figure) => isTold(figure) && !isTwin(figure, entry, base))
    .map((figure) => examine(figure, entry, base))
    .filter(({ pairs }) => pairs.length > 0);
  const held = holm(
    examined.map(({ p }) => p),
    1 - confidence,
  );
  const connections = Math.max(entry.connections, base.connections);
  const found = new Map(
    examined.map((each, index) => {
      const { figure } = each;
      const told = { label: entry.label, against: base.label, figure };
      const at = held[index] ?? { level: 1 - confidence, isRefused: false };
      return [figure, judged(each, at, told, leastEffectOf(figure, connections))] as const;
    }),
  );
  const none = { difference: null, ratio: null, p: null, level: null };
  return figures.map((figure): Difference => {
    const told = { label: entry.label, against: base.label, figure };
    const twin = twins[figure];
    const same = twin && isTwin(figure, entry, base) ? found.get(twin) : undefined;
    const own = found.get(figure);
    if (own) return own;
    const subject = figureNames[figure];
    if (same) {
      const sentence = `${subject}: as ${figureNames[same.figure]}, since no request waited to be sent.`;
      return { ...same, ...told, sentence };
    }
    if (!isTold(figure)) {
      const sentence = `${subject}: not compared. ${servedText(entry.label, entry.served)}, ${servedText(base.label, base.served)}: latencies are those of the clients that were served.`;
      return { ...told, ...none, verdict: 'not-comparable', sentence };
    }
    const sentence = `${subject}: ${entry.label} and ${base.label} have no run in common that has this figure.`;
    return { ...told, ...none, verdict: 'not-available', sentence };
  });
}
