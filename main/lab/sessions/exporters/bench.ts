/** A kept bench in the formats that can show one: its calls as a diagram, as a trace, and word for word. */
import { exportBench, type BenchFormat } from '../../bench/bench-export.ts';
import { benchMode, benchSteps } from '../../bench/bench-session.ts';
import { LabError } from '../../errors.ts';
import type { Manifest } from '../../../../shared/session/manifest.ts';
import type { Exporter } from './exporter.ts';

export const isBench = ({ settings }: Manifest): boolean => settings.mode === benchMode;

const widthsPx = { least: 480, most: 8000 } as const;

const benchExporter = (format: BenchFormat, extension: string, about: string): Exporter => ({
  ...{ format, extension, about, shape: () => 'file' as const },
  ...(format === 'svg' ? { takes: 'picture' as const } : {}),
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
    const { text, base64 = '' } = exportBench(format, kept, picture);
    const file = await output.create(`bench${extension}`);
    await file.write(text ?? Buffer.from(base64, 'base64'));
  },
});

export const benchExporters: readonly Exporter[] = [
  benchExporter('svg', '.svg', 'a kept bench as a sequence diagram'),
  benchExporter('perfetto', '.pftrace', 'a kept bench for ui.perfetto.dev'),
  benchExporter('json', '.json', 'a kept bench as `fdscope walk --json` has it'),
];
