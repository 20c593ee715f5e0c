/** An experiment that goes on, in words: what it is, how far it is, and why nothing else can run meanwhile. */
import { computed, type ComputedRef } from 'vue';
import type { ExperimentKind, ExperimentProgress, ExperimentState } from '../../shared/contract/experiments.ts';
import { useExperiments } from './experiments.ts';
import { useLab } from './lab.ts';
import { secondsWords } from './scenario-words.ts';

type Current = NonNullable<ExperimentState['current']>;

const kindWords: Readonly<Record<ExperimentKind, string>> = {
  scenario: 'A scenario',
  compare: 'A comparison',
  sweep: 'A sweep',
};

export const measuringWords = ({ kind }: Current): string => `${kindWords[kind]} is being measured`;

/** Where it would say how far it is. */
export const cancellingWords = 'ending the run and its engines';

/** Of the whole, from 0 to 1. */
export function doneShare(now: ExperimentProgress | undefined): number {
  if (!now) return 0;
  const ofThis = now.durationSeconds > 0 ? Math.min(1, now.elapsedSeconds / now.durationSeconds) : 0;
  return (now.done + ofThis) / Math.max(1, now.total);
}

/** "run 2 of 18: select, 100 connections; about 58 s left" */
export function progressWords(now: ExperimentProgress, unit = ''): string {
  const value = now.value === undefined ? undefined : `${now.value.toLocaleString('en')} ${unit}`.trim();
  const what = [now.label, now.variant, value].filter((part) => part !== undefined && part !== '');
  const run = `run ${Math.min(now.done + 1, now.total)} of ${now.total}`;
  return `${what.length === 0 ? run : `${run}: ${what.join(', ')}`}; about ${secondsWords(now.secondsLeft)} left`;
}

/** Why the live lab cannot be started now, in a sentence; undefined where it can. */
export function useStartObstacle(): ComputedRef<string | undefined> {
  const lab = useLab();
  const experiments = useExperiments();
  return computed(() => {
    if (lab.status !== 'open') return 'The lab is not connected.';
    if (lab.isBusy) return lab.phase === 'stopping' ? 'The lab is stopping.' : 'The lab is starting.';
    const { current } = experiments;
    if (current)
      return `${measuringWords(current)}, and a live run would take the same cores. Wait for its end, or cancel it.`;
    return undefined;
  });
}
