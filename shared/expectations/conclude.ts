/** What a scenario's runs say: its expectations and its prediction, judged by the measured figures. */
import type { RunResult } from '../run-result.ts';
import { namesIn, type Scenario } from '../schemas/scenario.ts';
import { judge, median, type Lookup } from './evaluate.ts';
import { figureText, parseExpectation, unitOf } from './expression.ts';
import { metrics } from './metrics.ts';

export interface JudgedFigure {
  /** As the expectation writes it: `p99(epoll-lt)`. */
  readonly text: string;
  readonly value: number;
  readonly unit: string;
}

export interface JudgedExpectation {
  readonly expect: string;
  readonly because: string;
  readonly otherwise: string;
  /** Null where a figure is missing. */
  readonly held: boolean | null;
  readonly figures: readonly JudgedFigure[];
  /** Figures that no run gave. */
  readonly missing: readonly string[];
}

export interface JudgedPrediction {
  readonly ask: string;
  readonly choices: readonly { readonly text: string; readonly isRight: boolean | null }[];
}

export interface Conclusion {
  readonly expectations: readonly JudgedExpectation[];
  readonly prediction?: JudgedPrediction;
}

/** Medians over the runs of one label and variant. */
export function lookupIn(results: readonly RunResult[]): Lookup {
  return ({ metric, model, variant }) => {
    const runs = results.filter(
      (run) => (run.label ?? run.model) === model && (variant === undefined || run.variant === variant),
    );
    const values = runs.map((run) => metrics[metric].of(run)).filter((value) => value !== null);
    return values.length === 0 ? undefined : median(values);
  };
}

export function conclude(
  scenario: Pick<Scenario, 'models' | 'variants' | 'expectations' | 'predict'>,
  results: readonly RunResult[],
): Conclusion {
  const names = namesIn(scenario);
  const lookup = lookupIn(results);
  const verdictOf = (text: string): ReturnType<typeof judge> => judge(parseExpectation(text, names), lookup);
  const expectations = (scenario.expectations ?? []).map(({ expect, because, otherwise }): JudgedExpectation => {
    const { held, figures, missing } = verdictOf(expect);
    return {
      ...{ expect, because, otherwise, held: held ?? null, missing: missing.map(figureText) },
      figures: figures.map((figure) => ({ text: figureText(figure), value: figure.value, unit: unitOf(figure) })),
    };
  });
  const { predict } = scenario;
  if (!predict) return { expectations };
  const choices = predict.choices.map(({ text, when }) => ({ text, isRight: verdictOf(when).held ?? null }));
  return { expectations, prediction: { ask: predict.ask, choices } };
}
