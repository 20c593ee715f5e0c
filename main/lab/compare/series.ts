/** One entry of a comparison while its runs are made, and what it comes to. */
import type { Histogram } from 'hdr-histogram-js';
import {
  comparedFigures,
  type ComparedEntry,
  type ComparedFigure,
  type Distribution,
  type Estimate,
  type Timeline,
} from '../../../shared/compare-result.ts';
import { metrics } from '../../../shared/expectations/metrics.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import { base64Of } from '../../../shared/telemetry/latency-histogram.ts';
import type { PlannedRun } from '../../../shared/schemas/scenario.ts';
import type { ComparedSeries } from '../../../shared/statistics/differences.ts';
import { estimate } from '../../../shared/statistics/median-interval.ts';
import { servedOf } from '../../../shared/statistics/served.ts';
import { LatencyTotals } from '../latency.ts';

/** Of all figures of a pair together. */
export const confidence = 0.95;

const percentileLadder = [1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100];

function distributionOf(histogram: Histogram): Distribution {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    percentiles: percentileLadder.map((percentile) => ({ percentile, us: at(percentile) })),
    count: histogram.totalCount,
    hdr: base64Of(histogram),
  };
}

/** What tells it from the others: its model or label, and its variant where there are several. */
export const nameOf = ({ label, variant, settings }: PlannedRun): string =>
  [label ?? settings.server.model, ...(variant === undefined ? [] : [variant])].join(', ');

/** One entry while its runs are made. */
export class Series {
  readonly name: string;
  readonly planned: PlannedRun;
  readonly runs: (RunResult | null)[] = [];
  readonly timelines: (Timeline | null)[] = [];
  readonly #latency = new LatencyTotals();
  /** Trying again would give the same answer. */
  isUnavailable = false;

  constructor(planned: PlannedRun) {
    this.planned = planned;
    this.name = nameOf(planned);
  }

  merge({ corrected, uncorrected }: LatencyTotals): void {
    this.#latency.corrected.add(corrected);
    this.#latency.uncorrected.add(uncorrected);
  }

  skip(round: number): void {
    this.runs[round] = null;
    this.timelines[round] = null;
  }

  valuesOf(figure: ComparedFigure): (number | null)[] {
    return this.runs.map((run) => run && metrics[figure].of(run));
  }

  get compared(): ComparedSeries {
    return {
      ...{ label: this.name, valuesOf: (figure) => this.valuesOf(figure), served: servedOf(this.runs) },
      connections: this.planned.settings.connections,
    };
  }

  get entry(): ComparedEntry {
    const figures = Object.fromEntries(
      comparedFigures.map((figure) => {
        const known = this.valuesOf(figure).filter(
          (value): value is number => value !== null && Number.isFinite(value),
        );
        return [figure, estimate(known, confidence) ?? null];
      }),
    ) as Record<ComparedFigure, Estimate | null>;
    const { corrected, uncorrected } = this.#latency;
    const hasRun = this.runs.some((run) => run !== null);
    return {
      ...{
        label: this.name,
        model: this.planned.settings.server.model,
        runs: this.runs,
        timelines: this.timelines,
        figures,
      },
      latency: hasRun ? { corrected: distributionOf(corrected), uncorrected: distributionOf(uncorrected) } : null,
    };
  }
}
