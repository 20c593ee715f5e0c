/** What a host is told while something runs. */
import type { FrameSource } from '../../shared/contract/channels.ts';
import type { Detail } from '../../shared/contract/live.ts';
import type { RunResult } from '../../shared/run-result.ts';
import type { PlannedRun } from '../../shared/schemas/scenario.ts';
import { counterOf, type Counters } from '../../shared/telemetry/codec.ts';
import type { Frame } from '../../shared/telemetry/frame-splitter.ts';
import type { LatencyTotals } from './latency.ts';
import type { LoadEngine } from './measured-clients.ts';
import type { RunPlaces } from './places/run-places.ts';

export interface Progress {
  /** Of the measured interval. */
  readonly elapsedSeconds: number;
  readonly durationSeconds: number;
  /** Since the interval began. */
  readonly requests: number;
}

/** Who looks on while it runs, as at a live run. */
export interface RunWatch {
  /** A run begins: what is known of the one before goes. */
  begin(): void;
  /** Every frame of its processes, as it came. */
  frame(source: FrameSource, frame: Frame): void;
}

export interface Hooks {
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly watch?: RunWatch | undefined;
  /** The histograms of the measured interval, when it is over: those of several runs can be merged. */
  readonly onLatency?: ((latency: LatencyTotals) => void) | undefined;
  /** How much the server records, where that is more than its counters. */
  readonly detail?: Detail | undefined;
  /** A signal within the measured interval ends that early: the result is of the time until then, with a notice. */
  readonly keepsInterrupted?: boolean | undefined;
  /** Where server and clients run, where that is not here. */
  readonly places?: RunPlaces | undefined;
  /** Of `load`: a file for the latencies while it goes on, as an HdrHistogram log. */
  readonly latencyLog?: string | undefined;
}

/** Tells progress at every counter frame of the load engine. */
export function reportProgress(
  clients: Pick<LoadEngine, 'on'>,
  from: Counters,
  durationSeconds: number,
  onProgress: Hooks['onProgress'],
): void {
  if (!onProgress) return;
  clients.on('counters', (frame) => {
    const elapsedSeconds = Math.min((frame.timeNs - from.timeNs) / 1e9, durationSeconds);
    onProgress({
      elapsedSeconds,
      durationSeconds,
      requests: counterOf(frame, 'requests') - counterOf(from, 'requests'),
    });
  });
}

export interface PlanHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onRun?: ((run: PlannedRun, index: number) => void) | undefined;
  readonly onProgress?: ((progress: Progress, index: number) => void) | undefined;
  readonly watch?: RunWatch | undefined;
  /** A run has ended, well or not. */
  readonly onOutcome?: ((outcome: Outcome, index: number) => void) | undefined;
  /** Of all runs. */
  readonly detail?: Hooks['detail'];
  readonly places?: Hooks['places'];
  readonly keepsInterrupted?: Hooks['keepsInterrupted'];
  /** The histograms of a run, when it is over. */
  readonly onLatency?: ((latency: LatencyTotals, index: number) => void) | undefined;
}

/** What became of one run of a plan. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: RunResult }
  | {
      readonly kind: 'unavailable' | 'failed';
      readonly model: string;
      readonly label?: string;
      readonly variant?: string;
      readonly sentence: string;
    };
