/** Comparisons and sweeps as `--json` has them: every run once, in the list `runs` that all results have. */
import type { CompareResult } from '../../shared/compare-result.ts';
import type { RunResult } from '../../shared/run-result.ts';
import type { SweepResult } from '../../shared/sweep-result.ts';

type ReportedRun = RunResult & { readonly label: string; readonly round?: number; readonly value?: number };

/** Its place in `runs`; null where it was not made. */
type Place = number | null;

export interface CompareReport extends Omit<CompareResult, 'entries'> {
  readonly runs: readonly ReportedRun[];
  readonly entries: readonly (Omit<CompareResult['entries'][number], 'runs'> & { readonly runs: readonly Place[] })[];
}

export interface SweepReport extends Omit<SweepResult, 'points'> {
  readonly runs: readonly ReportedRun[];
  readonly points: readonly (Omit<SweepResult['points'][number], 'runs'> & { readonly runs: readonly Place[] })[];
}

export function compareReport({ entries, ...rest }: CompareResult): CompareReport {
  const runs: ReportedRun[] = [];
  const placed = entries.map((entry) => ({
    ...entry,
    runs: entry.runs.map((run, index) =>
      run ? runs.push({ ...run, label: entry.label, round: index + 1 }) - 1 : null,
    ),
  }));
  return { runs, entries: placed, ...rest };
}

export function sweepReport({ points, ...rest }: SweepResult): SweepReport {
  const runs: ReportedRun[] = [];
  const placed = points.map((point) => ({
    ...point,
    runs: point.runs.map((run) => runs.push({ ...run, label: point.label, value: point.value }) - 1),
  }));
  return { runs, points: placed, ...rest };
}
