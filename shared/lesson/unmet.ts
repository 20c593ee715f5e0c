/** Whether a machine has what a part of a lesson needs. */
import type { UnmetNeed } from '../contract/lessons.ts';
import type { Lesson } from './lesson.ts';

/** Why a machine cannot run a part, and what there is without it: the first need of it that is not met. */
export function whyNotRun(
  { needs = [] }: Pick<Lesson, 'needs'>,
  part: string,
  unmet: readonly UnmetNeed[],
): { readonly reason: string; readonly without: string } | undefined {
  for (const { what, parts, without } of needs) {
    const found = unmet.find((each) => each.what === what);
    if (found && (parts === undefined || parts.includes(part))) return { reason: found.reason, without };
  }
  return undefined;
}
