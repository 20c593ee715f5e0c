/** The glossary: the field's words, each in a sentence and a paragraph, with where to see it here and who says so. */
import { z } from 'zod';
import { parseYaml } from './schemas/yaml-text.ts';

const text = z.string().trim().min(1);

/** What a term can lead to. `track` is a track of the Scope, `screen` one of the app's. */
export const placeKinds = ['lesson', 'walk', 'scenario', 'screen', 'track', 'model'] as const;
export type PlaceKind = (typeof placeKinds)[number];

const placeSchema = z
  .string()
  .refine(
    (place) => new RegExp(`^(${placeKinds.join('|')})/[\\w.-]+$`).test(place),
    `a place is one of ${placeKinds.join(', ')}, then "/" and its name`,
  );

export const termSchema = z.strictObject({
  title: text,
  /** One plain sentence that needs no other page. */
  sentence: text.refine((sentence) => sentence.endsWith('.'), 'a sentence ends with a full stop'),
  /** What else there is to know, in one paragraph. */
  text: text.optional(),
  /** Other words for it: texts are searched for them, and people do. */
  aliases: z.array(text).min(1).optional(),
  /** Ids of terms beside it. */
  see: z.array(text).min(1).optional(),
  /** Manual pages ("tcp(7)"), RFCs ("RFC 9293"), or who said it. Absent where it is of fdscope itself. */
  source: z.array(text).min(1).optional(),
  /** Where it is seen here, as "walk/six-steps". */
  here: z.array(placeSchema).min(1),
  /** Where texts that have the word lead to it: everywhere, in `backticks` only as plain words mean other things, or never. */
  marked: z.enum(['text', 'code', 'never']).default('text'),
  /** In texts it is found as it is written only, not as the beginning of a sentence and not with an s. */
  exact: z.boolean().default(false),
});
export type TermText = z.infer<typeof termSchema>;

const topicSchema = z.strictObject({
  version: z.literal(1),
  topic: text,
  terms: z.record(text, termSchema),
});

/** A term as it crosses the contract. */
export const listedTermSchema = z.object({ id: text, topic: text, ...termSchema.shape });
export type Term = z.infer<typeof listedTermSchema>;

/** The terms of one file of shared/glossary. Throws ScenarioError with every mistake. */
export function parseTerms(yaml: string, file: string): Term[] {
  const { topic, terms } = parseYaml<z.infer<typeof topicSchema>>(yaml, file, topicSchema, 'a part of the glossary');
  return Object.entries(terms).map(([id, term]) => ({ id, topic, ...term }));
}

export interface Place {
  readonly kind: PlaceKind;
  readonly name: string;
}

/** Of one of `here`. */
export function placeOf(here: string): Place {
  const at = here.indexOf('/');
  return { kind: here.slice(0, at) as PlaceKind, name: here.slice(at + 1) };
}

/** Of `accept4` it is that of accept. */
export const termOfCall = (call: string): string => (call === 'accept4' ? 'accept' : call);

/** A stretch of a text: plain, in backticks, or a word that leads to a term. */
export interface TextPart {
  readonly text: string;
  readonly isCode: boolean;
  /** Id of the term. */
  readonly term?: string;
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** Written small it may also begin a sentence, or have an s; what has capitals is found as it is. */
const isPlainWord = (word: string): boolean => word === word.toLowerCase();

export class Glossary {
  readonly terms: readonly Term[];
  readonly #byId: ReadonlyMap<string, Term>;
  readonly #byWord: ReadonlyMap<string, Term>;
  readonly #inTexts: RegExp | undefined;

  constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.#byId = new Map(terms.map((term) => [term.id, term]));
    this.#byWord = new Map(
      terms.flatMap((term) => [term.id, term.title, ...(term.aliases ?? [])].map((word) => [word.toLowerCase(), term])),
    );
    const words = terms
      .filter(({ marked }) => marked === 'text')
      .flatMap(({ title, aliases = [], exact }) =>
        [title, ...aliases].map((word) => ({ word, mayVary: isPlainWord(word) && !exact })),
      )
      .sort((a, b) => b.word.length - a.word.length)
      .map(({ word, mayVary }) => (mayVary ? `${anyFirst(word)}(?:s|es)?` : escaped(word)));
    this.#inTexts = words.length === 0 ? undefined : new RegExp(`(?<![\\w-])(?:${words.join('|')})(?![\\w-])`, 'g');
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): Term | undefined {
    return this.#byId.get(id);
  }

  /** By its id, title or another word for it, whatever its capitals, singular or plural; undefined where there is none. */
  named(word: string): Term | undefined {
    const exact = this.#byId.get(word.trim());
    if (exact !== undefined) return exact;
    const plain = word.trim().toLowerCase();
    return [plain, plain.replace(/s$/, ''), plain.replace(/es$/, '')]
      .map((each) => this.#byWord.get(each))
      .find(Boolean);
  }

  /**
   * A paragraph with its terms marked, each where it comes first. What is between backticks is code, and leads to the call or
   * whatever else is called so.
   */
  marked(paragraph: string, except: readonly string[] = []): TextPart[] {
    const told = new Set(except);
    return paragraph.split('`').flatMap((stretch, index) => {
      if (stretch === '') return [];
      if (index % 2 === 0) return this.markedWords(stretch, told);
      const term = this.named(termOfCall(stretch.replace(/\(.*\)$/, '')))?.id;
      if (term === undefined || told.has(term)) return [{ text: stretch, isCode: true }];
      told.add(term);
      return [{ text: stretch, isCode: true, term }];
    });
  }

  /** A text without backticks. Terms in `told` are not marked; those that are come to it. */
  markedWords(text: string, told: Set<string>): TextPart[] {
    const parts: TextPart[] = [];
    let from = 0;
    for (const match of this.#inTexts === undefined ? [] : text.matchAll(this.#inTexts)) {
      const [word] = match;
      const term = this.named(word)?.id;
      if (term === undefined || told.has(term)) continue;
      told.add(term);
      if (match.index > from) parts.push({ text: text.slice(from, match.index), isCode: false });
      parts.push({ text: word, isCode: false, term });
      from = match.index + word.length;
    }
    if (from < text.length) parts.push({ text: text.slice(from), isCode: false });
    return parts;
  }
}

/** The word, with a capital or without. */
function anyFirst(word: string): string {
  const first = word.charAt(0);
  return first.toUpperCase() === first ? escaped(word) : `[${first}${first.toUpperCase()}]${escaped(word.slice(1))}`;
}
