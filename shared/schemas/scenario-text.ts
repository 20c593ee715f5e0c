/** The text of a scenario file into a scenario, or into its mistakes with line and column. */
import { scenarioSchema, type Scenario } from './scenario.ts';
import { parseYaml } from './yaml-text.ts';

export { ScenarioError, type Mistake } from './yaml-text.ts';

/** Throws ScenarioError with every mistake found; `file` is only for messages. */
export const parseScenario = (text: string, file: string): Scenario =>
  parseYaml<Scenario>(text, file, scenarioSchema, 'a scenario');
