/** Runs a scenario as an experiment: each of its runs, and what its expectations say of them. */
import type { Fault } from '../../../shared/contract/channels.ts';
import type {
  ExperimentProgress,
  ExperimentResult,
  ExperimentRun,
  RunStory,
} from '../../../shared/contract/experiments.ts';
import { externalId } from '../../../shared/catalogue.ts';
import { conclude } from '../../../shared/expectations/conclude.ts';
import type { PlannedRun, Scenario } from '../../../shared/schemas/scenario.ts';
import { LabError } from '../errors.ts';
import type { Outcome, PlanHooks } from '../progress.ts';
import { Pace } from '../pace.ts';
import type { RunWatch } from '../progress.ts';
import { StoryTeller } from './run-story.ts';

/** What an experiment comes to. */
export interface Found {
  readonly isCancelled: boolean;
  readonly fault?: Fault;
  readonly result: ExperimentResult;
}

/** How it tells of itself on the way. */
export interface Telling {
  readonly id: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExperimentProgress) => void;
  readonly onRun: (run: Omit<ExperimentRun, 'id'>) => void;
}

export interface RunsPlans {
  runPlan(plan: readonly PlannedRun[], hooks?: PlanHooks): Promise<Outcome[]>;
}

export async function runScenario(
  lab: RunsPlans,
  watch: RunWatch,
  { scenario, plan }: { readonly scenario: Scenario; readonly plan: readonly PlannedRun[] },
  telling: Telling,
): Promise<Found> {
  const { id, signal, onProgress, onRun } = telling;
  const pace = new Pace(plan.map(({ settings }) => settings.durationSeconds));
  const outcomes: Outcome[] = [];
  const stories: RunStory[] = [];
  let teller: StoryTeller | undefined;
  const listening: RunWatch = {
    begin: () => watch.begin(),
    frame: (source, frame) => {
      watch.frame(source, frame);
      teller?.frame(source, frame);
    },
  };
  const at = (index: number): { label: string; variant?: string; durationSeconds: number } => {
    const run = plan[index];
    if (!run) throw new Error(`The plan has no run ${index}.`);
    const { label, variant, settings } = run;
    return {
      ...{ label: label ?? settings.server.model, durationSeconds: settings.durationSeconds },
      ...(variant === undefined ? {} : { variant }),
    };
  };
  const tell = (index: number, elapsedSeconds: number, requests: number): void =>
    onProgress({
      ...{ ...at(index), done: index, total: plan.length, elapsedSeconds, requests },
      secondsLeft: pace.secondsLeft(index, elapsedSeconds),
    });
  let isCancelled = false;
  try {
    await lab.runPlan(plan, {
      signal,
      watch: listening,
      // Whoever runs a scenario watches its sockets. Context switches one by one would cost some models a quarter.
      detail: { level: 'fds', switches: false },
      onRun: ({ settings }, index) => {
        teller = new StoryTeller(settings.durationSeconds, settings.server.model !== externalId);
        tell(index, 0, 0);
      },
      onProgress: ({ elapsedSeconds, requests }, index) => tell(index, elapsedSeconds, requests),
      onOutcome: (outcome, index) => {
        outcomes.push(outcome);
        if (outcome.kind === 'done' && teller) stories.push(teller.story);
        const { durationSeconds: _seconds, ...which } = at(index);
        if (outcome.kind === 'done') onRun({ ...which, ending: 'done', run: outcome.result });
        else onRun({ ...which, ending: outcome.kind, sentence: outcome.sentence });
      },
    });
  } catch (error) {
    if (!(error instanceof LabError) || error.kind !== 'interrupted') throw error;
    isCancelled = true;
  }
  const runs = outcomes.flatMap((each) => (each.kind === 'done' ? [each.result] : []));
  const notRun = outcomes.flatMap((each) => {
    if (each.kind === 'done') return [];
    const { kind, model, label = model, variant, sentence } = each;
    return [{ kind, label, sentence, ...(variant === undefined ? {} : { variant }) }];
  });
  const conclusion = conclude(scenario, runs);
  return {
    isCancelled,
    result: {
      ...{ kind: 'scenario', id, title: scenario.title },
      scenario: { scenario, runs, stories, notRun, conclusion, isCancelled },
    },
  };
}
