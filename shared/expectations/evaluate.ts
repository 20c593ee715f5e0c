/** Whether expectations held, with the figures that say so. */
import { figuresOf, type Expression, type FigureRef } from './expression.ts';

export interface Verdict<Ref = FigureRef> {
  /** Undefined where a figure is missing, as its run failed or its model is not available here. */
  readonly held: boolean | undefined;
  readonly figures: readonly (Ref & { readonly value: number })[];
  /** Figures that are missing. */
  readonly missing: readonly Ref[];
}

/** The value of a figure, or undefined where its run does not exist. */
export type Lookup<Ref = FigureRef> = (figure: Ref) => number | undefined;

/** The figures of an expression that there are, and those that there are not. */
function figuresIn<Ref extends object>(
  expression: Expression<Ref>,
  lookup: Lookup<Ref>,
): Pick<Verdict<Ref>, 'figures' | 'missing'> {
  const figures: (Ref & { readonly value: number })[] = [];
  const missing: Ref[] = [];
  for (const ref of figuresOf(expression)) {
    const value = lookup(ref);
    if (value === undefined) missing.push(ref);
    else figures.push({ ...ref, value });
  }
  return { figures, missing };
}

export function judge<Ref extends object>(expression: Expression<Ref>, lookup: Lookup<Ref>): Verdict<Ref> {
  const { figures, missing } = figuresIn(expression, lookup);
  if (missing.length > 0) return { held: undefined, figures, missing };
  return { held: isTrue(expression, lookup), figures, missing };
}

/** What an expression that is a number comes to; undefined where one of its figures is missing. */
export function worth<Ref extends object>(
  expression: Expression<Ref>,
  lookup: Lookup<Ref>,
): { readonly value: number | undefined; readonly missing: readonly Ref[] } {
  const { missing } = figuresIn(expression, lookup);
  return { value: missing.length > 0 ? undefined : valueOf(expression, lookup), missing };
}

const compare = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const;

const calculate = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
} as const;

function isTrue<Ref extends object>(expression: Expression<Ref>, lookup: Lookup<Ref>): boolean {
  switch (expression.kind) {
    case 'both':
      return isTrue(expression.left, lookup) && isTrue(expression.right, lookup);
    case 'either':
      return isTrue(expression.left, lookup) || isTrue(expression.right, lookup);
    case 'not':
      return !isTrue(expression.of, lookup);
    case 'comparison': {
      const left = valueOf(expression.left, lookup);
      const right = valueOf(expression.right, lookup);
      return compare[expression.operator](left, right);
    }
    // The parser lets nothing else stand here.
    default:
      return false;
  }
}

function valueOf<Ref extends object>(expression: Expression<Ref>, lookup: Lookup<Ref>): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'figure':
      return lookup(expression) ?? NaN;
    case 'function': {
      const values = expression.of.map((each) => valueOf(each, lookup));
      if (expression.name === 'abs') return Math.abs(values[0] ?? NaN);
      return expression.name === 'min' ? Math.min(...values) : Math.max(...values);
    }
    case 'arithmetic': {
      const left = valueOf(expression.left, lookup);
      const right = valueOf(expression.right, lookup);
      return calculate[expression.operator](left, right);
    }
    default:
      return NaN;
  }
}

/** The middle of several values; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
