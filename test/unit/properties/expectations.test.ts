/** The language of expectations: what is printed from a tree is read as that tree, and judged as it would be by hand. */
import './runs.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../shared/expectations/evaluate.ts';
import {
  figuresOf,
  figureText,
  parseExpectation,
  type Expression,
  type FigureRef,
} from '../../../shared/expectations/expression.ts';
import { ExpressionError } from '../../../shared/expectations/tree.ts';
import { metricNames } from '../../../shared/expectations/metrics.ts';

const names = { models: ['select', 'epoll-lt', 'io_uring', 'my own'.replace(' ', '-')], variants: ['900 idle', 'b'] };

const figure: fc.Arbitrary<Expression> = fc
  .record(
    {
      metric: fc.constantFrom(...metricNames),
      model: fc.constantFrom(...names.models),
      variant: fc.constantFrom(...names.variants),
    },
    { requiredKeys: ['metric', 'model'] },
  )
  .map((ref) => ({ kind: 'figure', ...ref }));

const number: fc.Arbitrary<Expression> = fc
  .oneof(
    fc.nat(100_000),
    fc.nat(100_000).map((n) => n / 1000),
  )
  .map((value) => ({ kind: 'number', value }));

const { truth } = fc.letrec<{ value: Expression; truth: Expression }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    figure,
    number,
    fc.record({
      kind: fc.constant('arithmetic' as const),
      operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const),
      ...{ left: tie('value'), right: tie('value') },
    }),
    fc.record({
      kind: fc.constant('function' as const),
      name: fc.constantFrom('min' as const, 'max' as const),
      of: fc.array(tie('value'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({
      ...{ kind: fc.constant('function' as const), name: fc.constant('abs' as const) },
      of: fc.tuple(tie('value')),
    }),
  ),
  truth: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constant('comparison' as const),
      operator: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
      ...{ left: tie('value'), right: tie('value') },
    }),
    fc.record({
      kind: fc.constantFrom('both' as const, 'either' as const),
      ...{ left: tie('truth'), right: tie('truth') },
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('truth') }),
  ),
}));

/** With brackets around everything, so that nothing hangs on which operator binds tighter. */
function print(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return String(expression.value);
    case 'figure':
      return figureText(expression);
    case 'function':
      return `${expression.name}(${expression.of.map(print).join(', ')})`;
    case 'not':
      return `not (${print(expression.of)})`;
    case 'both':
    case 'either':
      return `(${print(expression.left)}) ${expression.kind === 'both' ? 'and' : 'or'} (${print(expression.right)})`;
    default:
      return `(${print(expression.left)}) ${expression.operator} (${print(expression.right)})`;
  }
}

/** As long as an expectation may be. */
const readable = truth.filter((tree) => print(tree).length <= 1000);

/** A figure's value, made of its name. */
const worth = (ref: FigureRef): number =>
  Buffer.from(figureText(ref)).reduce((sum, byte) => (sum * 31 + byte) % 9973, 7) / 10;

function byHand(expression: Expression): number | boolean {
  const number = (of: Expression): number => byHand(of) as number;
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'figure':
      return worth(expression);
    case 'function': {
      const values = expression.of.map(number);
      return expression.name === 'abs' ? Math.abs(values[0] ?? NaN) : Math[expression.name](...values);
    }
    case 'not':
      return byHand(expression.of) !== true;
    case 'both':
      return byHand(expression.left) === true && byHand(expression.right) === true;
    case 'either':
      return byHand(expression.left) === true || byHand(expression.right) === true;
    case 'comparison': {
      const [left, right] = [number(expression.left), number(expression.right)];
      const { operator } = expression;
      return operator === '<'
        ? left < right
        : operator === '<='
          ? left <= right
          : operator === '>'
            ? left > right
            : left >= right;
    }
    case 'arithmetic': {
      const [left, right] = [number(expression.left), number(expression.right)];
      const { operator } = expression;
      return operator === '+'
        ? left + right
        : operator === '-'
          ? left - right
          : operator === '*'
            ? left * right
            : left / right;
    }
  }
}

describe('expectations', () => {
  it('are read as what they were printed from', () => {
    fc.assert(
      fc.property(readable, (tree) => {
        expect(parseExpectation(print(tree), names)).toEqual(tree);
      }),
    );
  });

  it('hold where they hold by hand, with the figures that they name', () => {
    fc.assert(
      fc.property(readable, (tree) => {
        const { held, figures, missing } = judge(parseExpectation(print(tree), names), worth);
        expect(held).toBe(byHand(tree));
        expect(missing).toEqual([]);
        expect(figures.map(({ value: _value, ...ref }) => ref)).toEqual(
          figuresOf(tree).map(({ metric, model, variant }) =>
            variant === undefined ? { metric, model } : { metric, model, variant },
          ),
        );
      }),
    );
  });

  it('are undecided where any figure is missing', () => {
    fc.assert(
      fc.property(truth, fc.nat(), (tree, which) => {
        const refs = figuresOf(tree);
        const lost = refs[which % refs.length];
        fc.pre(lost !== undefined);
        const { held, missing } = judge(tree, (ref) => (figureText(ref) === figureText(lost) ? undefined : worth(ref)));
        expect(held).toBeUndefined();
        expect(missing.map(figureText)).toEqual([figureText(lost)]);
      }),
    );
  });

  it('of any text are read, or refused with one sentence', () => {
    const words = fc.constantFrom(
      'p99',
      '(',
      ')',
      'select',
      ',',
      '"b"',
      '>',
      '<',
      '1',
      ' and ',
      ' not ',
      '-',
      '.',
      '[',
      '=>',
      '`',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseExpectation(given, names);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
          expect((error as ExpressionError).message).not.toBe('');
        }
      }),
    );
  });
});
