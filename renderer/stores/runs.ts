/**
 * Whose run the Scope shows. The frames that come are of one run at a time: the user's own, one of an experiment, or that of
 * a session. What is not the user's own puts the own one aside: it stays until another of its kind begins.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { stopwatch } from './format.ts';
import type { TelemetryHistory } from './history.ts';
import { beside, dropBeside, exchangeShown, fedHistory, history, putAside } from './telemetry.ts';
import { useTimebase } from './timebase.ts';

export type RunKind = 'own' | 'experiment' | 'session';

/** The user's own run that was put aside. */
export interface KeptRun {
  /** Such as "epoll-lt, 0:31". */
  readonly words: string;
  readonly lengthNs: number;
}

function keptRun(own: TelemetryHistory): KeptRun {
  const models = [...new Set(own.moments.models.map(({ model }) => model))];
  const more = models.length > 2 ? `${models[0] ?? ''} and ${models.length - 1} more` : models.join(' and ');
  const lengthNs = own.newestNs - own.originNs;
  return { words: [more, stopwatch(lengthNs / 1e9)].filter((part) => part !== '').join(', '), lengthNs };
}

export const useRuns = defineStore('runs', () => {
  const timebase = useTimebase();
  const kept = shallowRef<KeptRun>();
  const isKeptShown = ref(false);
  /** Of what kind the run is whose frames come, or came last. */
  const fed = ref<RunKind>();
  /** Of what is shown. */
  const shown = computed<RunKind | undefined>(() => (isKeptShown.value ? 'own' : fed.value));

  /**
   * Another run begins, whose frames come from now on. `isShown`: it is what the user asked for just now. `isSameRun`: it is
   * told from another moment on, as behind a seek.
   */
  function begin(kind: RunKind, { isShown = true, isSameRun = false } = {}): void {
    if (kind === 'own') {
      if (kept.value !== undefined) dropBeside();
      kept.value = undefined;
      isKeptShown.value = false;
      fed.value = 'own';
      history.reset();
      return;
    }
    if (fed.value === 'own' && history.hasData) {
      kept.value = keptRun(history);
      putAside();
    } else fedHistory().reset(isSameRun && fed.value === kind);
    fed.value = kind;
    if (isShown) showFed();
  }

  /** The session is closed: nothing of it stays, and the user's own run is there again. */
  function end(): void {
    fedHistory().reset();
    fed.value = undefined;
    if (kept.value === undefined) return;
    showKept();
    dropBeside();
    kept.value = undefined;
    isKeptShown.value = false;
    fed.value = 'own';
  }

  /** The run of this kind, if there is one, is being stopped or is over. */
  function ended(kind: RunKind): void {
    if (fed.value === kind) fedHistory().ends();
  }

  /** A lab that runs already when the window opens. */
  function adoptOwn(): void {
    fed.value ??= 'own';
  }

  function showKept(): void {
    if (kept.value === undefined || isKeptShown.value) return;
    isKeptShown.value = true;
    exchangeShown();
    timebase.fitRun(kept.value.lengthNs);
  }

  function showFed(): void {
    if (!isKeptShown.value) return;
    isKeptShown.value = false;
    exchangeShown();
  }

  /** The user's own run is let go of. */
  function forgetKept(): void {
    showFed();
    kept.value = undefined;
    beside.reset();
  }

  return { kept, isKeptShown, fed, shown, begin, ended, end, adoptOwn, showKept, showFed, forgetKept };
});
