/** The runs of a scenario, a row for each model under each variant, and how far each has come. */
import type { ExperimentProgress, ExperimentRun } from '../../../shared/contract/experiments.ts';
import { planScenario, type Scenario } from '../../../shared/schemas/scenario.ts';

export interface PlannedRow {
  readonly label: string;
  readonly variant: string | undefined;
  readonly status: 'waiting' | 'running' | 'done' | 'not-run';
  readonly done: number;
  readonly repeats: number;
  /** Why it was not run. */
  readonly sentence: string | undefined;
}

export function plannedRows(
  scenario: Scenario,
  runs: readonly ExperimentRun[],
  progress: ExperimentProgress | undefined,
): readonly PlannedRow[] {
  return planScenario(scenario).map(({ label: named, variant, settings }): PlannedRow => {
    const label = named ?? settings.server.model;
    const over = runs.filter((run) => run.label === label && run.variant === variant);
    const done = over.filter(({ ending }) => ending === 'done').length;
    const bad = over.find(({ ending }) => ending !== 'done');
    const isNow = progress?.label === label && progress.variant === variant;
    const status = isNow ? 'running' : bad !== undefined && done === 0 ? 'not-run' : done > 0 ? 'done' : 'waiting';
    return { ...{ label, variant, status, done }, repeats: scenario.repeats, sentence: bad?.sentence };
  });
}
