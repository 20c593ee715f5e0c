/** Why an experiment cannot begin now, in a sentence; undefined where it can. */
import { computed, type ComputedRef } from 'vue';
import { useExperimentSetup } from '../../stores/experiment-setup.ts';
import { useExperiments } from '../../stores/experiments.ts';
import { useLab } from '../../stores/lab.ts';

export function useObstacle(kind: 'compare' | 'sweep'): ComputedRef<string | undefined> {
  const lab = useLab();
  const experiments = useExperiments();
  const draft = useExperimentSetup();
  return computed(() => {
    if (lab.status !== 'open') return 'The lab is not connected.';
    if (lab.isRunning || lab.isBusy) return 'The live lab runs, and both would measure each other. Stop it first.';
    if (experiments.current && experiments.current.kind !== kind) {
      return `“${experiments.current.title}” is running. Wait for its end, or cancel it.`;
    }
    if (draft.entryCount === 0) return 'Choose a model.';
    if (kind === 'compare' && draft.entryCount < 2)
      return 'Choose at least two, so that there is something to compare.';
    if (kind === 'sweep' && draft.values === undefined) {
      return 'The values are numbers with commas between them, at most a hundred.';
    }
    return undefined;
  });
}
