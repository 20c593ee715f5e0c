/** The order of the tracks: a place up or down by keys and menu, and any place by the grip. */
import { nextTick } from 'vue';
import type { Timebase } from '../stores/timebase.ts';

export interface TrackOrder {
  readonly move: (id: string, by: -1 | 1) => void;
  /** A press on a track's grip. */
  readonly beginMove: (id: string, event: PointerEvent) => void;
}

/** `shownIds` are the tracks from top to bottom; `pane` holds their rows, which say in `data-track` whose they are. */
export function useTrackOrder(
  timebase: Timebase,
  shownIds: () => readonly string[],
  pane: () => HTMLElement | null,
): TrackOrder {
  const rowOf = (id: string): HTMLElement | null | undefined =>
    pane()?.querySelector<HTMLElement>(`[data-track="${CSS.escape(id)}"]`);

  function move(id: string, by: -1 | 1): void {
    const at = shownIds().indexOf(id);
    const other = shownIds()[at + by];
    if (other === undefined) return;
    timebase.moveTrack(
      id,
      timebase.layout.findIndex((track) => track.id === other),
    );
    void nextTick(() => rowOf(id)?.querySelector<HTMLElement>('.plot')?.focus({ preventScroll: false }));
  }

  /** A track that is held by its grip takes the place of the one it is dragged over. */
  function beginMove(id: string, event: PointerEvent): void {
    if (!(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const onMove = (moved: PointerEvent): void => {
      const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest<HTMLElement>('[data-track]');
      const otherId = over?.dataset.track;
      if (over === null || over === undefined || otherId === undefined || otherId === id) return;
      const box = over.getBoundingClientRect();
      const own = rowOf(id)?.getBoundingClientRect();
      // Only beyond the other's middle, or the two would change places back and forth.
      const isPast =
        own !== undefined &&
        (own.top < box.top ? moved.clientY > box.top + box.height / 2 : moved.clientY < box.top + box.height / 2);
      if (isPast)
        timebase.moveTrack(
          id,
          timebase.layout.findIndex((track) => track.id === otherId),
        );
    };
    const onUp = (): void => {
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('pointercancel', onUp);
    };
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('pointercancel', onUp);
  }

  return { move, beginMove };
}
