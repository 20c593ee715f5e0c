/** `--switch 2s:epoll-lt,4s:io_uring`: models that take over while a run goes on. */
import { modelIds } from '../../shared/catalogue.ts';
import type { Phase } from '../../shared/schemas/settings.ts';
import { parseQuantity } from '../../shared/quantities.ts';
import { didYouMean } from '../../shared/schemas/suggest.ts';
import { LabError } from '../lab/errors.ts';

/** In the order of their times. Throws LabError. */
export function parseSwitches(text: string): Phase[] {
  const refuse = (why: string): never => {
    throw new LabError('bad-input', `--switch takes times and models, such as 2s:epoll-lt,4s:io_uring: ${why}`);
  };
  const phases = text.split(',').map((part): Phase => {
    const [, time = '', name] = /^\s*([^:]*[a-zµ]):(.*?)\s*$/.exec(part) ?? refuse(`"${part}" is not of that form.`);
    const seconds = parseQuantity(time, 'seconds') ?? refuse(`"${time}" is no time.`);
    if (seconds < 0) refuse(`"${time}" is before the run.`);
    const model = modelIds.find((id) => id === name);
    if (model) return { at: seconds, switch: model };
    const hint = didYouMean(name ?? '', modelIds);
    return refuse(`there is no model "${name ?? ''}"${hint || '.'}`);
  });
  return phases.sort((a, b) => a.at - b.at);
}

/** With the phases that a scenario has of its own. Throws LabError where one comes after the end. */
export function withSwitches(
  own: readonly Phase[] | undefined,
  switches: readonly Phase[],
  durationSeconds: number,
): Phase[] {
  for (const { at } of switches) {
    if (at < durationSeconds) continue;
    throw new LabError(
      'bad-input',
      `--switch at ${at} s comes after the run has ended, which takes ${durationSeconds} s; --duration makes it longer.`,
    );
  }
  return [...(own ?? []), ...switches].sort((a, b) => a.at - b.at);
}
