/** What a scenario's runs say: its expectations and its prediction, judged by the measured figures. */
import { z } from 'zod';
import type { RunResult } from '../run-result.ts';
import { namesIn, type Named, type Scenario } from '../schemas/scenario.ts';
import { judge, median, type Lookup, type Verdict } from './evaluate.ts';
import { figureText, parseExpectation, unitOf, type FigureRef } from './expression.ts';
import { metricOf } from './metrics.ts';
import { sharesBy, unlikeSentence } from './served.ts';

export const judgedFigureSchema = z.object({
  /** As the expectation writes it: `p99(epoll-lt)`. */
  text: z.string(),
  /** Null: infinite, as a figure per request is where there were none. JSON could not say it. */
  value: z.number().nullable(),
  unit: z.string(),
});
export type JudgedFigure = z.infer<typeof judgedFigureSchema>;

export const judgedExpectationSchema = z.object({
  expect: z.string(),
  because: z.string(),
  otherwise: z.string(),
  /** Null where a figure is missing, or latencies cannot be compared. */
  held: z.boolean().nullable(),
  figures: z.array(judgedFigureSchema),
  /** Figures that no run gave. */
  missing: z.array(z.string()),
  /** Why its latencies are not compared, in a sentence. */
  unlike: z.string().optional(),
});
export type JudgedExpectation = z.infer<typeof judgedExpectationSchema>;

export const judgedPredictionSchema = z.object({
  ask: z.string(),
  choices: z.array(z.object({ text: z.string(), isRight: z.boolean().nullable() })),
});
export type JudgedPrediction = z.infer<typeof judgedPredictionSchema>;

export const conclusionSchema = z.object({
  expectations: z.array(judgedExpectationSchema),
  prediction: judgedPredictionSchema.optional(),
});
export type Conclusion = z.infer<typeof conclusionSchema>;

/** Medians over the runs of one label and variant. */
export function lookupIn(results: readonly RunResult[]): Lookup {
  return ({ metric, model, variant, profile }) => {
    const runs = results.filter(
      (run) => (run.label ?? run.model) === model && (variant === undefined || run.variant === variant),
    );
    const values = runs.map((run) => metricOf(run, metric, profile)).filter((value) => value !== null);
    return values.length === 0 ? undefined : median(values);
  };
}

export function conclude(
  scenario: Named & Partial<Pick<Scenario, 'expectations' | 'predict'>>,
  results: readonly RunResult[],
): Conclusion {
  const names = namesIn(scenario);
  const lookup = lookupIn(results);
  const sharesOf = sharesBy<FigureRef>(
    lookup,
    ({ metric }) => metric,
    (figure) => ({ ...figure, metric: 'servedShare' }),
  );
  const verdictOf = (text: string): Verdict => judge(parseExpectation(text, names), lookup, sharesOf);
  const expectations = (scenario.expectations ?? []).map(({ expect, because, otherwise }): JudgedExpectation => {
    const { held, figures, missing, unlike } = verdictOf(expect);
    const sentence = unlikeSentence(unlike, figureText);
    return {
      ...{ expect, because, otherwise, held: held ?? null, missing: missing.map(figureText) },
      ...(sentence === undefined ? {} : { unlike: sentence }),
      figures: figures.map((figure) => ({
        text: figureText(figure),
        value: Number.isFinite(figure.value) ? figure.value : null,
        unit: unitOf(figure),
      })),
    };
  });
  const { predict } = scenario;
  if (!predict) return { expectations };
  const choices = predict.choices.map(({ text, when }) => ({ text, isRight: verdictOf(when).held ?? null }));
  return { expectations, prediction: { ask: predict.ask, choices } };
}
