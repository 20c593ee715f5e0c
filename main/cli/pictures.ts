/**
 * The export formats `svg` and `png`: the Scope's tracks as pictures, and a kept bench's diagram, drawn by the app's own
 * code without a page.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { captionOf } from '../../shared/session/caption.ts';
import { servedBy } from '../../shared/session/served-by.ts';
import type { DrawSequence, MakePictures, Pictures, PictureView } from '../../shared/session/pictures.ts';
import { findRoot, packagedResources } from '../lab/engine-location.ts';
import { benchDiagram } from '../lab/bench/bench-export.ts';
import { LabError } from '../lab/errors.ts';
import { benchExporter, benchExporters } from '../lab/sessions/exporters/bench.ts';
import type { FrameReader } from '../lab/sessions/exporters/decoded-frames.ts';
import type { ExportChoices, Exporter, PictureChoices } from '../lab/sessions/exporters/exporter.ts';

const defaultWidthPx = 1200;
const widthsPx = { least: 200, most: 8000 } as const;

interface Program {
  readonly makePictures: MakePictures;
  readonly drawSequence: DrawSequence;
}
/** A program of its own, as the app's page is: this one knows what it gives, and not what it is made of. */
async function program(): Promise<Program> {
  if (packagedResources() !== undefined) {
    const sentence =
      'The installed fdscope draws no pictures without its window, as what draws them would be 35 MB of it';
    throw new LabError('unavailable', `${sentence}: export them in the app, or from a checkout of fdscope.`);
  }
  const url = pathToFileURL(join(findRoot(), 'out/pictures.mjs')).href;
  return (await import(url)) as Program;
}

function chosenRange(
  { fromSeconds = 0, toSeconds }: PictureChoices,
  { startedNs, endedNs }: { readonly startedNs: number; readonly endedNs: number },
  longestNs: number,
): { fromNs: number; toNs: number } {
  const fromNs = startedNs + fromSeconds * 1e9;
  const toNs = toSeconds === undefined ? endedNs : startedNs + toSeconds * 1e9;
  const seconds = (endedNs - startedNs) / 1e9;
  if (!(fromNs < toNs) || fromNs >= endedNs) {
    throw new LabError('bad-input', `The session has ${seconds.toFixed(1)} s: choose --from before --to, within them.`);
  }
  if (toNs - fromNs > longestNs) {
    const minutes = longestNs / 60e9;
    throw new LabError('bad-input', `A picture shows ${minutes} minutes at most: choose them with --from and --to.`);
  }
  return { fromNs, toNs };
}

/** The tracks that are wanted and have something to show. Throws LabError. */
function chosenTracks(pictures: Pictures, wanted: string | undefined): string[] {
  const ids = pictures.tracks.map(({ id }) => id);
  if (wanted === undefined) return ids.filter((id) => !pictures.isEmpty(id));
  if (!ids.includes(wanted)) {
    throw new LabError('bad-input', `There is no track "${wanted}": choose ${ids.join(', ')}.`);
  }
  if (pictures.isEmpty(wanted)) {
    throw new LabError('bad-input', `The session has nothing for the track "${wanted}": it needs a higher --detail.`);
  }
  return [wanted];
}

async function fill(pictures: Pictures, reader: FrameReader, toNs: number): Promise<void> {
  for await (const { fromNs, frames } of reader.chunks()) {
    if (fromNs > toNs) break;
    for (const { source, kind, payload } of frames) reader.reading(() => pictures.take(source, kind, payload));
  }
  const { manifest } = reader.session;
  const { machine, settings, started } = manifest;
  const models = servedBy(manifest, await reader.session.overview());
  pictures.caption(captionOf({ models, settings, machine, wallMs: started.wallMs, version: machine.versions.fdscope }));
  pictures.annotate(reader.session.annotations);
  pictures.lacks(reader.session.missing);
}

function checkPicture({ picture: { widthPx } = {} }: ExportChoices): void {
  if (widthPx !== undefined && !(widthPx >= widthsPx.least && widthPx <= widthsPx.most)) {
    throw new LabError('bad-input', `--width is ${widthsPx.least} to ${widthsPx.most} pixels, not ${widthPx}.`);
  }
}

function pictureExporter(
  format: string,
  about: string,
  draw: (pictures: Pictures, track: string, view: PictureView) => string | Uint8Array,
): Exporter {
  return {
    ...{ format, about, extension: `.${format}`, takes: 'picture', check: checkPicture },
    shape: ({ picture }) => (picture?.track === undefined ? 'folder' : 'file'),
    async write(reader, output, { picture = {} }) {
      const { widthPx = defaultWidthPx, theme = 'light' } = picture;
      const pictures = (await program()).makePictures(reader.session.startedNs);
      const range = chosenRange(picture, reader.session, pictures.longestNs);
      await fill(pictures, reader, range.toNs);
      const view = { ...range, widthPx, theme };
      for (const track of chosenTracks(pictures, picture.track)) {
        const file = await output.create(`${track}.${format}`);
        await file.write(draw(pictures, track, view));
      }
    },
  };
}

export const pictureExporters: readonly Exporter[] = [
  pictureExporter('svg', 'the tracks as SVG: a folder with a file a track, or one with --track', (pictures, ...what) =>
    pictures.svg(...what),
  ),
  pictureExporter('png', 'the same as PNG', (pictures, ...what) => pictures.png(...what)),
];

export const benchPictureExporters: readonly Exporter[] = [
  ...benchExporters,
  benchExporter(
    { format: 'png', extension: '.png', about: 'a kept bench as a sequence diagram', takes: 'picture' },
    async (kept, picture) => {
      const { sequence, view } = benchDiagram(kept, picture);
      return (await program()).drawSequence(sequence, view);
    },
  ),
];
