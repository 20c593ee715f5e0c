/** From what a window asks for to the runs that it means. */
import type { CompareRequest, ExperimentLoad, ScenarioRunRequest } from '../../../shared/contract/experiments.ts';
import { labelOf, planScenario, variantsOf, type PlannedRun, type Scenario } from '../../../shared/schemas/scenario.ts';
import type { ScenarioSubject } from '../../../shared/schemas/settings.ts';
import { nameOf } from '../compare/compare.ts';
import { LabError } from '../errors.ts';

/** Opens what a request names. Throws LabError, or ScenarioError with each mistake. */
export type Open = (source: ScenarioRunRequest['scenario']) => Scenario;

type EntriesRequest = Pick<
  CompareRequest,
  'load' | 'subjects' | 'changes' | 'connections' | 'durationSeconds' | 'warmupSeconds'
>;

/** Without the members that were not given. */
const given = <T extends object>(changes: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

const joined = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** A scenario as it is to be run: with those of its models that are asked for. Throws LabError. */
export function chosenScenario(
  { models, repeats, durationSeconds, scenario: source }: ScenarioRunRequest,
  open: Open,
): Scenario {
  const scenario = open(source);
  const chosen = models?.map((name) => {
    const entry = scenario.models.find((each) => labelOf(each) === name);
    if (entry === undefined) {
      throw new LabError(
        'bad-input',
        `The scenario has no model "${name}"; it has ${joined(scenario.models.map(labelOf))}.`,
      );
    }
    return entry;
  });
  return {
    ...scenario,
    models: chosen ?? scenario.models,
    repeats: repeats ?? scenario.repeats,
    durationSeconds: durationSeconds ?? scenario.durationSeconds,
  };
}

/** Repeats are interleaved, so that a machine that slows down meets all models alike. */
export function scenarioRuns(scenario: Scenario): PlannedRun[] {
  const once = planScenario(scenario);
  return Array.from({ length: scenario.repeats }, () => once).flat();
}

/** Runs of the variants that are asked for, by default of the first: variants are other questions. Throws LabError. */
export function variantRuns(scenario: Scenario, wanted: readonly string[] | undefined): PlannedRun[] {
  const labels = variantsOf(scenario).map(({ label }) => label);
  const unknown = wanted?.find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    const there = labels.length === 0 ? 'it has none' : `it has ${joined(labels)}`;
    throw new LabError('bad-input', `The scenario has no variant "${unknown}"; ${there}.`);
  }
  const chosen = wanted ?? labels.slice(0, 1);
  const runs = planScenario(scenario).filter(({ variant }) => variant === undefined || chosen.includes(variant));
  // Of one variant, its name distinguishes nothing.
  return chosen.length > 1 ? runs : runs.map(({ variant: _variant, ...run }) => run);
}

function loadRuns(load: ExperimentLoad, subjects: readonly ScenarioSubject[] | undefined, open: Open): PlannedRun[] {
  if ('scenario' in load) {
    const scenario = open(load.scenario);
    return variantRuns({ ...scenario, models: [...(subjects ?? scenario.models)] }, load.variants);
  }
  if (!subjects) throw new LabError('bad-input', 'Say which models: this load names none.');
  return planScenario({ ...load, models: [...subjects] });
}

/** All entries of a comparison or a sweep, under the same load. Throws LabError. */
export function entryRuns(request: EntriesRequest, open: Open): PlannedRun[] {
  const { load, subjects, changes = [], ...others } = request;
  const { connections, durationSeconds, warmupSeconds } = others;
  const runs = loadRuns(load, subjects, open);
  // Every variant has all subjects, one after another.
  const perVariant = subjects?.length ?? runs.length;
  return runs.map((run, index) => {
    const { server = {}, ...own } = changes[index % perVariant] ?? {};
    return {
      ...run,
      settings: {
        ...run.settings,
        ...given({ connections, durationSeconds, warmupSeconds }),
        ...given(own),
        server: { ...run.settings.server, ...given(server) },
      },
    };
  });
}

/** At most three names. */
export function titleOf(entries: readonly PlannedRun[], what: string): string {
  const names = [...new Set(entries.map(nameOf))];
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
  return `${shown.join(', ')}: ${what}`;
}
