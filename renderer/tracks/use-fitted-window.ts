/** A run whose length is known fills the tracks, unless the user has zoomed. */
import { onScopeDispose, watch } from 'vue';
import { useTimebase } from '../stores/timebase.ts';

/** `seconds`: of the whole run; undefined where there is none. */
export function useFittedWindow(seconds: () => number | undefined): void {
  const timebase = useTimebase();
  watch(seconds, (wanted) => timebase.fit(wanted === undefined ? undefined : wanted * 1e9), { immediate: true });
  onScopeDispose(() => timebase.fit(undefined));
}
