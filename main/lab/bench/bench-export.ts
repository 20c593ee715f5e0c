/** What was done on a bench, in formats that others read. */
import type { BenchStep, WalkResult } from '../../../shared/bench/step.ts';
import type { benchFormats } from '../../../shared/contract/bench.ts';
import { actorsOfSteps, sequenceOf } from '../../../shared/sequence/from-steps.ts';
import type { Sequence } from '../../../shared/sequence/entries.ts';
import type { SequenceView } from '../../../shared/sequence/picture.ts';
import { sequenceSvg } from '../../../shared/sequence/svg.ts';
import { monotonicNs } from '../clock.ts';
import type { PictureTheme } from '../../../shared/session/pictures.ts';
import { traceBench } from './bench-trace.ts';

export type BenchFormat = (typeof benchFormats)[number];

export interface ExportedBench {
  readonly fileName: string;
  readonly text?: string;
  /** Of a format that is no text. */
  readonly base64?: string;
}

export interface BenchToExport {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly BenchStep[];
  /** The same moment by both clocks; now, where it is left out. */
  readonly clock?: { readonly wallMs: number; readonly monotonicNs: number } | undefined;
}

export interface BenchPicture {
  readonly widthPx?: number | undefined;
  readonly theme?: PictureTheme | undefined;
}

/** The diagram of its calls, and how it is shown. The steps are one or more. */
export function benchDiagram(
  { steps, title }: BenchToExport,
  { widthPx, theme = 'light' }: BenchPicture = {},
): { sequence: Sequence; view: SequenceView } {
  const sequence = sequenceOf(steps, actorsOfSteps(steps));
  return { sequence, view: { widthPx: widthPx ?? Math.max(720, sequence.lanes.length * 330), theme, title } };
}

/** The steps are one or more. */
export async function exportBench(
  format: BenchFormat,
  bench: BenchToExport,
  picture: BenchPicture = {},
): Promise<ExportedBench> {
  const { name, title, steps, clock } = bench;
  switch (format) {
    case 'json': {
      const result: WalkResult = { walk: name, title, steps: [...steps] };
      return { fileName: `${name}.json`, text: `${JSON.stringify(result, null, 2)}\n` };
    }
    case 'svg': {
      const { sequence, view } = benchDiagram(bench, picture);
      return { fileName: `${name}.svg`, text: sequenceSvg(sequence, view) };
    }
    case 'perfetto': {
      // With its protobuf it is loaded when it is wanted.
      const { perfettoTrace } = await import('../sessions/exporters/perfetto.ts');
      const now = { wallMs: Date.now(), monotonicNs: monotonicNs() };
      const bytes = perfettoTrace(clock ?? now, (sink) => traceBench(steps, sink));
      return { fileName: `${name}.pftrace`, base64: Buffer.from(bytes).toString('base64') };
    }
  }
}
