/**
 * What is too much for a file that a person writes, found in one pass: the parser takes microseconds for each word and far
 * more where much is wrong, and a schema costs some times what it is given.
 */
import { isAlias, isMap, isScalar, isSeq, Lexer, visit, type Document, type YAMLMap } from 'yaml';

/** Shipped scenarios have a thousand words and signs, and some hundreds of values. */
const mostWords = 20_000;
const mostNodes = 20_000;
const mostEntries = 1000;
const deepest = 64;
/** Each copies the keys of another map. */
const mostMerges = 200;
/** A map that merges one that merges one, and so on. */
export const mostMergeDepth = 20;
const tooMany = `This has more than ${mostNodes} values, which no file of this kind has.`;

export const tooDeep = 'This YAML cannot be read: it is nested too deeply.';

/** Why a text is not parsed at all: found by the first of its words that is one too many. */
export function excessOfWords(text: string): string | undefined {
  let words = 0;
  let depth = 0;
  for (const word of new Lexer().lex(text)) {
    if (word === '[' || word === '{') depth++;
    else if (word === ']' || word === '}') depth--;
    if (depth > deepest) return tooDeep;
    // Each escape in a quoted text can be a mistake of its own.
    words += 1 + (word.startsWith('"') ? word.split('\\').length - 1 : 0);
    if (words > mostWords) return `This has more than ${mostWords} words and signs, which no file of this kind has.`;
  }
  return undefined;
}

export function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  const { range } = node;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

/** YAML 1.1's `<<`, which editors and CI systems have taught people: the keys of another map, where there are none of one's own. */
export const isMergeKey = (key: unknown): boolean => isScalar(key) && typeof key.value === 'symbol';

export interface Excess {
  readonly offset: number;
  readonly sentence: string;
}

/** Why a parsed document is not held against its schema. */
export function excessIn(document: Document): Excess | undefined {
  let found: Excess | undefined;
  let nodes = 0;
  let merges = 0;
  /** What each anchor names at this place of the text; the library looks through all of it for every alias. */
  const anchored = new Map<string, unknown>();
  const stop = (offset: number, sentence: string): symbol => {
    found = { offset, sentence };
    return visit.BREAK;
  };
  visit(document, {
    Scalar: () => (++nodes > mostNodes ? stop(0, tooMany) : undefined),
    Alias: () => (++nodes > mostNodes ? stop(0, tooMany) : undefined),
    Collection: (_key, node, path) => {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
      const offset = offsetOf(node) ?? 0;
      // A collection and the pair that it is in, for each.
      if (path.length > 2 * deepest) return stop(offset, tooDeep);
      if (node.items.length > mostEntries) {
        return stop(offset, `This has ${node.items.length} entries; nothing here has more than ${mostEntries}.`);
      }
      const twice = isMap(node) ? repeatedKey(node) : undefined;
      return twice && stop(twice.offset, twice.sentence);
    },
    Pair: (_key, { key, value }, path) => {
      if (!isMergeKey(key)) return undefined;
      const sources = isSeq(value) ? value.items : [value];
      merges += sources.length;
      const offset = offsetOf(key) ?? 0;
      if (merges > mostMerges)
        return stop(offset, `This has more than ${mostMerges} merges (<<); no file here needs them.`);
      for (const source of sources) {
        const map = isAlias(source) ? anchored.get(source.source) : source;
        if (!isMap(map))
          return stop(offset, 'A merge (<<) takes the keys of another map: name one, such as <<: *name.');
        if (path.includes(map)) return stop(offset, 'This map would merge itself (<<).');
      }
      return undefined;
    },
  });
  return found;
}

/** The parser's own check compares every key with every other. */
function repeatedKey({ items }: YAMLMap): Excess | undefined {
  const known = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (known.has(key.value)) {
      return {
        offset: offsetOf(key) ?? 0,
        sentence: `This is not YAML: Map keys must be unique: ${String(key.value)}.`,
      };
    }
    known.add(key.value);
  }
  return undefined;
}
