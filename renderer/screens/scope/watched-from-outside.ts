/** Whether the tracks show a server of the user's own, for what is beside them. */
import { onScopeDispose, ref, type Ref } from 'vue';
import { history } from '../../stores/telemetry.ts';

export function useIsWatchedFromOutside(): Readonly<Ref<boolean>> {
  const isOutside = ref(history.isWatchedFromOutside);
  onScopeDispose(
    history.subscribe(() => {
      if (isOutside.value !== history.isWatchedFromOutside) isOutside.value = history.isWatchedFromOutside;
    }),
  );
  return isOutside;
}
