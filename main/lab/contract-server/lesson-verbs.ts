/** What the verbs of lessons do. */
import type { Allowance } from '../../../shared/contract/allowance.ts';
import type { lessonRequests } from '../../../shared/contract/lessons.ts';
import { mayReadFiles } from '../experiments/allowance.ts';
import type { LabService } from '../lab-service.ts';
import type { Verbs } from './verbs.ts';

export const lessonVerbsOf = (lab: LabService, allowance: Allowance): Pick<Verbs, keyof typeof lessonRequests> => ({
  'lessons.list': async () => ({ lessons: lab.lessons.list(), unmet: await lab.unmetNeeds() }),
  'lesson.open': (place) => {
    if ('file' in place) mayReadFiles(allowance);
    return lab.lessons.open(place);
  },
});
