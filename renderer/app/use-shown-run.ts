/** What the window's one history and its timebase owe each other, whichever screen is looked at. */
import { onScopeDispose, watch } from 'vue';
import { useRuns } from '../stores/runs.ts';
import { useSelection } from '../stores/selection.ts';
import { history } from '../stores/telemetry.ts';
import { useTimebase } from '../stores/timebase.ts';
import { useUi } from '../stores/ui.ts';

export function useShownRun(): void {
  const timebase = useTimebase();
  const selection = useSelection();
  const runs = useRuns();
  const ui = useUi();

  timebase.readFrom(() => ({ kept: history.keptSince, newestNs: history.newestNs }));
  timebase.adopt(history.runId);
  // Another run leaves behind where the one before was held and zoomed. What was picked is told by its place in the
  // history, which a seek makes anew.
  let shownEpoch = history.epoch;
  const changed = (): void => {
    timebase.adopt(history.runId);
    if (history.epoch !== shownEpoch) selection.clear();
    shownEpoch = history.epoch;
  };
  onScopeDispose(history.subscribe(changed));
  watch(
    () => timebase.heldNs !== undefined,
    (isHeld) => {
      if (isHeld) history.hold();
      else history.release();
    },
    { flush: 'sync' },
  );
  // Other screens show what is measured or replayed.
  watch(
    () => ui.screen,
    (screen) => {
      if (screen !== 'scope') runs.showFed();
    },
  );
}
