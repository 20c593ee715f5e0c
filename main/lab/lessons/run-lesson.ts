/** Runs all that is in a lesson, one part after another, by the lab's own runners. */
import type { UnmetNeed } from '../../../shared/contract/lessons.ts';
import { runnablesOf, type Lesson, type Runnable } from '../../../shared/lesson/lesson.ts';
import { measuredRuns, measuredWalk, type Measured } from '../../../shared/lesson/measured.ts';
import { asScenario } from '../../../shared/lesson/parts.ts';
import { whyNotRun } from '../../../shared/lesson/unmet.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import { goWalk } from '../bench/walking.ts';
import { scenarioRuns } from '../experiments/plans.ts';
import type { LabService } from '../lab-service.ts';

export interface LessonHooks {
  readonly signal?: AbortSignal | undefined;
  /** A part begins; `runs` are those of a run. */
  readonly onPart?: (part: Runnable, runs: readonly PlannedRun[]) => void;
  readonly onRun?: (run: PlannedRun, index: number, elapsedSeconds: number) => void;
}

/** A part that was not run, and what is to be seen without it. */
export interface PartNotRun {
  readonly part: string;
  readonly reason: string;
  readonly without: string;
}

export interface LessonRun {
  readonly measured: Record<string, Measured>;
  readonly notRun: readonly PartNotRun[];
}

type Lab = Pick<LabService, 'runPlan' | 'switchCost' | 'bench'>;

async function measure(lab: Lab, part: Runnable, title: string, hooks: LessonHooks): Promise<Measured> {
  const { signal, onPart, onRun } = hooks;
  switch (part.kind) {
    case 'walk': {
      onPart?.(part, []);
      const walk = part.own?.walk ?? (await lab.bench.walkToGo(part.walk)).walk;
      return measuredWalk(part.walk, await goWalk(walk, signal));
    }
    case 'switch-cost':
      onPart?.(part, []);
      return { kind: 'switch-cost', cost: await lab.switchCost(part.cost.rounds, signal) };
    default: {
      const plan = scenarioRuns(asScenario(part.run, title));
      onPart?.(part, plan);
      const outcomes = await lab.runPlan(plan, {
        signal,
        onProgress: ({ elapsedSeconds }, index) => {
          const run = plan[index];
          if (run) onRun?.(run, index, elapsedSeconds);
        },
      });
      const runs = outcomes.flatMap((each) => (each.kind === 'done' ? [each.result] : []));
      const notRun = outcomes.flatMap((each) =>
        each.kind === 'done'
          ? []
          : [{ label: each.label ?? each.model, variant: each.variant, sentence: each.sentence }],
      );
      return measuredRuns(runs, notRun);
    }
  }
}

/** Throws LabError where a part cannot be run that this machine should have been able to. */
export async function runLesson(
  lab: Lab,
  lesson: Lesson,
  unmet: readonly UnmetNeed[],
  hooks: LessonHooks = {},
): Promise<LessonRun> {
  const measured: Record<string, Measured> = {};
  const notRun: PartNotRun[] = [];
  for (const part of runnablesOf(lesson)) {
    const why = whyNotRun(lesson, part.name, unmet);
    if (why) notRun.push({ part: part.name, ...why });
    else measured[part.name] = await measure(lab, part, `${lesson.title}: ${part.name}`, hooks);
  }
  return { measured, notRun };
}
