/** Order, heights and visibility of the tracks, kept from one visit to the next. */
import { z } from 'zod';

const trackLayoutSchema = z.object({
  id: z.string(),
  heightPx: z.number().min(24).max(2000),
  isHidden: z.boolean(),
  isCollapsed: z.boolean(),
});
export type TrackLayout = z.infer<typeof trackLayoutSchema>;

const key = 'fdscope.tracks';

/** What was saved; nothing where that is unreadable or where the browser keeps nothing. */
export function loadLayout(): TrackLayout[] {
  try {
    return z.array(trackLayoutSchema).parse(JSON.parse(localStorage.getItem(key) ?? '[]'));
  } catch {
    return [];
  }
}

export function saveLayout(layout: readonly TrackLayout[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(layout));
  } catch {
    // A browser that keeps nothing shows the usual layout next time.
  }
}
