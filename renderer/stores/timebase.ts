/** The one timebase of all tracks: what is visible, where the cursor stands, what is selected, how tracks are laid out. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { loadLayout, saveLayout, type TrackLayout } from './timebase-layout.ts';

export interface TimeRange {
  readonly fromNs: number;
  readonly toNs: number;
}

export const narrowestNs = 2_000;
export const widestNs = 30 * 60 * 1e9;
export const usualWidthNs = 30e9;
/** How far beyond the recorded time the window may be moved, as a share of its width. */
const overscroll = 0.5;

export const useTimebase = defineStore('timebase', () => {
  const widthNs = ref(usualWidthNs);
  const toNs = ref(usualWidthNs);
  const fromNs = computed(() => toNs.value - widthNs.value);
  /** The window's end stays at the newest frame. Without it the picture stands still; nothing is lost meanwhile. */
  const isFollowing = ref(true);
  const cursorNs = ref<number>();
  const selection = shallowRef<TimeRange>();
  /** First and newest moment of what is recorded. */
  const bounds = shallowRef<TimeRange>();
  const layout = ref<TrackLayout[]>(loadLayout());

  /** To be told of new frames. */
  function advance(oldestNs: number, newestNs: number): void {
    if (Number.isNaN(newestNs)) {
      bounds.value = undefined;
      return;
    }
    bounds.value = { fromNs: oldestNs, toNs: newestNs };
    if (isFollowing.value) toNs.value = newestNs;
  }

  function reset(): void {
    bounds.value = undefined;
    cursorNs.value = undefined;
    selection.value = undefined;
    isFollowing.value = true;
  }

  function clampedEnd(endNs: number): number {
    if (bounds.value === undefined) return endNs;
    const slack = widthNs.value * overscroll;
    const least = bounds.value.fromNs + widthNs.value - slack;
    return Math.max(least, Math.min(bounds.value.toNs + slack, endNs));
  }

  /** `factor` below 1 shows less time. While following, the newest end stays where it is. */
  function zoom(factor: number, aroundNs = (fromNs.value + toNs.value) / 2): void {
    const width = Math.round(Math.max(narrowestNs, Math.min(widestNs, widthNs.value * factor)));
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
    const width = Math.max(narrowestNs, Math.min(widestNs, range.toNs - range.fromNs));
    widthNs.value = Math.round(width);
    toNs.value = Math.round(range.fromNs + width);
  }

  /** Brings a moment to the middle, such as that of a finding. */
  function showMoment(timeNs: number): void {
    pause();
    toNs.value = Math.round(timeNs + widthNs.value / 2);
    cursorNs.value = timeNs;
  }

  function showAll(): void {
    if (bounds.value === undefined) return;
    const isLive = isFollowing.value;
    show(bounds.value);
    isFollowing.value = isLive;
  }

  function zoomToSelection(): void {
    if (selection.value !== undefined) show(selection.value);
  }

  function follow(): void {
    isFollowing.value = true;
    if (bounds.value !== undefined) toNs.value = bounds.value.toNs;
  }

  function pause(): void {
    isFollowing.value = false;
  }

  function toggleFollow(): void {
    if (isFollowing.value) pause();
    else follow();
  }

  function select(aNs: number, bNs: number): void {
    selection.value = { fromNs: Math.min(aNs, bNs), toNs: Math.max(aNs, bNs) };
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
    cursorNs,
    selection,
    bounds,
    layout,
    advance,
    reset,
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
