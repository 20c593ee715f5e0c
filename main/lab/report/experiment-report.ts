/** The report of the experiment that a window asks for. */
import type { ExperimentResult } from '../../../shared/contract/experiments.ts';
import { stampOf } from '../sessions/folder.ts';
import { compareReportHtml } from './compare-report.ts';
import { sweepReportHtml } from './sweep-report.ts';

export interface ReportFile {
  readonly fileName: string;
  readonly text: string;
}

/** Null where none of that kind has a result. */
export function experimentReport(
  results: readonly ExperimentResult[],
  kind: 'compare' | 'sweep',
  now = new Date(),
): ReportFile | null {
  const fileName = `fdscope-${kind}-${stampOf(now)}.html`;
  for (const result of results) {
    if (result.kind === 'compare' && kind === 'compare') {
      return { fileName, text: compareReportHtml(result.title, result.compare) };
    }
    if (result.kind === 'sweep' && kind === 'sweep') {
      return { fileName, text: sweepReportHtml(result.title, result.sweep) };
    }
  }
  return null;
}
