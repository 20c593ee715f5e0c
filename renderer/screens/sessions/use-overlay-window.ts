/** What of two overlaid sessions is in sight, and the cursor over it, by pointer and keys. */
import { computed, ref, type ComputedRef, type Ref } from 'vue';
import type { TimeRange } from '../../stores/timebase.ts';
import { nsAt, pxOf, type TimeScale } from '../../tracks/time-scale.ts';

/** A press that moves less is a click. */
const clickPx = 5;
/** The figures are of seconds. */
const narrowestNs = 1e9;

interface Stretch {
  readonly fromPx: number;
  readonly widthPx: number;
}

export interface OverlayWindow {
  readonly range: ComputedRef<TimeRange>;
  readonly scale: ComputedRef<TimeScale>;
  readonly isZoomed: ComputedRef<boolean>;
  readonly cursorNs: Ref<number | undefined>;
  /** While one is being drawn. */
  readonly stretch: ComputedRef<Stretch | undefined>;
  /** Pixels from the plots' left. */
  down(px: number): void;
  move(px: number): void;
  up(px: number): void;
  leave(): void;
  showWhole(): void;
  /** Whether the key means something here. */
  key(key: string): boolean;
}

export function useOverlayWindow(whole: () => TimeRange, widthPx: () => number): OverlayWindow {
  const zoomed = ref<TimeRange>();
  const cursorNs = ref<number>();
  const drawnFromNs = ref<number>();
  const range = computed(() => zoomed.value ?? whole());
  const scale = computed<TimeScale>(() => ({ ...range.value, widthPx: widthPx() }));
  const stretch = computed(() => {
    if (drawnFromNs.value === undefined || cursorNs.value === undefined) return undefined;
    const [a, b] = [pxOf(scale.value, drawnFromNs.value), pxOf(scale.value, cursorNs.value)];
    return { fromPx: Math.min(a, b), widthPx: Math.abs(a - b) };
  });
  const timeAt = (px: number): number => nsAt(scale.value, Math.max(0, Math.min(widthPx(), px)));

  function zoomTo(fromNs: number, toNs: number): void {
    const isWhole = fromNs <= whole().fromNs && toNs >= whole().toNs;
    zoomed.value = isWhole ? undefined : { fromNs, toNs: Math.max(toNs, fromNs + narrowestNs) };
  }
  function zoom(factor: number): void {
    const { fromNs, toNs } = range.value;
    if ((toNs - fromNs) * factor < narrowestNs) return;
    const around = cursorNs.value ?? (fromNs + toNs) / 2;
    zoomTo(
      Math.max(whole().fromNs, around - (around - fromNs) * factor),
      Math.min(whole().toNs, around + (toNs - around) * factor),
    );
  }
  function moveCursor(byNs: number): void {
    const { fromNs, toNs } = range.value;
    const at = cursorNs.value === undefined ? (byNs > 0 ? fromNs : toNs) : cursorNs.value + byNs;
    cursorNs.value = Math.max(fromNs, Math.min(toNs, at));
  }
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => moveCursor(-1e9),
    ArrowRight: () => moveCursor(1e9),
    '+': () => zoom(0.5),
    '-': () => zoom(2),
    '0': () => (zoomed.value = undefined),
  };

  return {
    range,
    scale,
    isZoomed: computed(() => zoomed.value !== undefined),
    cursorNs,
    stretch,
    down(px) {
      drawnFromNs.value = timeAt(px);
    },
    move(px) {
      cursorNs.value = timeAt(px);
    },
    up(px) {
      const from = drawnFromNs.value;
      drawnFromNs.value = undefined;
      if (from === undefined || Math.abs(px - pxOf(scale.value, from)) < clickPx) return;
      zoomTo(Math.min(from, timeAt(px)), Math.max(from, timeAt(px)));
    },
    leave() {
      // A pointer that draws may pass the edge.
      if (drawnFromNs.value === undefined) cursorNs.value = undefined;
    },
    showWhole() {
      zoomed.value = undefined;
    },
    key(key) {
      keys[key]?.();
      return keys[key] !== undefined;
    },
  };
}
