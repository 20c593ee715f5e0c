/** What a comparison found: the JSON of `fdscope compare --json`. Other programs read it; keys are only ever added. */
import type { MetricName } from './expectations/metrics.ts';
import type { Machine, RunResult } from './run-result.ts';
import type { ServerId } from './catalogue.ts';

/** The middle of several runs, and between which values it lies; no distribution is assumed. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How often an interval that is made like this one holds the true median, 0 to 1. With few runs less than asked for. */
  readonly coverage: number;
  /** Runs, or pairs of runs. */
  readonly count: number;
}

/** Histograms of all runs, merged: percentiles are never averaged. */
export interface Distribution {
  /** Microseconds at percentiles, ascending. */
  readonly percentiles: readonly { readonly percentile: number; readonly us: number }[];
  readonly count: number;
  /** The histogram itself, in ns, as HdrHistogram's compressed V2 encoding in Base64. */
  readonly hdr: string;
}

/** One run over its time, in steps that are the same for all runs of its length. Null where a step has no figure. */
export interface Timeline {
  /** Ends of the steps, from the beginning of the measured interval. */
  readonly seconds: readonly number[];
  /** Replies of each step, divided by its length. Source: the clients' counters. */
  readonly requestsPerSecond: readonly (number | null)[];
  /** Latency of the replies of each step, corrected. Source: the clients' histograms. */
  readonly p99Us: readonly (number | null)[];
  /** CPU time of the server in each step, divided by its length. Source: the server's counters; of an external one /proc. */
  readonly cpuCores: readonly (number | null)[];
}

export interface ComparedEntry {
  readonly label: string;
  readonly model: ServerId;
  /** In the order of the rounds; null where that run failed or was not made. */
  readonly runs: readonly (RunResult | null)[];
  /** Beside `runs`. */
  readonly timelines: readonly (Timeline | null)[];
  /** Null where no run has the figure. */
  readonly figures: Readonly<Record<ComparedFigure, Estimate | null>>;
  readonly latency: { readonly corrected: Distribution; readonly uncorrected: Distribution } | null;
}

/**
 * `more` and `less`: beyond chance, with all figures of the pair in mind, and large enough to matter.
 * `equal`: the same in every run. `alike`: if there is a difference, it is too small to matter.
 * `not-resolved`: either could still be. `too-few-runs`: so many could not tell anything.
 * `not-comparable`: latencies of entries that served different parts of their clients.
 */
export const differenceVerdicts = [
  ...(['more', 'less', 'equal', 'alike', 'not-resolved', 'too-few-runs'] as const),
  ...(['not-comparable', 'not-available'] as const),
] as const;
export type DifferenceVerdict = (typeof differenceVerdicts)[number];

/** Two entries in one figure, run by run: the two of a round were made one soon after the other. */
export interface Difference {
  readonly label: string;
  readonly against: string;
  readonly figure: ComparedFigure;
  readonly verdict: DifferenceVerdict;
  /** `label` less `against`: the middle of all means of two pairs, with the interval of its level. */
  readonly difference: Estimate | null;
  /** `label` divided by `against`; null where a value is 0. */
  readonly ratio: Estimate | null;
  /** How often pairs that do not differ would lie as far to one side (Wilcoxon's signed-rank test, exact). */
  readonly p: number | null;
  /** What `p` was held against: by Holm's procedure over all figures of the two entries. */
  readonly level: number | null;
  /** About so many more repeats would tell; where it is not resolved, or runs are too few. */
  readonly repeatsToTell?: number;
  readonly sentence: string;
}

export const comparedFigures = [
  'throughput',
  'p50',
  'p99',
  'p999',
  'rawP50',
  'rawP99',
  'rawP999',
  'cpuPerRequest',
  'syscallsPerRequest',
  'switchesPerRequest',
  'memoryPerConnection',
  'errors',
] as const satisfies readonly MetricName[];
export type ComparedFigure = (typeof comparedFigures)[number];

/** As the subject of a sentence. */
export const figureNames: Readonly<Record<ComparedFigure, string>> = {
  throughput: 'Requests per second',
  p50: 'Median latency',
  p99: 'p99 latency',
  p999: 'p99.9 latency',
  rawP50: 'Median latency, raw',
  rawP99: 'p99 latency, raw',
  rawP999: 'p99.9 latency, raw',
  cpuPerRequest: 'CPU time per request',
  syscallsPerRequest: 'System calls per request',
  switchesPerRequest: 'Context switches per request',
  memoryPerConnection: 'Memory per connection',
  errors: 'Errors',
};

/** So many repeats find a difference of 10 % in four of five cases, by how much the first rounds varied. */
export interface FigurePower {
  readonly figure: ComparedFigure;
  readonly repeats: number;
}

/** A run that others disturbed, and that was made once more. */
export interface RepeatedRun {
  readonly label: string;
  /** From 1 on. */
  readonly repeat: number;
  /** Of a sweep's axis. */
  readonly value?: number;
  /** What disturbed it. */
  readonly sentence: string;
  /** The quieter of the two counts. */
  readonly isSecondKept: boolean;
}

/** A run that was recorded as a session. */
export interface RecordedRun {
  readonly subject: string;
  /** From 1 on. */
  readonly repeat: number;
  /** Of a sweep's axis. */
  readonly value?: number | undefined;
  /** Absolute path. */
  readonly file: string;
}

export interface RecordedSeries {
  readonly folder: string;
  /** All sessions of it have this tag. */
  readonly tag: string;
  readonly runs: readonly RecordedRun[];
  /** Why later runs were not recorded. */
  readonly fault?: string;
}

/** When a series was begun, and by what: for its report, and to cite it. */
export interface SeriesMade {
  /** ISO 8601. */
  readonly startedAt: string;
  /** Version of fdscope. */
  readonly fdscope: string;
}

export interface CompareResult {
  /** Results of before have none. */
  readonly made?: SeriesMade;
  /** Gives the same order of runs again. */
  readonly seed: number;
  /** Rounds that were made, or were to be made where it was cancelled. */
  readonly repeats: number;
  /** Labels in the order in which they ran, a list a round. */
  readonly order: readonly (readonly string[])[];
  readonly confidence: number;
  readonly entries: readonly ComparedEntry[];
  /** Those whose differences are told: with fewer, fewer repeats tell. Chosen before the first run. */
  readonly figures: readonly ComparedFigure[];
  /** Of each figure that all runs had; none with fewer than three rounds. */
  readonly power: readonly FigurePower[];
  readonly repeated: readonly RepeatedRun[];
  /** Every entry against the first. */
  readonly differences: readonly Difference[];
  readonly notRun: readonly { readonly label: string; readonly round: number; readonly sentence: string }[];
  /** Why it should be made again: others took CPU time from some of its runs. */
  readonly reasonToRepeat?: string;
  /** It was ended before its last round. */
  readonly isCancelled: boolean;
  readonly machine: Machine | null;
  /** Where its runs were recorded. */
  readonly recorded?: RecordedSeries;
}
