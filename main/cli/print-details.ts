/** What --histogram and --verbose add below the table of runs. */
import type { RunResult } from '../../shared/run-result.ts';
import { histogramTable, type LatencyBin } from './histogram.ts';
import { runName } from './print.ts';
import { tableOf, type TextTable } from './table.ts';

interface Detailed extends RunResult {
  readonly histogram?: readonly LatencyBin[];
}

const percentiles = ['p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const;

function latencyTable(name: string, { latency }: RunResult): TextTable {
  const table = tableOf([`latency of ${name}, µs`, ...percentiles]);
  for (const kind of ['corrected', 'uncorrected'] as const) {
    const { [kind]: summary } = latency;
    table.push([kind, ...percentiles.map((key) => (summary.count > 0 ? summary[key].toFixed(0) : '–'))]);
  }
  return table;
}

function callsTable(name: string, { syscalls, serverRequests }: RunResult): TextTable[] {
  const counts = Object.entries(syscalls ?? {});
  if (counts.length === 0) return [];
  const table = tableOf([`system calls of ${name}`, 'count', 'per request']);
  for (const [call, count] of counts) {
    table.push([call, String(count), serverRequests ? (count / serverRequests).toFixed(3) : '–']);
  }
  return [table];
}

function threadsTable(name: string, { threads }: RunResult): TextTable[] {
  if (threads.length === 0) return [];
  const table = tableOf([`threads of ${name}`, 'threads', 'CPU s', 'voluntary switches', 'involuntary']);
  for (const { name: thread, threads: many, cpuSeconds, voluntarySwitches, involuntarySwitches } of threads) {
    table.push([thread, String(many), cpuSeconds.toFixed(3), String(voluntarySwitches), String(involuntarySwitches)]);
  }
  return [table];
}

export function detailTables(runs: readonly Detailed[], isVerbose: boolean): TextTable[] {
  return runs.flatMap((run) => {
    const name = runName(run.label ?? run.model, run.variant);
    const spread = run.histogram && run.histogram.length > 0 ? [histogramTable(name, run.histogram)] : [];
    return isVerbose
      ? [...spread, latencyTable(name, run), ...callsTable(name, run), ...threadsTable(name, run)]
      : spread;
  });
}
