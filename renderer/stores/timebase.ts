/** The one timebase of all tracks: what is visible, where the cursor stands, what is selected, how tracks are laid out. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { loadLayout, saveLayout, type TrackLayout } from './timebase-layout.ts';

export interface TimeRange {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Since when what tracks draw is kept, in CLOCK_MONOTONIC; NaN where there is nothing. */
export interface KeptSince {
  readonly figuresNs: number;
  readonly socketsNs: number;
}
export type KeptKind = 'figures' | 'sockets';

/** What is recorded of the run that is shown. */
export interface Recorded {
  readonly kept: KeptSince;
  readonly newestNs: number;
}

export const narrowestNs = 2_000;
export const widestNs = 30 * 60 * 1e9;
/** The default window of a run that goes on is the shortest of these that holds it, and then the last one. */
const growingNs = [5e9, 10e9, 20e9, 30e9] as const;
/** While nothing is known of a run. */
export const firstWidthNs = growingNs[0];
export const usualWidthNs = 30e9;
/** Of a run whose length is known, and of a session: all of it within these. */
const shortestFitNs = 1e9;
const longestFitNs = 60e9;
/** How far beyond the recorded time the window may be moved, as a share of its width. */
const overscroll = 0.5;

export const useTimebase = defineStore('timebase', () => {
  const widthNs = ref<number>(firstWidthNs);
  const toNs = ref<number>(firstWidthNs);
  const fromNs = computed(() => toNs.value - widthNs.value);
  /** The window's end stays at the newest frame. Without it the picture stands still; nothing is lost meanwhile. */
  const isFollowing = ref(true);
  /** Until when the picture is told while it is held: the newest moment at the time. What comes later is not shown. */
  const heldNs = ref<number>();
  /** The oldest moments that were there when the picture was held. */
  const heldKept = shallowRef<KeptSince>();
  /** The newest moment of the run, also while the picture is held. */
  const newestNs = ref(Number.NaN);
  /** Nobody has zoomed since the run began: the window suits its length. */
  const isFitted = ref(true);
  /** Of the run, where it is known beforehand. */
  let expectedNs: number | undefined;
  /** Of the run that is shown alone, whatever comes next. */
  let ownNs: number | undefined;
  let shownRun: number | undefined;
  const cursorNs = ref<number>();
  const selection = shallowRef<TimeRange>();
  /** First and newest moment of what is recorded. */
  const bounds = shallowRef<TimeRange>();
  const layout = ref<TrackLayout[]>(loadLayout());
  let recorded: (() => Recorded) | undefined;

  /** Whom to ask what is recorded: a hold is of all that has come by then, drawn or not. */
  function readFrom(source: () => Recorded): void {
    recorded = source;
  }

  /** To be told of new frames. */
  function advance(oldestNs: number, latestNs: number): void {
    if (Number.isNaN(latestNs)) {
      bounds.value = undefined;
      return;
    }
    newestNs.value = latestNs;
    bounds.value = { fromNs: Math.min(oldestNs, heldNs.value ?? oldestNs), toNs: heldNs.value ?? latestNs };
    if (!isFollowing.value) return;
    if (isFitted.value) widthNs.value = fittedNs();
    toNs.value = latestNs;
  }

  function fittedNs(): number {
    const knownNs = ownNs ?? expectedNs;
    if (knownNs !== undefined) return Math.max(shortestFitNs, Math.min(longestFitNs, knownNs));
    const lengthNs = bounds.value === undefined ? 0 : bounds.value.toNs - bounds.value.fromNs;
    return growingNs.find((each) => lengthNs <= each) ?? usualWidthNs;
  }

  /** The length of the run that is shown, or comes next; undefined where nobody knows it. It holds for runs that follow. */
  function fit(lengthNs: number | undefined): void {
    expectedNs = lengthNs;
    if (isFitted.value && isFollowing.value) widthNs.value = fittedNs();
  }

  /** The length of the run that is shown, of which nothing more comes. */
  function fitRun(lengthNs: number): void {
    ownNs = lengthNs;
    if (isFitted.value && isFollowing.value) widthNs.value = fittedNs();
  }

  /** Another run leaves behind where the one before was held, and how it was zoomed. `runId`: of its history. */
  function adopt(runId: number): boolean {
    if (runId === shownRun) return false;
    const isFirst = shownRun === undefined;
    shownRun = runId;
    if (!isFirst) reset();
    return !isFirst;
  }

  function reset(): void {
    bounds.value = undefined;
    cursorNs.value = undefined;
    selection.value = undefined;
    heldNs.value = undefined;
    heldKept.value = undefined;
    newestNs.value = Number.NaN;
    ownNs = undefined;
    isFollowing.value = true;
    isFitted.value = true;
    widthNs.value = fittedNs();
  }

  /** What of the held time is no longer kept. */
  const fellOut = computed<Readonly<Partial<Record<KeptKind, TimeRange>>>>(() => {
    const held = heldKept.value;
    if (held === undefined || bounds.value === undefined) return {};
    const lastNs = bounds.value.toNs;
    const range = (fromNs: number, toNs: number): TimeRange | undefined =>
      toNs > fromNs ? { fromNs, toNs: Math.min(lastNs, toNs) } : undefined;
    const figures = range(held.figuresNs, bounds.value.fromNs);
    const sockets = recorded && range(held.socketsNs, recorded().kept.socketsNs);
    return { ...(figures && { figures }), ...(sockets && { sockets }) };
  });

  function clampedEnd(endNs: number): number {
    if (bounds.value === undefined) return endNs;
    const slack = widthNs.value * overscroll;
    const least = bounds.value.fromNs + widthNs.value - slack;
    return Math.max(least, Math.min(bounds.value.toNs + slack, endNs));
  }

  /** `factor` below 1 shows less time. While following, the newest end stays where it is. */
  function zoom(factor: number, aroundNs = (fromNs.value + toNs.value) / 2): void {
    const width = Math.round(Math.max(narrowestNs, Math.min(widestNs, widthNs.value * factor)));
    isFitted.value = false;
    if (isFollowing.value) {
      widthNs.value = width;
      return;
    }
    const share = (aroundNs - fromNs.value) / widthNs.value;
    widthNs.value = width;
    toNs.value = clampedEnd(Math.round(aroundNs + (1 - share) * width));
  }

  function pan(byNs: number): void {
    pause();
    toNs.value = clampedEnd(Math.round(toNs.value + byNs));
  }

  function show(range: TimeRange): void {
    pause();
    isFitted.value = false;
    const width = Math.max(narrowestNs, Math.min(widestNs, range.toNs - range.fromNs));
    widthNs.value = Math.round(width);
    toNs.value = Math.round(range.fromNs + width);
  }

  /** Brings a moment to the middle, such as that of a finding. */
  function showMoment(timeNs: number): void {
    // What came after it was held would not be seen.
    if (timeNs > (heldNs.value ?? Number.POSITIVE_INFINITY)) follow();
    pause();
    toNs.value = Math.round(timeNs + widthNs.value / 2);
    cursorNs.value = timeNs;
  }

  function showAll(): void {
    if (bounds.value === undefined) return;
    const isLive = isFollowing.value;
    show(bounds.value);
    if (isLive) follow();
  }

  function zoomToSelection(): void {
    if (selection.value !== undefined) show(selection.value);
  }

  function follow(): void {
    isFollowing.value = true;
    heldNs.value = undefined;
    heldKept.value = undefined;
    if (bounds.value === undefined) return;
    bounds.value = { ...bounds.value, toNs: newestNs.value };
    toNs.value = newestNs.value;
  }

  function pause(): void {
    if (!isFollowing.value) return;
    const now = recorded?.();
    if (now !== undefined) advance(now.kept.figuresNs, now.newestNs);
    isFollowing.value = false;
    heldKept.value = now?.kept ?? (bounds.value && { figuresNs: bounds.value.fromNs, socketsNs: Number.NaN });
    heldNs.value = bounds.value?.toNs;
  }

  function toggleFollow(): void {
    if (isFollowing.value) pause();
    else follow();
  }

  /** What came after the picture was held is not shown, and cannot be selected. */
  function select(aNs: number, bNs: number): void {
    const lastNs = heldNs.value ?? Number.POSITIVE_INFINITY;
    const [fromNs, toNs] = [Math.min(aNs, bNs), Math.min(lastNs, Math.max(aNs, bNs))];
    if (toNs > fromNs) selection.value = { fromNs, toNs };
  }

  function clearSelection(): void {
    selection.value = undefined;
  }

  function moveCursor(byNs: number): void {
    const at = (cursorNs.value ?? (fromNs.value + toNs.value) / 2) + byNs;
    cursorNs.value = Math.max(fromNs.value, Math.min(toNs.value, at));
  }

  function changeTrack(id: string, change: Partial<Omit<TrackLayout, 'id'>>): void {
    layout.value = layout.value.map((track) => (track.id === id ? { ...track, ...change } : track));
    saveLayout(layout.value);
  }

  /** Puts a track where another one is. */
  function moveTrack(id: string, toIndex: number): void {
    const moved = layout.value.find((track) => track.id === id);
    if (moved === undefined) return;
    const others = layout.value.filter((track) => track.id !== id);
    others.splice(Math.max(0, Math.min(others.length, toIndex)), 0, moved);
    layout.value = others;
    saveLayout(layout.value);
  }

  /** Tracks that exist but have no place yet come behind those that have; those that no longer exist go. */
  function adoptTracks(known: readonly TrackLayout[]): void {
    const placed = layout.value.filter((track) => known.some((other) => other.id === track.id));
    const added = known.filter((track) => !placed.some((other) => other.id === track.id));
    layout.value = [...placed, ...added.map((track) => ({ ...track }))];
  }

  function restoreTracks(known: readonly TrackLayout[]): void {
    layout.value = known.map((track) => ({ ...track }));
    saveLayout(layout.value);
  }

  return {
    widthNs,
    toNs,
    fromNs,
    isFollowing,
    heldNs,
    fellOut,
    newestNs,
    isFitted,
    cursorNs,
    selection,
    bounds,
    layout,
    readFrom,
    advance,
    reset,
    fit,
    fitRun,
    adopt,
    zoom,
    pan,
    show,
    showMoment,
    showAll,
    zoomToSelection,
    follow,
    pause,
    toggleFollow,
    select,
    clearSelection,
    moveCursor,
    changeTrack,
    moveTrack,
    adoptTracks,
    restoreTracks,
  };
});

export type Timebase = ReturnType<typeof useTimebase>;
