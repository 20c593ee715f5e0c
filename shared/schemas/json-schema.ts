/** JSON Schema of scenario files, for editors. What it cannot say, as references between keys, only parseScenario finds. */
import { z } from 'zod';
import type { ModelInfo } from '../catalogue.ts';
import { metrics } from '../expectations/metrics.ts';
import { keyTexts } from './key-texts.ts';
import { scenarioSchema } from './scenario.ts';

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Adds to each property what `keyTexts` says; `under` is the nearest named key above. */
function explain(node: unknown, under: string): void {
  if (Array.isArray(node)) {
    node.forEach((each) => explain(each, under));
    return;
  }
  if (!isNode(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'properties' || !isNode(value)) {
      if (key !== 'default' && key !== 'examples') explain(value, under);
      continue;
    }
    for (const [name, property] of Object.entries(value)) {
      explain(property, name);
      const about = keyTexts[`${under}.${name}`] ?? keyTexts[name];
      if (!about || !isNode(property)) continue;
      property.description = about.unit === undefined ? about.text : `${about.text} In ${about.unit}.`;
      property.examples = [about.example];
    }
  }
}

/**
 * Of files as people write them: what has a default may be left out. `x-metrics` has the figures that expectations name,
 * `x-models` the options of each model.
 */
export function scenarioJsonSchema(models: readonly ModelInfo[] = []): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-07', reused: 'inline' });
  explain(schema, '');
  return {
    ...{ $schema, title: 'A scenario of fdscope', ...schema },
    'x-metrics': Object.fromEntries(
      Object.entries(metrics).map(([name, { unit, summary, ...metric }]) => [
        name,
        { unit, description: summary, isByProfile: 'ofProfile' in metric },
      ]),
    ),
    'x-models': Object.fromEntries(
      models.flatMap((model) =>
        model.available
          ? [
              [
                model.id,
                {
                  description: model.summary,
                  options: Object.fromEntries(model.options.map(({ name, ...about }) => [name, about])),
                },
              ],
            ]
          : [],
      ),
    ),
  };
}
