/** The text of a scenario file into a scenario, or into its mistakes with line and column. */
import { modelIds } from '../catalogue.ts';
import { parseExpectation, type Names } from '../expectations/expression.ts';
import { ExpressionError } from '../expectations/tree.ts';
import { clientProfiles } from '../telemetry/profiles.ts';
import type { Path, Problem } from './problems.ts';
import { scenarioSchema, type Scenario } from './scenario.ts';
import { parseYaml } from './yaml-text.ts';

export { ScenarioError, type Mistake } from './yaml-text.ts';

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listIn = (value: unknown, key: string): readonly unknown[] => {
  const list = isGroup(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
};
const textIn = (value: unknown, key: string): string | undefined => {
  const text = isGroup(value) ? value[key] : undefined;
  return typeof text === 'string' ? text : undefined;
};

/** What expressions may name, as far as a scenario that is not valid yet says it. */
function looseNames(value: unknown): Names {
  const models = listIn(value, 'models').flatMap((entry) =>
    typeof entry === 'string' ? [entry] : [textIn(entry, 'label') ?? textIn(entry, 'model') ?? []].flat(),
  );
  const sweep = isGroup(value) ? value.sweep : undefined;
  const profiles = [value, ...listIn(value, 'variants'), ...listIn(value, 'phases')]
    .flatMap((each) => listIn(each, 'clients'))
    .flatMap((client) => textIn(client, 'profile') ?? []);
  return {
    models: models.length > 0 ? models : modelIds,
    variants: [
      ...listIn(value, 'variants').flatMap((variant) => textIn(variant, 'label') ?? []),
      ...listIn(sweep, 'values').map((each) => `${textIn(sweep, 'over') ?? ''}=${String(each)}`),
    ],
    profiles: profiles.length > 0 ? profiles : clientProfiles,
  };
}

/** Mistakes of expressions are looked for where the structure has mistakes, too: one reading tells all of them. */
function expressionProblems(value: unknown): Problem[] {
  const names = looseNames(value);
  const check = (expression: unknown, path: Path): Problem[] => {
    if (typeof expression !== 'string' || expression.trim() === '') return [];
    try {
      parseExpectation(expression, names);
      return [];
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { message } = error;
      return [{ path, isKey: false, sentence: /[.?]$/.test(message) ? message : `${message}.` }];
    }
  };
  const predict = isGroup(value) ? value.predict : undefined;
  return [
    ...listIn(value, 'expectations').flatMap((each, index) =>
      check(textIn(each, 'expect'), ['expectations', index, 'expect']),
    ),
    ...listIn(predict, 'choices').flatMap((each, index) =>
      check(textIn(each, 'when'), ['predict', 'choices', index, 'when']),
    ),
  ];
}

/** Throws ScenarioError with every mistake found; `file` is only for messages. */
export const parseScenario = (text: string, file: string): Scenario =>
  parseYaml<Scenario>(text, file, scenarioSchema, 'a scenario', expressionProblems);
