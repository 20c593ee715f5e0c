/** JSON Schema of scenario files, for editors. What it cannot say, as references between keys, only parseScenario finds. */
import { z } from 'zod';
import { scenarioSchema } from './scenario.ts';

/** Of files as people write them: what has a default may be left out. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-07' });
  return { $schema, title: 'A scenario of fdscope', ...schema };
}
