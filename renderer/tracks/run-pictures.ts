/** Tracks of one run as small pictures, for pages that show several runs beside each other. */
import type { TelemetryHistory } from '../stores/history.ts';
import { palettes } from '../theme/palette.ts';
import { makeTracks } from './catalogue.ts';
import { trackAsSvg } from './export.ts';
import { momentsOver } from './over-tracks.ts';
import type { Track } from './track.ts';

export interface RunPicture {
  readonly track: string;
  readonly svg: string;
}

export class RunPictures {
  readonly #history: TelemetryHistory;
  readonly #tracks: readonly Track[];

  constructor(history: TelemetryHistory) {
    this.#history = history;
    this.#tracks = makeTracks(history);
  }

  /** Of the `seconds` that are measured, or those before; tracks that have nothing to show are left out. */
  take(
    ids: readonly string[],
    {
      seconds,
      widthPx,
      theme,
    }: { readonly seconds: number; readonly widthPx: number; readonly theme: 'dark' | 'light' },
  ): RunPicture[] {
    const { newestNs, originNs, steadySinceNs, axisOriginNs } = this.#history;
    if (!Number.isFinite(newestNs)) return [];
    // Behind the measured interval its clients close their connections, which is nobody's figure.
    const isSteady = Number.isFinite(steadySinceNs) && steadySinceNs < newestNs;
    const fromNs = isSteady ? steadySinceNs : Math.max(originNs, newestNs - seconds * 1e9);
    const untilNs = Math.min(newestNs, fromNs + seconds * 1e9);
    return ids.flatMap((id): RunPicture[] => {
      const track = this.#tracks.find((each) => each.id === id);
      if (track === undefined || track.emptyText() !== undefined) return [];
      const view = {
        ...{ fromNs, toNs: Math.max(fromNs + 1e8, untilNs), widthPx, heightPx: 110 },
        ...{ pixelRatio: 1, palette: palettes[theme] },
      };
      return [{ track: id, svg: trackAsSvg(track, view, axisOriginNs, { drawOver: momentsOver(this.#history) }) }];
    });
  }
}
