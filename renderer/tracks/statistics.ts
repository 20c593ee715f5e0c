/** Statistics of a stretch of time over all tracks, as one table. */
import type { Table, Track } from './track.ts';

export function statisticsTable(tracks: readonly Track[], fromNs: number, toNs: number): Table {
  const rows = tracks.flatMap((track) =>
    track.statistics(fromNs, toNs).map(({ label, value }) => [track.title, label, value]),
  );
  return { columns: ['track', 'figure', 'over the stretch'], rows };
}
