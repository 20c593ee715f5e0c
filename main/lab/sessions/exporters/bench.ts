/** A kept bench in the formats that can show one: its calls as a diagram, as a trace, and word for word. */
import { exportBench, type BenchFormat, type BenchToExport } from '../../bench/bench-export.ts';
import { benchMode, benchSteps } from '../../bench/bench-session.ts';
import { LabError } from '../../errors.ts';
import type { Manifest } from '../../../../shared/session/manifest.ts';
import type { Exporter, PictureChoices } from './exporter.ts';

export const isBench = ({ settings }: Manifest): boolean => settings.mode === benchMode;

const widthsPx = { least: 480, most: 8000 } as const;

/** What the file has in it; the steps are one or more. */
type BenchText = (kept: BenchToExport, picture: PictureChoices | undefined) => Promise<string | Uint8Array>;

export const benchExporter = (
  { format, about, extension, takes }: Pick<Exporter, 'format' | 'about' | 'extension' | 'takes'>,
  textOf: BenchText,
): Exporter => ({
  ...{ format, extension, about, shape: () => 'file' as const },
  ...(takes && { takes }),
  check({ picture: { widthPx, track, fromSeconds, toSeconds } = {} }) {
    if (track !== undefined || fromSeconds !== undefined || toSeconds !== undefined) {
      throw new LabError(
        'bad-input',
        'A kept bench is one diagram with all its calls: leave out --track, --from and --to.',
      );
    }
    if (widthPx !== undefined && !(widthPx >= widthsPx.least && widthPx <= widthsPx.most)) {
      throw new LabError('bad-input', `--width is ${widthsPx.least} to ${widthsPx.most} pixels, not ${widthPx}.`);
    }
  },
  async write(reader, output, { picture }) {
    const { name, scenario, started } = reader.session.manifest;
    const steps = await benchSteps(reader);
    const kept = { name: scenario?.name ?? 'bench', title: name, steps, clock: started };
    const file = await output.create(`bench${extension}`);
    await file.write(await textOf(kept, picture));
  },
});

const exporterOf = (
  about: Pick<Exporter, 'about' | 'extension' | 'takes'> & { readonly format: BenchFormat },
): Exporter =>
  benchExporter(about, async (kept, picture) => {
    const { text, base64 = '' } = await exportBench(about.format, kept, picture);
    return text ?? Buffer.from(base64, 'base64');
  });

export const benchExporters: readonly Exporter[] = [
  exporterOf({ format: 'svg', extension: '.svg', about: 'a kept bench as a sequence diagram', takes: 'picture' }),
  exporterOf({ format: 'perfetto', extension: '.pftrace', about: 'a kept bench for ui.perfetto.dev' }),
  exporterOf({ format: 'json', extension: '.json', about: 'a kept bench as `fdscope walk --json` has it' }),
];
