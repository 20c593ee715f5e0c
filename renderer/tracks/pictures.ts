/**
 * Pictures of the tracks of a session, and of the calls of a kept bench, without a page: a program of its own for the command line, whose canvases come
 * from a library. Lengths are CSS pixels; a PNG has twice as many.
 */
import { createCanvas, Path2D as LibraryPath, type Canvas } from '@napi-rs/canvas';
import type { DrawSequence, MakePictures, PictureView } from '../../shared/session/pictures.ts';
import { TelemetryHistory } from '../stores/history.ts';
import { paintSequence } from '../stores/sequence-canvas.ts';
import { maxRows } from '../stores/series.ts';
import { palettes } from '../theme/palette.ts';
import { frameIntervalMs } from '../../shared/telemetry/wire.ts';
import { makeTracks } from './catalogue.ts';
import { trackAsCanvas, trackAsSvg } from './export.ts';
import { momentsOver } from './over-tracks.ts';
import { makeCanvasesWith } from './new-canvas.ts';
import type { Track, TrackView } from './track.ts';

// The library's canvases and paths are what the browser's are in all that tracks call.
makeCanvasesWith({
  canvas: () => createCanvas(1, 1) as unknown as HTMLCanvasElement,
  path: (svg) => new LibraryPath(svg),
});

function viewOf(track: Track, { theme, ...range }: PictureView): TrackView {
  // Rows of sockets and threads share the height that there is, and a picture has more of it than a screen.
  const heightPx = track.scrollRows === undefined ? track.heightPx : 2 * track.heightPx;
  return { ...range, heightPx, pixelRatio: 1, palette: palettes[theme] };
}

export const makePictures: MakePictures = (startedNs) => {
  const history = new TelemetryHistory();
  history.startsAt(startedNs);
  const tracks = makeTracks(history);
  const drawOver = momentsOver(history);
  let caption = '';
  const named = (id: string): Track => {
    const found = tracks.find((track) => track.id === id);
    if (found === undefined) throw new Error(`There is no track "${id}".`);
    return found;
  };
  return {
    tracks: tracks.map(({ id, title }) => ({ id, title })),
    longestNs: maxRows * frameIntervalMs * 1e6,
    take: (source, kind, payload) => history.take(source, kind, payload),
    caption: (text) => void (caption = text),
    annotate: (annotations) => history.annotate(annotations),
    lacks: (missing) => history.lacks(missing),
    isEmpty: (id) => named(id).emptyText() !== undefined,
    svg(id, view) {
      const track = named(id);
      return trackAsSvg(track, viewOf(track, view), startedNs, { drawOver, caption });
    },
    png(id, view) {
      const track = named(id);
      return (
        trackAsCanvas(track, viewOf(track, view), startedNs, { drawOver, caption }) as unknown as Canvas
      ).toBuffer('image/png');
    },
  };
};

export const drawSequence: DrawSequence = (sequence, view) =>
  (paintSequence(sequence, view, 2) as unknown as Canvas).toBuffer('image/png');
