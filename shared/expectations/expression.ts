/**
 * Expectations: sentences such as `throughput(epoll-lt) > 2 * throughput(select)` that a run's figures bear out or not.
 *
 *   metric(model)               a figure of a model's run; the median, where it was run several times
 *   metric(model, "variant")    of one variant of the scenario
 *   metric(model, profile)      of its clients of one profile: p99(epoll-lt, churn); with both, in any order
 *   numbers, + - * /, comparisons < <= > >=, `and`/`&&`, `or`/`||`, `not (...)`, brackets, min(...), max(...), abs(x)
 *
 * Nothing is ever handed to eval.
 */
import type jsep from 'jsep';
import { modelIds } from '../catalogue.ts';
import { clientProfiles } from '../telemetry/profiles.ts';
import { didYouMean } from '../schemas/suggest.ts';
import { metricAliases, metricNames, metrics, type Metric, type MetricName } from './metrics.ts';
import { ExpressionError, treeOf } from './tree.ts';

export interface FigureRef {
  readonly metric: MetricName;
  readonly model: string;
  readonly variant?: string;
  readonly profile?: string;
}

/** `Ref`: what a figure is called by; lessons have figures of more things than runs (shared/lesson/figures.ts). */
export type Expression<Ref = FigureRef> =
  | { readonly kind: 'number'; readonly value: number }
  | ({ readonly kind: 'figure' } & Ref)
  | {
      readonly kind: 'arithmetic';
      readonly operator: '+' | '-' | '*' | '/';
      readonly left: Expression<Ref>;
      readonly right: Expression<Ref>;
    }
  | { readonly kind: 'function'; readonly name: 'min' | 'max' | 'abs'; readonly of: readonly Expression<Ref>[] }
  | {
      readonly kind: 'comparison';
      readonly operator: Comparison;
      readonly left: Expression<Ref>;
      readonly right: Expression<Ref>;
    }
  | { readonly kind: 'both' | 'either'; readonly left: Expression<Ref>; readonly right: Expression<Ref> }
  | { readonly kind: 'not'; readonly of: Expression<Ref> };

const comparisons = ['<', '<=', '>', '>='] as const;
type Comparison = (typeof comparisons)[number];

/** What an expression may name. */
export interface Names {
  readonly models: readonly string[];
  readonly variants: readonly string[];
  /** Of its clients. */
  readonly profiles?: readonly string[];
}

/** Which figures there are, and what a call of one means. `read` throws ExpressionError. */
export interface FigureReader<Ref> {
  readonly names: readonly string[];
  read(name: string, args: readonly FigureArgument[], text: string): Ref;
}
/** Undefined: neither a name nor a text nor a number. */
export type FigureArgument = string | number | undefined;

const isTruth = ({ kind }: { readonly kind: string }): boolean =>
  ['comparison', 'both', 'either', 'not'].includes(kind);

/** Throws ExpressionError. The whole must be true or false, and every model and variant must be of the scenario. */
export const parseExpectation = (text: string, names: Names = { models: modelIds, variants: [] }): Expression =>
  parseTruth(text, runFigures(names));

/** Throws ExpressionError. */
export function parseTruth<Ref extends object>(text: string, figures: FigureReader<Ref>): Expression<Ref> {
  if (text.trim() === '') throw new ExpressionError('The expectation is empty');
  const expression = convert(treeOf(text), text, figures);
  if (!isTruth(expression)) {
    throw new ExpressionError(`"${text}" is a number: an expectation compares, as in "p99(epoll-lt) < 2 * p99(poll)"`);
  }
  return expression;
}

/** Throws ExpressionError. The whole must be a number. */
export function parseNumber<Ref extends object>(text: string, figures: FigureReader<Ref>): Expression<Ref> {
  if (text.trim() === '') throw new ExpressionError('A figure is missing here');
  const expression = convert(treeOf(text), text, figures);
  if (isTruth(expression)) throw new ExpressionError(`"${text}" is true or false where a number belongs`);
  return expression;
}

function convert<Ref extends object>(node: jsep.Expression, text: string, figures: FigureReader<Ref>): Expression<Ref> {
  const number = (each: jsep.Expression): Expression<Ref> => {
    const expression = convert(each, text, figures);
    if (isTruth(expression)) throw new ExpressionError(`"${text}" calculates with something that is true or false`);
    return expression;
  };
  const truth = (each: jsep.Expression): Expression<Ref> => {
    const expression = convert(each, text, figures);
    if (!isTruth(expression)) throw new ExpressionError(`"${text}" takes a number for something that is true or false`);
    return expression;
  };
  switch (node.type) {
    case 'Literal': {
      const { value } = node as jsep.Literal;
      if (typeof value === 'number') return { kind: 'number', value };
      throw new ExpressionError(`"${text}" has ${JSON.stringify(value)} where a number belongs`);
    }
    case 'UnaryExpression': {
      const { operator, argument } = node as jsep.UnaryExpression;
      if (operator === '!' || operator === 'not') return { kind: 'not', of: truth(argument) };
      if (operator === '-')
        return { kind: 'arithmetic', operator: '-', left: { kind: 'number', value: 0 }, right: number(argument) };
      if (operator === '+') return number(argument);
      throw new ExpressionError(`"${text}" has the operator ${operator}, which expectations do not have`);
    }
    case 'BinaryExpression':
    case 'LogicalExpression': {
      const { operator, left, right } = node as jsep.BinaryExpression;
      if (operator === '&&' || operator === 'and') return { kind: 'both', left: truth(left), right: truth(right) };
      if (operator === '||' || operator === 'or') return { kind: 'either', left: truth(left), right: truth(right) };
      const comparison = comparisons.find((each) => each === operator);
      if (comparison) return { kind: 'comparison', operator: comparison, left: number(left), right: number(right) };
      const arithmetic = (['+', '-', '*', '/'] as const).find((each) => each === operator);
      if (arithmetic) return { kind: 'arithmetic', operator: arithmetic, left: number(left), right: number(right) };
      throw new ExpressionError(`"${text}" has the operator ${operator}, which expectations do not have`);
    }
    case 'CallExpression': {
      const { callee, arguments: args } = node as jsep.CallExpression;
      const name = callee.type === 'Identifier' ? (callee as jsep.Identifier).name : '';
      if (name === 'min' || name === 'max' || name === 'abs') {
        if (args.length < 1 || (name === 'abs' && args.length > 1)) {
          throw new ExpressionError(`"${text}": ${name} takes ${name === 'abs' ? 'one number' : 'numbers'}`);
        }
        return { kind: 'function', name, of: args.map(number) };
      }
      if (name.startsWith('-')) throw new ExpressionError(`"${text}": put a blank behind the minus of "${name}"`);
      if (!figures.names.includes(name)) {
        const hint = didYouMean(name, figures.names) || `; known are ${figures.names.join(', ')}`;
        throw new ExpressionError(`"${text}" asks for the unknown figure "${name}"${hint}`);
      }
      return { kind: 'figure', ...figures.read(name, args.map(argumentOf), text) };
    }
    case 'Identifier': {
      const { name } = node as jsep.Identifier;
      throw new ExpressionError(
        `"${text}" has the bare name "${name}": a figure is written figure(model), and a minus has blanks around it`,
      );
    }
    case 'Compound':
      throw new ExpressionError(`"${text}" is more than one expression: join them with "and"`);
    default:
      throw new ExpressionError(`"${text}" has something that expectations do not have (${node.type})`);
  }
}

function argumentOf(node: jsep.Expression): FigureArgument {
  if (node.type === 'Identifier') return (node as jsep.Identifier).name;
  if (node.type !== 'Literal') return undefined;
  const { value } = node as jsep.Literal;
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

const runFigures = (names: Names): FigureReader<FigureRef> => ({
  names: [...metricNames, ...Object.keys(metricAliases)],
  read: (name, args, text) => runFigure(metricAliases[name] ?? (name as MetricName), args, text, names),
});

/** Throws ExpressionError. */
export function runFigure(metric: MetricName, args: readonly FigureArgument[], text: string, names: Names): FigureRef {
  const [model, ...which] = args;
  if (typeof model !== 'string' || which.length > 2) {
    throw new ExpressionError(
      `"${text}": write ${metric}(model), ${metric}(model, "variant") or ${metric}(model, profile)`,
    );
  }
  if (!names.models.includes(model)) {
    const hint = didYouMean(model, names.models) || `; it runs ${names.models.join(', ')}`;
    throw new ExpressionError(`"${text}" names the model "${model}", which the scenario does not run${hint}`);
  }
  const found: { variant?: string; profile?: string } = {};
  for (const name of which) {
    if (typeof name !== 'string') throw new ExpressionError(unknownName(text, '', names));
    if (found.variant === undefined && names.variants.includes(name)) found.variant = name;
    else if (found.profile === undefined && names.profiles?.includes(name)) found.profile = name;
    else throw new ExpressionError(unknownName(text, name, names));
  }
  const { ofProfile }: Metric = metrics[metric];
  if (found.profile !== undefined && !ofProfile) {
    throw new ExpressionError(
      `"${text}" asks for ${metric} of one profile, and it is known of the whole only; by profile there are ${byProfile.join(', ')}`,
    );
  }
  return { metric, model, ...found };
}

const byProfile = metricNames.filter((name) => (metrics[name] as Metric).ofProfile !== undefined);

function unknownName(text: string, name: string, { variants, profiles = [] }: Names): string {
  const what = (clientProfiles as readonly string[]).includes(name) ? 'profile' : 'variant';
  const there = [
    ...(variants.length > 0 ? [`there are ${variants.map((each) => `"${each}"`).join(', ')}`] : []),
    ...(what === 'profile' && profiles.length > 0 ? [`its clients are ${profiles.join(', ')}`] : []),
  ];
  return `"${text}" names the ${what} "${name}", which the scenario does not have${there.map((each) => `; ${each}`).join('')}`;
}

/** All figures of an expression, in the order in which they are written, each once. */
export function figuresOf<Ref extends object>(expression: Expression<Ref>): Ref[] {
  const found = new Map<string, Ref>();
  const walk = (node: Expression<Ref>): void => {
    switch (node.kind) {
      case 'number':
        break;
      case 'figure': {
        const { kind: _kind, ...ref } = node;
        const key = JSON.stringify(ref);
        // What is left of the node without its kind is the reference.
        if (!found.has(key)) found.set(key, ref as unknown as Ref);
        break;
      }
      case 'function':
        node.of.forEach(walk);
        break;
      case 'not':
        walk(node.of);
        break;
      default:
        walk(node.left);
        walk(node.right);
    }
  };
  walk(expression);
  return [...found.values()];
}

export const figureText = ({ metric, model, variant, profile }: FigureRef): string =>
  `${metric}(${[model, ...(variant === undefined ? [] : [`"${variant}"`]), ...(profile === undefined ? [] : [profile])].join(', ')})`;

export const unitOf = ({ metric }: FigureRef): string => metrics[metric].unit;
