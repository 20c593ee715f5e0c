/** Whether expectations held, with the figures that say so. */
import { figuresOf, type Expression, type FigureRef } from './expression.ts';

export interface FigureValue extends FigureRef {
  readonly value: number;
}

export interface Verdict {
  /** Undefined where a figure is missing, as its run failed or its model is not available here. */
  readonly held: boolean | undefined;
  readonly figures: readonly FigureValue[];
  /** Figures that are missing. */
  readonly missing: readonly FigureRef[];
}

/** The value of a figure, or undefined where its run does not exist. */
export type Lookup = (figure: FigureRef) => number | undefined;

export function judge(expression: Expression, lookup: Lookup): Verdict {
  const refs = figuresOf(expression);
  const figures: FigureValue[] = [];
  const missing: FigureRef[] = [];
  for (const ref of refs) {
    const value = lookup(ref);
    if (value === undefined) missing.push(ref);
    else figures.push({ ...ref, value });
  }
  if (missing.length > 0) return { held: undefined, figures, missing };
  return { held: isTrue(expression, lookup), figures, missing };
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

function isTrue(expression: Expression, lookup: Lookup): boolean {
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

function valueOf(expression: Expression, lookup: Lookup): number {
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
