/** What a schema found wrong, one plain sentence a mistake, for people who have not read the schema. */
import { z } from 'zod';
import { visibleLine } from '../visible.ts';
import { didYouMean } from './suggest.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  /** Where the mistake is, from the top of the value. */
  readonly path: Path;
  /** For an unknown key: the key itself is the mistake, not its value. */
  readonly isKey: boolean;
  /** One sentence with a full stop or question mark. */
  readonly sentence: string;
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );

/** `server.port`, `clients[2].rate`: as one would write it. */
export const pathText = (path: Path): string =>
  path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? shortened(key) : `.${shortened(key)}`))
    .join('');

const shortened = (text: string): string => visibleLine(text.length > 60 ? `${text.slice(0, 60)}...` : text);

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${shortened(value)}"`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a group of keys';
  return value === null ? 'empty' : JSON.stringify(value);
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
};

/** Keys that a schema knows at a path; the value decides between the branches of a union. */
export function knownKeys(schema: unknown, value: unknown, path: Path): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return knownKeys(schema.unwrap(), value, path);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const wanted = valueAt(value, [discriminator]);
    const branch = schema.options.find(
      (option) =>
        option instanceof z.ZodObject && z.safeParse(option.shape[discriminator] as z.ZodType, wanted).success,
    );
    return branch ? knownKeys(branch, value, path) : [];
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownKeys(option, value, path));
  const [first, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    const shape: Record<string, unknown> = schema.shape;
    return first === undefined ? Object.keys(shape) : knownKeys(shape[first], valueAt(value, [first]), rest);
  }
  if (schema instanceof z.ZodArray && first !== undefined) {
    return knownKeys(schema.element, valueAt(value, [first]), rest);
  }
  return [];
}

type Issue = z.core.$ZodIssue;

/** How a sentence names the place of a mistake. */
export type NameOf = (path: Path) => string;

const quotedPath: NameOf = (path) => (path.length === 0 ? 'the whole' : `"${pathText(path)}"`);

function expectation(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kinds[issue.expected] ?? issue.expected;
      return value === undefined ? 'is missing' : `must be ${kind}, not ${shown(value)}`;
    }
    case 'invalid_value': {
      const choices = issue.values.map(String);
      if (value === undefined) return `is missing; it is one of ${choices.join(', ')}`;
      const hint = typeof value === 'string' ? didYouMean(value, choices) : '';
      return `must be ${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}, not ${shown(value)}${hint}`;
    }
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      if (issue.origin === 'array')
        return `needs at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`;
      return `must be at least ${issue.minimum}, not ${shown(value)}`;
    case 'too_big':
      if (issue.origin === 'string') return `has more than ${issue.maximum} characters`;
      if (Array.isArray(value)) return `has ${value.length} entries, and may have at most ${issue.maximum}`;
      return `must be at most ${issue.maximum}, not ${shown(value)}`;
    case 'invalid_format':
      return issue.format === 'starts_with'
        ? `must begin with "${'prefix' in issue ? String(issue.prefix) : ''}", not ${shown(value)}`
        : // A schema's own words say what is wrong; zod's would show a pattern.
          `${issue.format === 'regex' ? issue.message : `is not ${issue.format}`}: ${shown(value)}`;
    default:
      return `is not valid: ${issue.message}`;
  }
}

/** Inner issues of a union carry paths from the union on: choose the branch that the writer most likely meant. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const fits = branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  return fits ?? branches[0] ?? [];
}

function problemsOf(schema: unknown, whole: unknown, issue: Issue, base: Path, nameOf: NameOf): Problem[] {
  const path: Path = [...base, ...(issue.path as (string | number)[])];
  const name = nameOf(path);
  const value = valueAt(whole, path);
  const problem = (sentence: string): Problem => {
    const text = sentence.charAt(0).toUpperCase() + sentence.slice(1);
    return { path, isKey: false, sentence: /[.?]$/.test(text) ? text : `${text}.` };
  };
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, whole, path);
    const place = path.length === 0 ? '' : ` in ${name}`;
    return issue.keys.slice(0, mostProblems).map((key) => {
      const hint = didYouMean(key, known) || (known.length > 0 ? `; known keys: ${known.join(', ')}.` : '.');
      return { path: [...path, key], isKey: true, sentence: `There is no key ${shown(key)}${place}${hint}` };
    });
  }
  if (issue.code === 'invalid_union') {
    if ('options' in issue && Array.isArray(issue.options)) {
      const choices = issue.options.map(String);
      return [
        problem(`${name} ${expectation({ code: 'invalid_value', values: choices, path: [], message: '' }, value)}`),
      ];
    }
    return likelyBranch(issue.errors).flatMap((inner) => problemsOf(schema, whole, inner, path, nameOf));
  }
  if (issue.code === 'custom') return [problem(issue.message)];
  return [problem(`${name} ${expectation(issue, value)}`)];
}

/** A file in which all is wrong has thousands of mistakes; nobody reads more of them. */
export const mostProblems = 100;

/** The mistakes that `schema` finds in `value`, given its error; at most `mostProblems`. */
export function problemsIn(
  schema: z.ZodType,
  value: unknown,
  error: z.ZodError,
  nameOf: NameOf = quotedPath,
): Problem[] {
  const problems: Problem[] = [];
  for (const issue of error.issues) {
    if (problems.length >= mostProblems) break;
    for (const problem of problemsOf(schema, value, issue, [], nameOf)) problems.push(problem);
  }
  return problems.slice(0, mostProblems);
}
