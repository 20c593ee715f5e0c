/** What a comparison and a sweep can be told by keys and from the list of actions. */
import type { ComputedRef } from 'vue';
import { useCommands, type Command } from '../../stores/commands.ts';
import { useExperiments } from '../../stores/experiments.ts';

interface Verbs {
  readonly kind: 'compare' | 'sweep';
  /** Of the screen, above its actions. */
  readonly group: string;
  /** "Start the comparison" */
  readonly start: string;
  readonly obstacle: ComputedRef<string | undefined>;
  readonly run: () => unknown;
  readonly more?: readonly Command[];
}

export function useExperimentCommands({ kind, group, start, obstacle, run, more = [] }: Verbs): void {
  const experiments = useExperiments();
  useCommands().register(() => [
    {
      id: `${kind}.start`,
      title: start,
      group,
      keys: ['Mod+Enter'],
      isEnabled: () => obstacle.value === undefined && !experiments.isRunning,
      run,
    },
    {
      id: `${kind}.cancel`,
      title: 'Cancel, and keep what is done',
      group,
      keys: ['Mod+.'],
      isEnabled: () => experiments.isRunning,
      run: () => experiments.cancel(),
    },
    ...more,
  ]);
}
