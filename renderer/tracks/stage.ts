/** What all tracks share: the history, the timebase, the colours, and one animation frame. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import type { TelemetryHistory } from '../stores/history.ts';
import { useSelection, type Picked } from '../stores/selection.ts';
import { useTimebase, type Timebase } from '../stores/timebase.ts';
import { palettes, type Palette } from '../theme/palette.ts';
import { FrameScheduler, type Drawable } from './frame-scheduler.ts';
import { Gestures } from './gestures.ts';
import { Markers } from './markers.ts';
import { nsAt, nsPerPx, type TimeScale } from './time-scale.ts';
import type { TrackView } from './track.ts';

/** Figures beside the tracks change no more often than people can read them. */
const readoutMs = 250;

/**
 * A picture that moves on by itself takes so much of the page's time at most: with many sockets and threads, or on a slow
 * machine, it moves in fewer steps, and the page answers as it should. What people do is drawn at once.
 */
const drawingShare = 1 / 16;
/** So often it moves all the same. */
const longestPauseMs = 250;

export interface Stage {
  readonly history: TelemetryHistory;
  readonly timebase: Timebase;
  readonly scheduler: FrameScheduler;
  readonly markers: Markers;
  readonly gestures: Gestures;
  readonly palette: ComputedRef<Palette>;
  readonly plotWidthPx: Ref<number>;
  /** Where the pointer is over the plots; undefined outside. */
  readonly pointerPx: Ref<number | undefined>;
  /** Changes when figures beside the tracks should be read again. */
  readonly readout: Ref<number>;
  /** To be drawn whenever the window, the data or the colours change. Returns how to end that. */
  add(drawable: Drawable): () => void;
  scale(): TimeScale;
  view(heightPx: number): TrackView;
  pick(what: Picked | undefined): void;
}

export function useStage(history: TelemetryHistory, theme: () => Palette['name']): Stage {
  const timebase = useTimebase();
  const selection = useSelection();
  const scheduler = new FrameScheduler();
  const drawables = new Set<Drawable>();
  const plotWidthPx = ref(0);
  const pointerPx = ref<number>();
  const readout = shallowRef(0);
  const palette = computed(() => palettes[theme()]);
  const scale = (): TimeScale => ({ fromNs: timebase.fromNs, toNs: timebase.toNs, widthPx: plotWidthPx.value });

  let seenVersion = -1;
  timebase.adopt(history.runId);
  let readAtMs = 0;
  let readVersion = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function drawAll(): void {
    for (const drawable of drawables) scheduler.invalidate(drawable);
  }

  let movedAtMs = Number.NEGATIVE_INFINITY;
  let nextMove: ReturnType<typeof setTimeout> | undefined;
  const pauseLeftMs = (): number =>
    timebase.isFollowing
      ? movedAtMs + Math.min(longestPauseMs, scheduler.drawingMs / drawingShare) - performance.now()
      : 0;

  function takeNews(): void {
    if (history.version === seenVersion) return;
    const isAnother = timebase.adopt(history.runId);
    if (isAnother) selection.clear();
    // Figures are read meanwhile, and the picture waits for its turn.
    else if (pauseLeftMs() > 0) return;
    seenVersion = history.version;
    // A window of half an hour moves by a pixel every second: until then there is nothing new to see.
    const isWithinPixel = history.newestNs - timebase.toNs < nsPerPx(scale()) && timebase.bounds !== undefined;
    if (timebase.isFollowing && isWithinPixel && history.newestNs > timebase.toNs) return;
    const isFirst = timebase.bounds === undefined;
    timebase.advance(history.keptSinceNs, history.newestNs);
    if (timebase.isFollowing && pointerPx.value !== undefined) timebase.cursorNs = nsAt(scale(), pointerPx.value);
    // A picture that is held is drawn anew only where its window changes: what has come or gone since is not seen.
    if (timebase.isFollowing || isFirst) {
      drawAll();
      movedAtMs = performance.now();
    }
  }

  function readOut(): void {
    if (readVersion === history.version) return;
    // Nor is what is beside it read again.
    if (!timebase.isFollowing && readVersion >= 0) return;
    const dueMs = readAtMs + readoutMs - performance.now();
    clearTimeout(timer);
    if (dueMs > 0) {
      // What came last is read even if nothing comes after it.
      timer = setTimeout(() => scheduler.request(), dueMs);
      return;
    }
    readAtMs = performance.now();
    readVersion = history.version;
    readout.value++;
  }

  function onNews(): void {
    if (nextMove !== undefined) return;
    const leftMs = pauseLeftMs();
    if (leftMs <= 0) {
      scheduler.request();
      return;
    }
    nextMove = setTimeout(() => {
      nextMove = undefined;
      scheduler.request();
    }, leftMs);
  }

  onScopeDispose(history.subscribe(onNews));
  onScopeDispose(scheduler.onFrame(takeNews));
  onScopeDispose(scheduler.onFrame(readOut));
  onScopeDispose(() => {
    clearTimeout(timer);
    clearTimeout(nextMove);
    scheduler.stop();
  });
  watch(
    [() => timebase.fromNs, () => timebase.toNs, plotWidthPx, palette, () => selection.picked],
    () => {
      drawAll();
      scheduler.request();
    },
    { flush: 'sync' },
  );
  watch([() => timebase.cursorNs, () => timebase.selection, () => timebase.isFollowing], () => readout.value++);
  scheduler.request();

  return {
    history,
    timebase,
    scheduler,
    markers: new Markers(history),
    gestures: new Gestures(timebase, scale),
    palette,
    plotWidthPx,
    pointerPx,
    readout,
    add(drawable) {
      drawables.add(drawable);
      scheduler.invalidate(drawable);
      return () => {
        drawables.delete(drawable);
        scheduler.forget(drawable);
      };
    },
    scale,
    view: (heightPx) => ({
      ...scale(),
      heightPx,
      pixelRatio: window.devicePixelRatio,
      palette: palette.value,
      picked: selection.picked,
      isMoving: timebase.isFollowing,
    }),
    pick(what) {
      if (what === undefined) selection.clear();
      else selection.pick(what);
    },
  };
}
