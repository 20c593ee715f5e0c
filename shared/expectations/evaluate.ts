/** Whether expectations held, with the figures that say so. */
import { figuresOf, type Expression, type FigureRef } from './expression.ts';
import { unlikeIn, type SharesOf, type Unlike } from './served.ts';

export interface Verdict<Ref = FigureRef> {
  /**
   * Undefined where a figure is missing, as its run failed or its model is not available here, and where it hangs on
   * latencies that cannot be compared.
   */
  readonly held: boolean | undefined;
  readonly figures: readonly (Ref & { readonly value: number })[];
  /** Figures that are missing. */
  readonly missing: readonly Ref[];
  /** Latencies that it hangs on and that cannot be compared. */
  readonly unlike: readonly Unlike<Ref>[];
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

/** `sharesOf` keeps latencies of those from being compared who served different parts of their clients. */
export function judge<Ref extends object>(
  expression: Expression<Ref>,
  lookup: Lookup<Ref>,
  sharesOf: SharesOf<Ref> = () => undefined,
): Verdict<Ref> {
  const { figures, missing } = figuresIn(expression, lookup);
  if (missing.length > 0) return { held: undefined, figures, missing, unlike: [] };
  const unlike: Unlike<Ref>[] = [];
  const held = truthOf(expression, { lookup, sharesOf, unlike });
  return { held, figures, missing, unlike: held === undefined ? unlike : [] };
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

interface Judging<Ref> {
  readonly lookup: Lookup<Ref>;
  readonly sharesOf: SharesOf<Ref>;
  /** Is added to. */
  readonly unlike: Unlike<Ref>[];
}

/** Undefined: it hangs on a comparison that says nothing. */
function truthOf<Ref extends object>(expression: Expression<Ref>, judging: Judging<Ref>): boolean | undefined {
  switch (expression.kind) {
    case 'both':
    case 'either': {
      const decides = expression.kind === 'either';
      const sides = [truthOf(expression.left, judging), truthOf(expression.right, judging)];
      if (sides.includes(decides)) return decides;
      return sides.includes(undefined) ? undefined : !decides;
    }
    case 'not': {
      const of = truthOf(expression.of, judging);
      return of === undefined ? undefined : !of;
    }
    case 'comparison': {
      const { left, right, operator } = expression;
      const isTrue = compare[operator](valueOf(left, judging.lookup), valueOf(right, judging.lookup));
      const isLeftSmaller = operator.startsWith('<') === isTrue;
      const found = unlikeIn(isLeftSmaller ? left : right, isLeftSmaller ? right : left, judging.sharesOf);
      judging.unlike.push(...found);
      return found.length > 0 ? undefined : isTrue;
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
