/** Lesson files: Markdown with a head of YAML, and fences of YAML for what is asked, run and explained. */
import { Lexer, type Tokens } from 'marked';
import { ExpressionError } from '../expectations/tree.ts';
import { parseNumber, parseTruth } from '../expectations/expression.ts';
import { parseWalk, type Walk } from '../bench/walk.ts';
import { given, labelOf, variantsOf } from '../schemas/scenario.ts';
import { didYouMean } from '../schemas/suggest.ts';
import { parseYaml, ScenarioError, type Mistake } from '../schemas/yaml-text.ts';
import { lessonFigures, type FigureSource } from './figures.ts';
import {
  chooseSchema,
  drawSchema,
  estimateSchema,
  explainSchema,
  headSchema,
  runSchema,
  sourceSchema,
  switchCostPartSchema,
  trySchema,
  walkNameSchema,
  type Choose,
  type Draw,
  type Estimate,
  type LessonHead,
  type RunPart,
  type SourcePart,
  type SwitchCostPart,
  type TryPart,
} from './parts.ts';
import { flat, inlinesOf, readInline, readProse, wordsIn, type Inline, type Prose } from './prose.ts';
import type { z } from 'zod';

interface Named {
  readonly name: string;
  /** Of its fence, from 1. */
  readonly line: number;
}

export interface ExplainCase {
  readonly when?: string | undefined;
  readonly text: readonly Inline[];
}

export type Asked =
  | ({ readonly kind: 'choose'; readonly ask: Choose } & Named)
  | ({ readonly kind: 'estimate'; readonly ask: Estimate } & Named)
  | ({ readonly kind: 'draw'; readonly ask: Draw } & Named);

/** What runs. */
export type Runnable =
  | ({ readonly kind: 'run'; readonly run: RunPart } & Named)
  /** `walk`: of the walks that there are; `own`: it stands in the fence, and `text` is all of it. */
  | ({
      readonly kind: 'walk';
      readonly walk: string;
      readonly own?: { readonly walk: Walk; readonly text: string };
    } & Named)
  | ({ readonly kind: 'switch-cost'; readonly cost: SwitchCostPart } & Named)
  | ({
      readonly kind: 'try';
      readonly change: TryPart;
      readonly says: readonly Inline[];
      readonly run: RunPart;
    } & Named);

export type Block =
  | { readonly kind: 'prose'; readonly prose: Prose }
  | Asked
  | Runnable
  | { readonly kind: 'source'; readonly source: SourcePart; readonly line: number }
  | { readonly kind: 'explain'; readonly cases: readonly ExplainCase[]; readonly line: number };

export interface Lesson extends LessonHead {
  readonly blocks: readonly Block[];
  /** What the expressions of the whole lesson may name. */
  readonly sources: readonly FigureSource[];
}

/** What lessons may name, where it is known. */
export interface KnownNames {
  readonly walks?: ReadonlyMap<string, number>;
  readonly lessons?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly terms?: readonly string[];
  readonly models?: readonly string[];
}

export const isAsked = (block: Block): block is Asked =>
  block.kind === 'choose' || block.kind === 'estimate' || block.kind === 'draw';
export const isRunnable = (block: Block): block is Runnable =>
  block.kind === 'run' || block.kind === 'walk' || block.kind === 'switch-cost' || block.kind === 'try';
/** What stands below it shows once it has run; changes may be tried or not. */
export const isGate = (block: Block): block is Exclude<Runnable, { kind: 'try' }> =>
  isRunnable(block) && block.kind !== 'try';

export const runnablesOf = ({ blocks }: Pick<Lesson, 'blocks'>): Runnable[] => blocks.filter(isRunnable);
export const askedIn = ({ blocks }: Pick<Lesson, 'blocks'>): Asked[] => blocks.filter(isAsked);

/** So long is a lesson's own text at most. */
export const mostWords = 400;

const partKinds = ['choose', 'estimate', 'draw', 'run', 'walk', 'switch-cost', 'source', 'explain', 'try'] as const;
const codeLanguages = ['c', 'cpp', 'python', 'ts', 'sh', 'text'];
const withoutName = ['source', 'explain'];

const headPattern = /^---\n([\s\S]*?)\n---(?:\n|$)/;

/** The text of one fence, on the line where it stands, so that mistakes have the lines of the whole file. */
const onLine = (text: string, line: number): string => '\n'.repeat(line - 1) + text;

class LessonReader {
  readonly #file: string;
  readonly #known: KnownNames;
  readonly mistakes: Mistake[] = [];
  readonly blocks: Block[] = [];
  readonly sources: FigureSource[] = [];
  readonly #lines = new Map<Block, number>();

  constructor(file: string, known: KnownNames) {
    this.#file = file;
    this.#known = known;
  }

  complain(line: number, sentence: string, column = 1): void {
    this.mistakes.push({ line, column, sentence: /[.?]$/.test(sentence) ? sentence : `${sentence}.` });
  }

  /** Undefined, with its mistakes told, where it is not of the schema. */
  yaml<T>(text: string, line: number, schema: z.ZodType<T>, what: string): T | undefined {
    if (text.trim() === '') {
      this.complain(line, `${what} has nothing in it`);
      return undefined;
    }
    return this.#caught(() => parseYaml(onLine(text, line), this.#file, schema, what));
  }

  #caught<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      this.mistakes.push(...error.mistakes);
      return undefined;
    }
  }

  add(block: Block, line: number): void {
    this.blocks.push(block);
    this.#lines.set(block, line);
  }

  fence({ lang = '', text }: Tokens.Code, line: number): void {
    const [kind = '', name, ...more] = lang.trim().split(/\s+/);
    if (codeLanguages.includes(kind)) {
      this.add({ kind: 'prose', prose: { kind: 'code', language: kind, text } }, line);
      return;
    }
    const part = partKinds.find((each) => each === kind);
    if (part === undefined) {
      const hint = didYouMean(kind, [...partKinds, ...codeLanguages]);
      const list = `parts are ${partKinds.join(', ')}, and code is ${codeLanguages.join(', ')}`;
      this.complain(line, `"${kind}" is no part of a lesson${hint || `; ${list}`}`);
      return;
    }
    if (withoutName.includes(part) ? name !== undefined : name === undefined || more.length > 0) {
      const how = withoutName.includes(part) ? `without a name: \`\`\`${part}` : `with one name: \`\`\`${part} NAME`;
      this.complain(line, `A part "${part}" is written ${how}`);
      return;
    }
    if (name !== undefined && !/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
      this.complain(line, `The name "${name}" is not one: small letters, digits and hyphens, a letter first`);
      return;
    }
    if (name !== undefined && this.blocks.some((each) => 'name' in each && each.name === name)) {
      this.complain(line, `There is a part "${name}" already`);
      return;
    }
    this.part(part, { name: name ?? '', line }, text);
  }

  part(kind: (typeof partKinds)[number], named: Named, text: string): void {
    const { name, line } = named;
    // The fence's own line comes first.
    const at = line + 1;
    switch (kind) {
      case 'choose': {
        const ask = this.yaml(text, at, chooseSchema, 'A choice');
        if (ask) this.add({ kind, ask, ...named }, line);
        break;
      }
      case 'estimate': {
        const ask = this.yaml(text, at, estimateSchema, 'An estimate');
        if (ask) this.add({ kind, ask, ...named }, line);
        break;
      }
      case 'draw': {
        const ask = this.yaml(text, at, drawSchema, 'A drawing');
        if (ask) this.add({ kind, ask, ...named }, line);
        break;
      }
      case 'run': {
        const run = this.yaml(text, at, runSchema, 'A run');
        if (!run) break;
        this.add({ kind, run, ...named }, line);
        const variants = variantsOf(run).map(({ label }) => label);
        this.source({ name, kind, models: run.models.map(labelOf), variants }, line);
        break;
      }
      case 'walk':
        this.walk(named, text);
        break;
      case 'switch-cost': {
        const cost = this.yaml(text, at, switchCostPartSchema, 'A measurement of switches');
        if (!cost) break;
        this.add({ kind, cost, ...named }, line);
        this.source({ name, kind, models: [], variants: [] }, line);
        break;
      }
      case 'source': {
        const source = this.yaml(text, at, sourceSchema, 'A place in a source file');
        if (source) this.add({ kind, source, line }, line);
        break;
      }
      case 'explain': {
        const cases = this.yaml(text, at, explainSchema, 'An explanation');
        if (!cases) break;
        const told = (sentence: string): void => this.complain(line, sentence);
        this.add(
          { kind, cases: cases.map(({ when, text: each }) => ({ when, text: readInline(each, told) })), line },
          line,
        );
        break;
      }
      case 'try':
        this.change(named, text);
        break;
    }
  }

  source(source: FigureSource, line: number): void {
    const twice = source.variants.find((label) => this.sources.some((each) => each.variants.includes(label)));
    if (twice !== undefined)
      this.complain(line, `Two parts have the variant "${twice}": figures could not tell them apart`);
    this.sources.push(source);
  }

  walk(named: Named, text: string): void {
    const { name, line } = named;
    const kind = 'walk';
    const known = this.#known.walks;
    if (/^steps:/m.test(text)) {
      const walk = this.#caught(() => parseWalk(onLine(text, line + 1), this.#file));
      if (!walk) return;
      this.add({ kind, walk: walk.title, own: { walk, text }, ...named }, line);
      this.source({ name, kind, models: [], variants: [], steps: walk.steps.length }, line);
      return;
    }
    const part = this.yaml(text, line + 1, walkNameSchema, 'A walk');
    if (!part) return;
    if (known && !known.has(part.walk)) {
      const names = [...known.keys()];
      this.complain(
        line + 1,
        `There is no walk "${part.walk}"${didYouMean(part.walk, names) || `; there are ${names.join(', ')}`}`,
      );
    }
    this.add({ kind, walk: part.walk, ...named }, line);
    this.source({ name, kind, models: [], variants: [], steps: known?.get(part.walk) }, line);
  }

  change(named: Named, text: string): void {
    const { name, line } = named;
    const change = this.yaml(text, line + 1, trySchema, 'A change to try');
    if (!change) return;
    const base = this.blocks.find((each) => each.kind === 'run' && each.name === change.of);
    if (base?.kind !== 'run') {
      const runs = this.blocks.flatMap((each) => (each.kind === 'run' ? [each.name] : []));
      this.complain(
        line + 1,
        `There is no run "${change.of}" above this${didYouMean(change.of, runs) || `; there are ${runs.join(', ') || 'none'}`}`,
      );
      return;
    }
    const { variants: _variants, sweep: _sweep, expectations: _expectations, tracks: _tracks, ...plain } = base.run;
    const { server, load, ...others } = change.change;
    const changed = {
      ...plain,
      ...given(others),
      server: { ...plain.server, ...given(server ?? {}) },
      load: { ...plain.load, ...given(load ?? {}) },
    };
    const run = runSchema.safeParse(changed);
    if (!run.success) {
      this.complain(line + 1, `With this change it could not be run: ${run.error.issues[0]?.message ?? ''}`);
      return;
    }
    const told = (sentence: string): void => this.complain(line, sentence);
    this.add({ kind: 'try', change, says: readInline(change.says, told), run: run.data, ...named }, line);
    this.source({ name, kind: 'try', models: run.data.models.map(labelOf), variants: [] }, line);
  }

  lineOf = (block: Block): number => this.#lines.get(block) ?? 1;

  known(to: string): readonly string[] | undefined {
    const { walks, lessons, scenarios, terms, models } = this.#known;
    const lists: Readonly<Record<string, readonly string[] | undefined>> = {
      ...{ lesson: lessons, scenario: scenarios, term: terms, model: models },
      walk: walks && [...walks.keys()],
    };
    return lists[to];
  }
}

const textsOf = ({
  expectations = [],
}: {
  readonly expectations?: readonly { because: string; otherwise: string }[] | undefined;
}): string[] => expectations.flatMap(({ because, otherwise }) => [because, otherwise]);

/** What expressions name, and where links lead. Predictions are of what runs below them, all else of what has run above. */
function checkNames(reader: LessonReader): void {
  const above: FigureSource[] = [];
  const truth = (text: string, line: number, sources: readonly FigureSource[]): void =>
    caught(reader, line, () => parseTruth(text, lessonFigures(sources)));
  const number = (text: string, line: number, sources: readonly FigureSource[]): void =>
    caught(reader, line, () => parseNumber(text, lessonFigures(sources)));
  const pieces = (all: readonly Inline[], line: number): void => {
    for (const piece of flat(all)) {
      if (piece.kind === 'figure') number(piece.expression, line, above);
      if (piece.kind !== 'link') continue;
      const names = reader.known(piece.to);
      if (names && !names.includes(piece.name)) {
        reader.complain(line, `There is no ${piece.to} "${piece.name}"${didYouMean(piece.name, names)}`);
      }
    }
  };
  const expected = (part: { readonly expectations?: RunPart['expectations'] }, line: number): void => {
    part.expectations?.forEach(({ expect }) => truth(expect, line, above));
    for (const text of textsOf(part))
      pieces(
        readInline(text, (sentence) => reader.complain(line, sentence)),
        line,
      );
  };
  for (const block of reader.blocks) {
    const line = reader.lineOf(block);
    const own = isRunnable(block) ? reader.sources.find(({ name }) => name === block.name) : undefined;
    if (own) above.push(own);
    switch (block.kind) {
      case 'prose':
        pieces(inlinesOf(block.prose), line);
        break;
      case 'choose':
        block.ask.choices.forEach(({ when }) => truth(when, line, reader.sources));
        break;
      case 'estimate':
        number(block.ask.measured, line, reader.sources);
        break;
      case 'draw':
        checkDrawing(reader, block, line);
        break;
      case 'run':
        expected(block.run, line);
        break;
      case 'walk':
        break; // its own expectations were read with it
      case 'switch-cost':
        expected(block.cost, line);
        break;
      case 'try':
        expected(block.change, line);
        pieces(block.says, line);
        break;
      case 'explain':
        for (const { when, text } of block.cases) {
          if (when !== undefined) truth(when, line, above);
          pieces(text, line);
        }
        break;
      case 'source':
        if (block.source.of !== undefined) {
          caught(reader, line, () =>
            parseNumber(`hits(${block.source.model}, "x", "${block.source.of ?? ''}")`, lessonFigures(above)),
          );
        }
        break;
    }
  }
}

function caught(reader: LessonReader, line: number, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reader.complain(line, error.message);
  }
}

function checkDrawing(reader: LessonReader, { ask }: { readonly ask: Draw }, line: number): void {
  const part = reader.blocks.find((each) => each.kind === 'run' && each.name === ask.of);
  if (part?.kind !== 'run' || variantsOf(part.run).length < 2) {
    reader.complain(line, `A drawing is of a run with a sweep or with variants, and "${ask.of}" is none`);
    return;
  }
  const models = part.run.models.map(labelOf);
  if (!models.includes(ask.model)) {
    reader.complain(line, `"${ask.of}" does not run the model "${ask.model}"${didYouMean(ask.model, models)}`);
  }
}

/** What makes it a lesson: a prediction before anything runs, something that runs, an explanation, changes to try. */
function checkWhole(reader: LessonReader, head: LessonHead | undefined): void {
  const { blocks } = reader;
  const lineOf = (block: Block | undefined): number => (block ? reader.lineOf(block) : 1);
  const firstGate = blocks.findIndex(isGate);
  if (firstGate === -1) reader.complain(1, 'A lesson has something that runs: a run, a walk or a switch-cost');
  else if (!blocks.slice(0, firstGate).some(isAsked)) {
    reader.complain(
      lineOf(blocks[firstGate]),
      'Nothing was predicted yet: ask (choose, estimate or draw) before this runs',
    );
  }
  if (!blocks.some(({ kind }) => kind === 'explain')) {
    reader.complain(1, 'A lesson explains what was measured: it has an explain');
  }
  const words = blocks.reduce((sum, block) => {
    if (block.kind === 'prose') return sum + wordsIn(inlinesOf(block.prose));
    if (block.kind === 'explain') return sum + Math.max(...block.cases.map(({ text }) => wordsIn(text)));
    return sum;
  }, 0);
  if (words >= mostWords) reader.complain(1, `It has ${words} words: a lesson has fewer than ${mostWords}`);
  const names = runnablesOf(reader).map(({ name }) => name);
  for (const part of (head?.needs ?? []).flatMap(({ parts = [] }) => parts)) {
    if (!names.includes(part))
      reader.complain(1, `"needs" names the part "${part}", which is none that runs${didYouMean(part, names)}`);
  }
}

/** Throws ScenarioError with every mistake found; `file` is only for messages. */
export function parseLesson(given: string, file: string, known: KnownNames = {}): Lesson {
  const text = given.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  const reader = new LessonReader(file, known);
  const [whole, headText = ''] = headPattern.exec(text) ?? [];
  if (whole === undefined) {
    throw new ScenarioError(file, [
      { line: 1, column: 1, sentence: 'A lesson begins with its head: YAML between two lines of "---".' },
    ]);
  }
  const head = reader.yaml(headText, 2, headSchema, 'The head of a lesson');
  readBody(reader, text, whole.length);
  // What could not be read is missed by everything that names it.
  if (reader.mistakes.length === 0) checkNames(reader);
  if (reader.mistakes.length === 0) checkWhole(reader, head);
  if (!head || reader.mistakes.length > 0) {
    throw new ScenarioError(
      file,
      reader.mistakes.sort((a, b) => a.line - b.line || a.column - b.column),
    );
  }
  return { ...head, blocks: reader.blocks, sources: reader.sources };
}

function readBody(reader: LessonReader, text: string, from: number): void {
  let line = text.slice(0, from).split('\n').length;
  for (const token of new Lexer().lex(text.slice(from))) {
    // Blank lines before it belong to some tokens.
    const own = line + (/^\n*/.exec(token.raw)?.[0].length ?? 0);
    if (token.type === 'code' && (token as Tokens.Code).codeBlockStyle !== 'indented')
      reader.fence(token as Tokens.Code, own);
    else if (token.type === 'code') reader.complain(own, 'Code stands between ``` and not in indented lines');
    else {
      const told = (sentence: string): void => reader.complain(own, sentence);
      for (const prose of readProse(token.raw, told)) reader.add({ kind: 'prose', prose }, own);
    }
    line += token.raw.split('\n').length - 1;
  }
}
