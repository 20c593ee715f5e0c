/** A run whose length is known fills the tracks; what was shown before comes back, unless the user has zoomed. */
import { onScopeDispose, watch } from 'vue';
import { useTimebase } from '../stores/timebase.ts';

/** `seconds`: of the whole run; undefined where there is none. */
export function useFittedWindow(seconds: () => number | undefined): void {
  const timebase = useTimebase();
  let fitted: { readonly widthNs: number; readonly beforeNs: number } | undefined;

  function restore(): void {
    if (timebase.widthNs === fitted?.widthNs) timebase.widthNs = fitted.beforeNs;
    fitted = undefined;
  }
  watch(
    seconds,
    (wanted) => {
      restore();
      if (wanted === undefined || !timebase.isFollowing || wanted * 1e9 >= timebase.widthNs) return;
      fitted = { widthNs: wanted * 1e9, beforeNs: timebase.widthNs };
      timebase.widthNs = fitted.widthNs;
    },
    { immediate: true },
  );
  onScopeDispose(restore);
}
