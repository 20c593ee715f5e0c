/** The text of a YAML file into what a schema makes of it, or into its mistakes with line and column. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Pair,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { mostProblems, problemsIn, type Path, type Problem } from './problems.ts';
import { excessIn, excessOfWords, isMergeKey, mostMergeDepth, offsetOf, tooDeep } from './yaml-bounds.ts';
import { visibleLine } from '../visible.ts';
import type { z } from 'zod';

export interface Mistake {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** One plain sentence. */
  readonly sentence: string;
}

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  /** `message` has one line for each mistake: `file:line:column: sentence`. */
  constructor(file: string, mistakes: readonly Mistake[]) {
    super(
      mistakes.map(({ line, column, sentence }) => visibleLine(`${file}:${line}:${column}: ${sentence}`)).join('\n'),
    );
    this.file = file;
    this.mistakes = mistakes;
  }
}

interface Place {
  readonly key: number | undefined;
  readonly value: number | undefined;
}

/** Of a map itself or, as its own keys win, of those that it merges (`<<`), the first first. */
function pairOf(document: Document, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  if (own || depth > mostMergeDepth) return own;
  const resolved = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  for (const { key: name, value } of map.items) {
    if (!isMergeKey(name)) continue;
    const source = resolved(value);
    for (const each of isSeq(source) ? source.items.map(resolved) : [source]) {
      const found = isMap(each) ? pairOf(document, each, key, depth + 1) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

/** Offsets of the key and the value at a path; of the nearest that is there, where the path leads to nothing. */
function placeOf(document: Document, path: Path): Place {
  let node: unknown = document.contents;
  let place: Place = { key: undefined, value: offsetOf(node) };
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = pairOf(document, node, String(step));
      if (!pair) return place;
      node = pair.value;
      const key = offsetOf(pair.key);
      place = { key, value: offsetOf(node) ?? key };
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      place = { key: undefined, value: offsetOf(node) ?? place.value };
    } else {
      return place;
    }
  }
  return place;
}

/** Undefined where it is nested more deeply than this program can follow. */
function documentOf(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, merge: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function yamlSentence({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') {
    return 'Here a second document begins (after "---"), and a file has one: take out this line, or keep what follows in a file of its own.';
  }
  const [first = ''] = message.split('\n');
  return first.includes('call stack') ? tooDeep : `This is not YAML: ${visibleLine(first)}.`;
}

/**
 * Reads a file of the schema; `file` is only for messages, `what` is "a scenario". Throws ScenarioError with the mistakes
 * found, in the order of the text, at most `mostProblems`; `further` finds those that only a schema that holds would look for. A text of 1 MiB takes no longer than its reading, whatever is
 * wrong in it.
 */
export function parseYaml<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  what: string,
  further: (value: unknown) => readonly Problem[] = () => [],
): T {
  const lineCounter = new LineCounter();
  const mistakeAt = (offset: number, sentence: string): Mistake => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), sentence };
  };
  const fail = (mistakes: Mistake[]): never => {
    throw new ScenarioError(
      file,
      mistakes.sort((a, b) => a.line - b.line || a.column - b.column),
    );
  };
  const excessive = excessOfWords(text);
  if (excessive !== undefined) return fail([mistakeAt(0, excessive)]);
  const document = documentOf(text, lineCounter);
  if (document === undefined) return fail([mistakeAt(0, tooDeep)]);
  if (document.errors.length > 0) {
    const told = document.errors.slice(0, mostProblems);
    fail(told.map((error) => mistakeAt(error.pos[0], yamlSentence(error))));
  }
  const excess = excessIn(document);
  if (excess) fail([mistakeAt(excess.offset, excess.sentence)]);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
    return fail([mistakeAt(0, `This YAML cannot be read: ${why}.`)]);
  }
  if (value === null || value === undefined) {
    return fail([mistakeAt(0, `The file is empty; ${what} begins with "version: 1".`)]);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const located = (problem: Problem): Mistake => {
    const place = placeOf(document, problem.path);
    return mistakeAt((problem.isKey ? place.key : place.value) ?? place.value ?? 0, problem.sentence);
  };
  const problems = [...problemsIn(schema, value, parsed.error), ...further(value)];
  // Where all else holds, the schema has found those of `further` itself.
  const told = new Map(problems.map((problem) => [JSON.stringify([problem.path, problem.sentence]), problem]));
  return fail([...told.values()].slice(0, mostProblems).map(located));
}
