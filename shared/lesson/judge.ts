/** What the measured figures say of a lesson: of its claims, of what was predicted, and as an explanation. */
import { judge, worth } from '../expectations/evaluate.ts';
import { parseNumber, parseTruth } from '../expectations/expression.ts';
import { sharesBy, unlikeSentence, type SharesOf } from '../expectations/served.ts';
import { variantsOf } from '../schemas/scenario.ts';
import { lessonFigures, figureText, lookupIn, unitOf, unitOfNumber, type LessonFigure } from './figures.ts';
import { figureWords } from './figure-words.ts';
import { askedIn, runnablesOf, type Asked, type Lesson, type Runnable } from './lesson.ts';
import type { MeasuredParts } from './measured.ts';
import { isLogScale, nearness, type LessonExpectation, type RunPart } from './parts.ts';
import { plainText, readInline, type Inline } from './prose.ts';

export interface JudgedClaim {
  readonly part: string;
  readonly expect: string;
  /** Null where a figure is missing. */
  readonly held: boolean | null;
  /** With their units, as they are told. */
  readonly figures: readonly { readonly text: string; readonly value: number; readonly words: string }[];
  readonly missing: readonly string[];
  /** Why its latencies are not compared. */
  readonly unlike?: string;
  /** Why it held, or what it may mean that it did not. */
  readonly because: string;
}

/** One point of a drawing: a value of the sweep, or a variant. */
export interface DrawnPoint {
  readonly label: string;
  readonly measured: number | undefined;
  readonly words: string;
}

/** What came of a prediction. */
export type Outcome =
  /** Null: a figure is missing. */
  | { readonly kind: 'choose'; readonly right: readonly (boolean | null)[] }
  | { readonly kind: 'estimate'; readonly measured: number | undefined; readonly words: string }
  | {
      readonly kind: 'draw';
      readonly points: readonly DrawnPoint[];
    };

/** What a reader predicted: the index of a choice, a number, or one number for each value of the sweep. */
export type Answer = number | readonly number[];

export interface Told {
  /** Of its fence. */
  readonly line: number;
  readonly text: readonly Inline[];
  readonly plain: string;
  readonly missing: readonly string[];
}

/** Of a sweep the value alone. */
export const axisLabel = ({ sweep }: Pick<RunPart, 'sweep'>, label: string): string =>
  sweep ? label.replace(`${sweep.over}=`, '') : label;

/** Reads and values the expressions of one lesson. */
export class LessonJudge {
  readonly #lesson: Lesson;
  readonly #figures: ReturnType<typeof lessonFigures>;
  readonly #lookup: ReturnType<typeof lookupIn>;
  readonly #sharesOf: SharesOf<LessonFigure>;

  constructor(lesson: Lesson, measured: MeasuredParts) {
    this.#lesson = lesson;
    this.#figures = lessonFigures(lesson.sources);
    this.#lookup = lookupIn(measured);
    this.#sharesOf = sharesBy<LessonFigure>(
      this.#lookup,
      ({ name }) => name,
      (figure) => ({ ...figure, name: 'servedShare' }),
    );
  }

  /** A number with its unit, or which figures are missing: never 0 in their place. */
  number(text: string): {
    readonly value: number | undefined;
    readonly words: string;
    readonly missing: readonly string[];
  } {
    const expression = parseNumber<LessonFigure>(text, this.#figures);
    const { value, missing } = worth(expression, this.#lookup);
    if (value === undefined || !Number.isFinite(value)) {
      const names = missing.map(figureText);
      return { value: undefined, words: notMeasured, missing: names.length > 0 ? names : [text] };
    }
    return { value, words: figureWords(value, unitOfNumber(expression)), missing: [] };
  }

  truth(text: string): { readonly held: boolean | null; readonly missing: readonly string[] } {
    const { held, missing } = judge(parseTruth<LessonFigure>(text, this.#figures), this.#lookup, this.#sharesOf);
    return { held: held ?? null, missing: missing.map(figureText) };
  }

  plain = (text: readonly Inline[]): string => plainText(text, (expression) => this.number(expression).words);

  #claim(part: string, { expect, because, otherwise }: LessonExpectation): JudgedClaim {
    const verdict = judge(parseTruth<LessonFigure>(expect, this.#figures), this.#lookup, this.#sharesOf);
    const unlike = unlikeSentence(verdict.unlike, figureText);
    const text = verdict.held === false ? otherwise : because;
    return {
      ...{ part, expect, held: verdict.held ?? null, missing: verdict.missing.map(figureText) },
      ...(unlike === undefined ? {} : { unlike }),
      figures: verdict.figures.map((figure) => ({
        text: figureText(figure),
        value: figure.value,
        words: figureWords(figure.value, unitOf(figure)),
      })),
      because: this.plain(readInline(text, () => undefined)),
    };
  }

  /** Of runs and of switches; a walk's own expectations are judged step by step. */
  claimsOf(part: Runnable): JudgedClaim[] {
    return expectationsOf(part).map((each) => this.#claim(part.name, each));
  }

  outcomeOf(asked: Asked): Outcome {
    switch (asked.kind) {
      case 'choose':
        return { kind: 'choose', right: asked.ask.choices.map(({ when }) => this.truth(when).held) };
      case 'estimate': {
        const { value } = this.number(asked.ask.measured);
        const words = value === undefined ? notMeasured : figureWords(value, asked.ask.unit);
        return { kind: 'estimate', measured: value, words };
      }
      case 'draw':
        return { kind: 'draw', points: this.drawn(asked) };
    }
  }

  /** The points of a drawing, in the order of its part's variants. */
  drawn({ ask }: Extract<Asked, { kind: 'draw' }>): DrawnPoint[] {
    const part = runnablesOf(this.#lesson).find(({ name }) => name === ask.of);
    if (part?.kind !== 'run') return [];
    return variantsOf(part.run).map(({ label }) => {
      const figure = { name: ask.figure, part: ask.of, subject: ask.model, variant: label };
      const measured = this.#lookup(figure);
      const words = measured === undefined ? notMeasured : figureWords(measured, unitOf(figure));
      return { label: axisLabel(part.run, label), measured, words };
    });
  }

  /** The explanation in a fence: its first case that the figures bear out. */
  explained(block: Extract<Lesson['blocks'][number], { kind: 'explain' }>): Told {
    const missing: string[] = [];
    for (const { when, text } of block.cases) {
      const verdict = when === undefined ? { held: true, missing: [] } : this.truth(when);
      missing.push(...verdict.missing);
      // What cannot be decided is not decided for the next case either.
      if (verdict.held === null) break;
      if (!verdict.held) continue;
      return { line: block.line, text, plain: this.plain(text), missing: this.missingIn(text) };
    }
    const names = [...new Set(missing)];
    const plain = `This cannot be explained from what was measured: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} missing.`;
    return { line: block.line, text: [{ kind: 'text', text: plain }], plain, missing: names };
  }

  missingIn(text: readonly Inline[]): string[] {
    const found: string[] = [];
    plainText(text, (expression) => {
      found.push(...this.number(expression).missing);
      return '';
    });
    return [...new Set(found)];
  }
}

function expectationsOf(part: Runnable): readonly LessonExpectation[] {
  switch (part.kind) {
    case 'run':
      return part.run.expectations ?? [];
    case 'try':
      return part.change.expectations ?? [];
    case 'switch-cost':
      return part.cost.expectations ?? [];
    case 'walk':
      return [];
  }
}

export const notMeasured = '(not measured)';

/** Texts of the choices that the figures bear out. */
export const rightChoices = (asked: Asked | undefined, right: readonly (boolean | null)[]): string[] =>
  asked?.kind === 'choose' ? asked.ask.choices.filter((_, index) => right[index] === true).map(({ text }) => text) : [];

/** Undefined where it cannot be said, as a figure is missing. */
export function isRight(asked: Asked, answer: Answer, outcome: Outcome): boolean | undefined {
  if (asked.kind === 'choose' && outcome.kind === 'choose') {
    return typeof answer === 'number' ? (outcome.right[answer] ?? undefined) : undefined;
  }
  if (asked.kind === 'estimate' && outcome.kind === 'estimate' && typeof answer === 'number') {
    return outcome.measured === undefined ? undefined : isNear(asked.ask, answer, outcome.measured);
  }
  if (asked.kind === 'draw' && outcome.kind === 'draw' && typeof answer !== 'number') {
    const known = outcome.points.flatMap(({ measured }, index) => {
      const drawn = answer[index];
      return measured === undefined || drawn === undefined ? [] : [isNear(asked.ask, drawn, measured)];
    });
    // A drawing is right where most of its points are.
    return known.length === 0 ? undefined : known.filter(Boolean).length * 2 > known.length;
  }
  return undefined;
}

function isNear(asked: Parameters<typeof nearness>[0], answer: number, measured: number): boolean {
  const near = nearness(asked);
  if (!isLogScale(asked)) return Math.abs(answer - measured) <= near;
  if (measured <= 0 || answer <= 0) return false;
  return Math.max(answer / measured, measured / answer) <= near;
}

export interface LessonVerdict {
  readonly claims: readonly JudgedClaim[];
  readonly predictions: readonly { readonly name: string; readonly ask: string; readonly outcome: Outcome }[];
  readonly explanations: readonly {
    readonly line: number;
    readonly text: string;
    readonly missing: readonly string[];
  }[];
}

/** All that a lesson's figures say. */
export function judgeLesson(lesson: Lesson, measured: MeasuredParts): LessonVerdict {
  const judged = new LessonJudge(lesson, measured);
  const walkClaims = (part: Runnable): JudgedClaim[] => {
    const found = part.kind === 'walk' ? measured[part.name] : undefined;
    if (found?.kind !== 'walk') return [];
    return found.steps.flatMap(({ number, text, judged: all }) =>
      all.map(({ expect, held }) => ({
        ...{ part: part.name, expect: `step ${number}: ${expect}`, held, figures: [], missing: [], because: text },
      })),
    );
  };
  return {
    claims: runnablesOf(lesson).flatMap((part) => [...walkClaims(part), ...judged.claimsOf(part)]),
    predictions: askedIn(lesson).map((asked) => ({
      ...{ name: asked.name, ask: asked.ask.ask, outcome: judged.outcomeOf(asked) },
    })),
    explanations: lesson.blocks.flatMap((block) => {
      if (block.kind !== 'explain') return [];
      const { line, plain, missing } = judged.explained(block);
      return [{ line, text: plain, missing }];
    }),
  };
}
