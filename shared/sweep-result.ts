/** What a sweep found: the JSON of `fdscope sweep --json`. Other programs read it; keys are only ever added. */
import { z } from 'zod';
import type { ServerId } from './catalogue.ts';
import type { Estimate, RecordedSeries, RepeatedRun, SeriesMade } from './compare-result.ts';
import type { MetricName } from './expectations/metrics.ts';
import type { Machine, RunResult } from './run-result.ts';

/** What is varied; the unit of its values. */
export const sweepAxes = {
  clients: 'connections',
  rate: 'requests/s',
  size: 'bytes of a message',
  threads: 'threads of the model',
  idle: 'part of the connections that is idle',
} as const;
export type SweepAxis = keyof typeof sweepAxes;
export const sweepAxisSchema = z.enum(Object.keys(sweepAxes) as [SweepAxis, ...SweepAxis[]]);

export const sweptFigures = [
  'throughput',
  'p50',
  'p99',
  'p999',
  'cpuPerRequest',
  'cpuShare',
  'syscallsPerRequest',
  'switchesPerRequest',
  'rss',
  'errors',
] as const satisfies readonly MetricName[];
export type SweptFigure = (typeof sweptFigures)[number];

/** `refused`: it cannot be here (a limit, a model without that option); `not-run`: the sweep was cancelled before it. */
export type PointStatus = 'done' | 'refused' | 'failed' | 'not-run';

/** With whose interval that of a point overlaps: that of the value before, of the same label; and of others at its value. */
export interface PointDoubt {
  readonly before: boolean;
  readonly others: readonly string[];
}

export interface SweepPoint {
  readonly value: number;
  readonly label: string;
  readonly model: ServerId;
  readonly status: PointStatus;
  /** One sentence, where the status is not `done`. */
  readonly reason?: string;
  /** Of a point that is done; a figure is null where its server does not have it. */
  readonly figures: Readonly<Record<SweptFigure, Estimate | null>> | null;
  /** Figures in which it cannot be told apart. With one run each there is nothing to tell by, and none is named. */
  readonly doubts: Readonly<Partial<Record<SweptFigure, PointDoubt>>>;
  readonly runs: readonly RunResult[];
}

export interface SweepResult {
  /** Of a sweep that was resumed, when it went on. Results of before have none. */
  readonly made?: SeriesMade;
  readonly axis: SweepAxis;
  readonly unit: string;
  readonly values: readonly number[];
  readonly labels: readonly string[];
  readonly repeats: number;
  /** Gives the same order of runs again. */
  readonly seed: number;
  readonly repeated: readonly RepeatedRun[];
  /** By value, and then by label. */
  readonly points: readonly SweepPoint[];
  readonly isCancelled: boolean;
  /** Where its runs were recorded; those of a part that was made before it was resumed are not named. */
  readonly recorded?: RecordedSeries;
  readonly machine: Machine | null;
}
