/** Whether there is something to look at: a run that goes on, or one whose figures are still here. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue';
import { useLab } from '../../stores/lab.ts';
import { history } from '../../stores/telemetry.ts';

export function useHasRun(): ComputedRef<boolean> {
  const lab = useLab();
  const hasData = ref(history.hasData);
  onScopeDispose(
    history.subscribe(() => {
      if (hasData.value !== history.hasData) hasData.value = history.hasData;
    }),
  );
  return computed(() => hasData.value || lab.phase !== 'idle');
}
