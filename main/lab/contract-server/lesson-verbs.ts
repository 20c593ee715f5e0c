/** What the verbs of lessons do, and that of the first page. */
import type { Allowance } from '../../../shared/contract/allowance.ts';
import type { lessonRequests } from '../../../shared/contract/lessons.ts';
import type { MachineInfo } from '../../../shared/contract/lab.ts';
import { parseLesson } from '../../../shared/lesson/lesson.ts';
import { ScenarioError } from '../../../shared/schemas/yaml-text.ts';
import { LabError } from '../errors.ts';
import { mayReadFiles } from '../experiments/allowance.ts';
import type { LabService } from '../lab-service.ts';
import { lessonReport, type ReportedLesson } from '../lessons/lesson-report.ts';
import { stampOf } from '../sessions/folder.ts';
import type { Verbs } from '../../../shared/contract/contract.ts';

/** In reading order. A lesson that has gone, or has mistakes by now, has no words for what was measured. */
function reported(lab: LabService): ReportedLesson[] {
  const kept = new Map(lab.lessonProgress.all().map((progress) => [progress.name, progress]));
  return lab.lessons.list().flatMap(({ name }) => {
    const progress = kept.get(name);
    if (!progress) return [];
    try {
      return [{ progress, lesson: parseLesson(lab.lessons.open({ name }).text, name) }];
    } catch (error) {
      if (error instanceof ScenarioError || error instanceof LabError) return [];
      throw error;
    }
  });
}

export const lessonVerbsOf = (
  lab: LabService,
  allowance: Allowance,
  host: MachineInfo['host'],
): Pick<Verbs, keyof typeof lessonRequests> => ({
  'lessons.list': async () => ({ lessons: lab.lessons.list(), unmet: await lab.unmetNeeds() }),
  'lesson.open': (place) => {
    if ('file' in place) mayReadFiles(allowance);
    return lab.lessons.open(place);
  },
  'lessons.progress': () => lab.lessonProgress.all(),
  'lesson.keep': (progress) => {
    lab.lessonProgress.keep(progress);
    return undefined;
  },
  'lessons.reset': ({ name }) => {
    lab.lessonProgress.reset(name);
    return undefined;
  },
  'lessons.report': () => ({
    fileName: `fdscope-lab-report-${stampOf(new Date())}.html`,
    text: lessonReport(reported(lab), lab.machine(host)),
  }),
  'switchCost.run': ({ rounds }) => lab.experiments.alone(() => lab.switchCost(rounds)),
  'welcome.take': () => lab.welcome.take(),
});
