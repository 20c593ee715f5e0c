/** What was done on a bench, in formats that others read. */
import type { BenchStep, WalkResult } from '../../../shared/bench/step.ts';
import type { benchFormats } from '../../../shared/contract/bench.ts';
import { actorsOfSteps, sequenceOf } from '../../../shared/sequence/from-steps.ts';
import { sequenceSvg } from '../../../shared/sequence/svg.ts';
import { monotonicNs } from '../clock.ts';
import type { PictureTheme } from '../../../shared/session/pictures.ts';
import { perfettoTrace } from '../sessions/exporters/perfetto.ts';
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

/** The steps are one or more. */
export function exportBench(
  format: BenchFormat,
  { name, title, steps, clock }: BenchToExport,
  { widthPx, theme = 'light' }: BenchPicture = {},
): ExportedBench {
  switch (format) {
    case 'json': {
      const result: WalkResult = { walk: name, title, steps: [...steps] };
      return { fileName: `${name}.json`, text: `${JSON.stringify(result, null, 2)}\n` };
    }
    case 'svg': {
      const sequence = sequenceOf(steps, actorsOfSteps(steps));
      const view = { widthPx: widthPx ?? Math.max(720, sequence.lanes.length * 330), theme, title };
      return { fileName: `${name}.svg`, text: sequenceSvg(sequence, view) };
    }
    case 'perfetto': {
      const now = { wallMs: Date.now(), monotonicNs: monotonicNs() };
      const bytes = perfettoTrace(clock ?? now, (sink) => traceBench(steps, sink));
      return { fileName: `${name}.pftrace`, base64: Buffer.from(bytes).toString('base64') };
    }
  }
}
