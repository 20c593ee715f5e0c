/** Whether a machine has what a part of a lesson needs. */
import type { UnmetNeed } from '../contract/lessons.ts';
import type { Lesson } from './lesson.ts';
import type { Measured } from './measured.ts';

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

/** Needs that no part is refused for: the lesson runs, and not all that it shows is as it is elsewhere. */
export const remarksOf = (
  { needs = [] }: Pick<Lesson, 'needs'>,
  unmet: readonly UnmetNeed[],
): { readonly reason: string; readonly without: string }[] =>
  needs.flatMap(({ what, parts, without }) => {
    const found = unmet.find((each) => each.what === what);
    return found && parts?.length === 0 ? [{ reason: found.reason, without }] : [];
  });

/** What a neighbour's noise leaves of a part; undefined where there was none to speak of. */
export function leftByNoise(measured: Measured): string | undefined {
  if (measured.kind !== 'run' || !measured.runs.some(({ isNoisy }) => isNoisy)) return undefined;
  return (
    'Other programs used this machine meanwhile, so figures of time are theirs as well: run it again when it is quiet. ' +
    'What was counted, such as calls and switches for a request, is the server’s own all the same.'
  );
}
