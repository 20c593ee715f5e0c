/** Scenarios as the launch page shows them, and what a live run of one begins with. */
import { externalId, type ModelId } from '../../../shared/catalogue.ts';
import type { ScenarioCard } from '../../../shared/contract/lab.ts';
import { liveSettingsOf } from '../../../shared/contract/live.ts';
import { planScenario } from '../../../shared/schemas/scenario.ts';
import type { NamedScenario } from '../scenario-files.ts';

/** Undefined where no model of the lab is in it: somebody's own server cannot be shown from inside. */
export function cardOf({ name, scenario }: Pick<NamedScenario, 'name' | 'scenario'>): ScenarioCard | undefined {
  const runs = planScenario(scenario).filter(({ settings }) => settings.server.model !== externalId);
  const { title, question, watch, chapter } = scenario;
  const first = runs[0]?.settings;
  const live = first && liveSettingsOf(first, title);
  if (!live) return undefined;
  const models = new Set(runs.map(({ settings }) => settings.server.model as ModelId));
  return {
    ...{ name, title, question, watch, models: [...models] },
    ...(chapter === undefined ? {} : { chapter }),
    live,
  };
}
