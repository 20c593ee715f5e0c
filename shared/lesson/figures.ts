/**
 * The figures of a lesson: those of its runs, as expectations of scenarios have them, and those of its other parts.
 *
 *   metric(model)               of the lesson's first run with that model; the median of its runs
 *   metric(model, "name")       of a variant, of a run part, or of a change that was tried
 *   hits(model, "step"[, "name"])   how often a second that line of the model's file ran
 *   calls(model, poll[, "name"])    system calls of that name, a second
 *   ns(way) kernelSwitches(way)     of a switch, as `fdscope switch-cost` measures it
 *   result(walk, 3) micros(walk, 3) of a step of a walk, from 1: what the call returned, and how long it took
 *   held(walk, 3)               1 where all held that the walk expects of that step, else 0
 */
import { ExpressionError } from '../expectations/tree.ts';
import type { Expression, FigureArgument, FigureReader } from '../expectations/expression.ts';
import { metricNames, metrics, type MetricName } from '../expectations/metrics.ts';
import { median, type Lookup } from '../expectations/evaluate.ts';
import { didYouMean } from '../schemas/suggest.ts';
import { switchWays } from '../switch-cost.ts';
import type { Measured, MeasuredRun } from './measured.ts';

/** Where a figure comes from, and how it is written. */
export interface LessonFigure {
  readonly name: string;
  readonly part: string;
  /** A model's label, a way of switching; of a walk nothing. */
  readonly subject: string;
  /** A variant of the part. */
  readonly variant?: string;
  /** The name of a variant or of a part, as it was written. */
  readonly which?: string;
  /** The label of a step, a system call, the number of a walk's step. */
  readonly at?: string | number;
}

/** A part as far as figures name it. */
export interface FigureSource {
  readonly name: string;
  readonly kind: 'run' | 'try' | 'walk' | 'switch-cost';
  /** Of a run: its models by label, */
  readonly models: readonly string[];
  /** and its variants. */
  readonly variants: readonly string[];
  /** Of a walk that is known here: how many steps it has. */
  readonly steps?: number | undefined;
}

const ofRuns = ['hits', 'calls'] as const;
const ofWalks = ['result', 'micros', 'held'] as const;
const ofSwitches = ['ns', 'kernelSwitches'] as const;
const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);

export const figureNames: readonly string[] = [...metricNames, ...ofRuns, ...ofSwitches, ...ofWalks];

const asRuns = (sources: readonly FigureSource[]): readonly FigureSource[] =>
  sources.filter(({ kind }) => kind === 'run' || kind === 'try');

/** Of `which`: a part or a variant; without it the first run that has the model. Throws ExpressionError. */
function ofRun(
  name: string,
  subject: string,
  which: FigureArgument,
  { sources, text }: { readonly sources: readonly FigureSource[]; readonly text: string },
): LessonFigure {
  const runs = asRuns(sources);
  const known = [...new Set(runs.flatMap(({ models }) => models))];
  if (!known.includes(subject)) {
    const hint = didYouMean(subject, known) || `; there are ${known.join(', ') || 'none'}`;
    throw new ExpressionError(`"${text}" names the model "${subject}", which no run here has${hint}`);
  }
  if (which === undefined) {
    const part = runs.find(({ models }) => models.includes(subject))?.name ?? '';
    return { name, part, subject };
  }
  const place = String(which);
  const part = runs.find((each) => each.name === place && each.models.includes(subject));
  if (part) return { name, part: part.name, subject, which: place };
  const varied = runs.find((each) => each.variants.includes(place) && each.models.includes(subject));
  if (varied) return { name, part: varied.name, subject, variant: place, which: place };
  const places = runs.flatMap((each) => [each.name, ...each.variants]);
  const hint = didYouMean(place, places) || `; there are ${places.map((each) => `"${each}"`).join(', ')}`;
  throw new ExpressionError(
    `"${text}" asks for "${subject}" of "${place}", which is no part and no variant with it${hint}`,
  );
}

/** Reads figures of these parts. */
export const lessonFigures = (sources: readonly FigureSource[]): FigureReader<LessonFigure> => ({
  names: figureNames,
  read: (name, args, text) => {
    const [first, second, third] = args;
    const subject = String(first ?? '');
    const usage = (how: string): never => {
      throw new ExpressionError(`"${text}": write ${name}(${how})`);
    };
    if (isOneOf(ofWalks, name)) {
      const walk = sources.find((each) => each.kind === 'walk' && each.name === subject);
      if (args.length !== 2 || typeof second !== 'number')
        usage('walk, 3): the part of the walk, and its step from 1 on');
      if (!walk) throw new ExpressionError(`"${text}" asks for the walk "${subject}", and no part here is called that`);
      const most = walk.steps ?? Infinity;
      if (Number(second) < 1 || Number(second) > most) {
        throw new ExpressionError(`"${text}" asks for step ${String(second)}, and that walk has ${most}`);
      }
      return { name, part: subject, subject: '', at: Number(second) };
    }
    if (isOneOf(ofSwitches, name)) {
      const part = sources.find(({ kind }) => kind === 'switch-cost');
      if (args.length !== 1 || subject === '')
        usage('way): the id of a way to switch, as `fdscope switch-cost --json` has it');
      if (!part) throw new ExpressionError(`"${text}" is of switches, and no part here measures them`);
      if (!isOneOf(switchWays, subject)) {
        const hint = didYouMean(subject, switchWays) || `; there are ${switchWays.join(', ')}`;
        throw new ExpressionError(`"${text}" asks for "${subject}", which is no way to switch${hint}`);
      }
      return { name, part: part.name, subject };
    }
    if (isOneOf(ofRuns, name)) {
      if (args.length < 2 || args.length > 3)
        usage(`model, ${name === 'hits' ? '"step"' : 'epoll_wait'}) or with a name behind it`);
      return { ...ofRun(name, subject, third, { sources, text }), at: String(second) };
    }
    if (args.length < 1 || args.length > 2) usage('model) or with the name of a part or a variant behind it');
    return ofRun(name, subject, second, { sources, text });
  },
});

const quoted = (word: string): string => (/^[A-Za-z][\w-]*$/.test(word) ? word : `"${word}"`);

/** As one would write it. */
export function figureText({ name, part, subject, which, at }: LessonFigure): string {
  const args = subject === '' ? [quoted(part)] : [quoted(subject)];
  if (at !== undefined) args.push(typeof at === 'number' ? String(at) : quoted(at));
  if (which !== undefined) args.push(`"${which}"`);
  return `${name}(${args.join(', ')})`;
}

/** What a figure is of, in units. */
export function unitOf({ name }: LessonFigure): string {
  if (name in metrics) return metrics[name as MetricName].unit;
  if (name === 'ns') return 'ns';
  if (name === 'micros') return 'µs';
  return isOneOf(ofRuns, name) ? '/s' : '';
}

/** The unit of a number; none where it is a ratio, or of units that do not go together. */
export function unitOfNumber(expression: Expression<LessonFigure>): string {
  switch (expression.kind) {
    case 'figure':
      return unitOf(expression);
    case 'function':
      return expression.of[0] ? unitOfNumber(expression.of[0]) : '';
    case 'arithmetic': {
      const [left, right] = [unitOfNumber(expression.left), unitOfNumber(expression.right)];
      if (expression.operator === '+' || expression.operator === '-') return left === right ? left : '';
      if (expression.operator === '/') return right === '' ? left : '';
      return left === '' ? right : right === '' ? left : '';
    }
    default:
      return '';
  }
}

const medianOf = (runs: readonly MeasuredRun[], of: (run: MeasuredRun) => number | undefined): number | undefined => {
  const values = runs.map(of).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
};

/** The figures that were measured. One that was not is undefined, and never 0. */
export const lookupIn =
  (measured: Readonly<Record<string, Measured>>): Lookup<LessonFigure> =>
  ({ name, part, subject, variant, at }) => {
    const found = Object.hasOwn(measured, part) ? measured[part] : undefined;
    switch (found?.kind) {
      case 'walk': {
        const step = found.steps.find(({ number }) => number === at);
        if (step && name === 'held') return step.judged.every(({ held }) => held) ? 1 : 0;
        return (name === 'micros' ? step?.micros : step?.result) ?? undefined;
      }
      case 'switch-cost': {
        const way = found.cost.switches.find(({ id }) => id === subject);
        if (!way?.available) return undefined;
        return name === 'ns' ? way.ns.median : way.kernelSwitches;
      }
      case 'run': {
        const runs = found.runs.filter(
          (run) => run.label === subject && (variant === undefined || run.variant === variant),
        );
        if (name === 'hits') {
          return medianOf(runs, ({ hits }) => hits.find(({ label }) => label === at)?.perSecond);
        }
        // A system call that was not made was made no times, where any were counted.
        if (name === 'calls') {
          return medianOf(runs, ({ calls }) =>
            Object.keys(calls).length === 0 ? undefined : (calls[String(at)] ?? 0),
          );
        }
        return medianOf(runs, ({ figures }) => figures[name]);
      }
      default:
        return undefined;
    }
  };
