/** Changing one value of a YAML text without touching the rest: comments and layout are the user's. */
import { problemsIn, type Problem } from '../../../shared/schemas/problems.ts';
import { scenarioSchema } from '../../../shared/schemas/scenario.ts';
import { isCollection, isMap, isScalar, parseDocument, stringify, type Document } from 'yaml';

export type Path = readonly (string | number)[];

/** The document, or undefined where the text is not YAML or no group of keys. */
export function readYaml(text: string): Document | undefined {
  const document = parseDocument(text);
  return document.errors.length > 0 || !isMap(document.contents) ? undefined : document;
}

export function valueAt(document: Document, path: Path): unknown {
  const node: unknown = document.getIn(path, true);
  return isScalar(node) ? node.value : isCollection(node) ? node.toJSON() : undefined;
}

export function numberAt(document: Document | undefined, path: Path): number | undefined {
  const value = document && valueAt(document, path);
  return typeof value === 'number' ? value : undefined;
}

/** Undefined where an alias leads nowhere, as it does while it is typed; the check of the text tells of it. */
function plain(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

/** What the check of the whole text says. */
export function problemsOf(document: Document | undefined): readonly Problem[] {
  const value = document && plain(document);
  if (value === undefined) return [];
  const checked = scenarioSchema.safeParse(value);
  return checked.success ? [] : problemsIn(scenarioSchema, value, checked.error);
}

/** Those about what is at or below a path, in words. */
export const sentencesAt = (problems: readonly Problem[], path: Path): string[] =>
  problems
    .filter((problem) => path.every((step, depth) => problem.path[depth] === step))
    .map(({ sentence }) => sentence);

/** `value` undefined takes the key out. */
export function withValue(text: string, path: Path, value: unknown): string {
  const document = readYaml(text);
  if (!document) return text;
  const node: unknown = document.getIn(path, true);
  const isPlain =
    isScalar(node) && (node.type === 'PLAIN' || node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
  if (value !== undefined && typeof value !== 'object' && isPlain && node.range) {
    const written = stringify(value, { lineWidth: 0 }).trimEnd();
    // A long text would become a block, which does not fit into the place of a plain one.
    if (!written.includes('\n')) return text.slice(0, node.range[0]) + written + text.slice(node.range[1]);
  }
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, value);
  return document.toString({ lineWidth: 120 });
}
