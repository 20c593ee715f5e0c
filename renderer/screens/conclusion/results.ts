/** The results of a scenario as a table: a row for each model under each variant, medians over its repeats. */
import type { ScenarioOutcome } from '../../../shared/contract/experiments.ts';
import { csvText } from '../../../shared/csv.ts';
import { lookupIn } from '../../../shared/expectations/conclude.ts';
import { parseExpectation, type Expression } from '../../../shared/expectations/expression.ts';
import { metrics, type MetricName } from '../../../shared/expectations/metrics.ts';
import { namesIn, type Scenario } from '../../../shared/schemas/scenario.ts';
import { plannedRows } from './planned-runs.ts';

const always: readonly MetricName[] = [
  'servedShare',
  'throughput',
  'p50',
  'p99',
  'cpuPerRequest',
  'syscallsPerRequest',
  'switchesPerRequest',
  'rss',
  'errors',
];

/** The figures of every scenario, and those that this one's expectations name. */
export function columnsOf(scenario: Scenario): readonly MetricName[] {
  const names = namesIn(scenario);
  const named = [
    ...(scenario.expectations ?? []).map(({ expect }) => expect),
    ...(scenario.predict?.choices ?? []).map(({ when }) => when),
  ].flatMap((text) => metricsIn(parseExpectation(text, names)));
  return [...new Set([...always, ...named])];
}

function metricsIn(expression: Expression): MetricName[] {
  switch (expression.kind) {
    case 'number':
      return [];
    case 'figure':
      return [expression.metric];
    case 'function':
      return expression.of.flatMap(metricsIn);
    case 'not':
      return metricsIn(expression.of);
    default:
      return [...metricsIn(expression.left), ...metricsIn(expression.right)];
  }
}

export interface ResultRow {
  readonly label: string;
  readonly variant: string | undefined;
  /** Of the clients of one profile, below the row of all; undefined there. */
  readonly profile?: string;
  /** How many runs the medians are of. */
  readonly runs: number;
  /** In the order of the columns; null where no run has it. */
  readonly values: readonly (number | null)[];
  /** Why it was not run. */
  readonly sentence: string | undefined;
}

export function resultRows(outcome: ScenarioOutcome): readonly ResultRow[] {
  const { scenario, runs, notRun } = outcome;
  const columns = columnsOf(scenario);
  const lookup = lookupIn(runs);
  return plannedRows(scenario, [], undefined).flatMap(({ label, variant }): ResultRow[] => {
    const ofThis = runs.filter((run) => (run.label ?? run.model) === label && run.variant === variant);
    const where = { model: label, ...(variant !== undefined && { variant }) };
    const valuesOf = (profile?: string): (number | null)[] =>
      columns.map((metric) => lookup({ metric, ...where, ...(profile !== undefined && { profile }) }) ?? null);
    const sentence = notRun.find((each) => each.label === label && each.variant === variant)?.sentence;
    const profiles = [...new Set(ofThis.flatMap((run) => Object.keys(run.profiles)))];
    const own = { label, variant, runs: ofThis.length };
    return [
      { ...own, values: valuesOf(), sentence },
      ...(profiles.length > 1
        ? profiles.map((profile) => ({ ...own, profile, values: valuesOf(profile), sentence: undefined }))
        : []),
    ];
  });
}

export function resultsCsv(outcome: ScenarioOutcome): string {
  const columns = columnsOf(outcome.scenario);
  const heads = columns.map((metric) => (metrics[metric].unit === '' ? metric : `${metric} (${metrics[metric].unit})`));
  return csvText([
    ['model', 'variant', 'clients', 'runs', ...heads, 'not run because'],
    ...resultRows(outcome).map(({ label, variant, profile, runs, values, sentence }) => [
      ...[label, variant ?? null, profile ?? 'all', runs],
      ...values.map((value) => (value === null || Number.isFinite(value) ? value : null)),
      sentence ?? null,
    ]),
  ]);
}
