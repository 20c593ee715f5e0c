/** Results for people: tables and notices. */
import Table from 'cli-table3';
import type { LoadResult, ResultNotice, RunResult, ServeResult } from '../../shared/run-result.ts';

const figure = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
const perRequest = (amount: number, requests: number): number => (requests > 0 ? amount / requests : NaN);
const mebibytes = (bytes: number): string => `${figure(bytes / 1_048_576, 1)} MiB`;

function serverColumns(result: RunResult | ServeResult, requests: number): string[] {
  const { cpuSeconds, contextSwitches } = result;
  const switches = contextSwitches.voluntary + contextSwitches.involuntary;
  const syscalls = total(result.syscalls);
  return [
    figure(perRequest((cpuSeconds.user + cpuSeconds.system) * 1e6, requests), 1),
    syscalls > 0 ? figure(perRequest(syscalls, requests), 2) : '–',
    figure(perRequest(switches, requests), 2),
    mebibytes(result.maxRssBytes),
  ];
}

const serverHead = ['CPU µs/req', 'calls/req', 'switches/req', 'memory'];

export function runTable(results: readonly RunResult[]): string {
  const head = ['model', 'req/s', 'p50 µs', 'p99 µs', ...serverHead, 'errors'];
  const table = new Table({ head, style: { head: [] } });
  for (const result of results) {
    const name = result.variant === undefined ? result.model : `${result.model}, ${result.variant}`;
    table.push([
      name,
      figure(result.requestsPerSecond, 0),
      figure(result.latency.corrected.p50, 0),
      figure(result.latency.corrected.p99, 0),
      ...serverColumns(result, result.serverRequests),
      String(total(result.errors)),
    ]);
  }
  return table.toString();
}

export function serveTable(result: ServeResult): string {
  const table = new Table({ head: ['model', 'requests', ...serverHead, 'errors'], style: { head: [] } });
  const columns = serverColumns(result, result.requests);
  table.push([result.model, String(result.requests), ...columns, String(total(result.errors))]);
  return table.toString();
}

export function loadTable(result: LoadResult): string {
  const head = ['target', 'req/s', 'p50 µs', 'p99 µs', 'p99.9 µs', 'client CPU', 'errors'];
  const table = new Table({ head, style: { head: [] } });
  const { p50, p99, p999 } = result.latency.corrected;
  table.push([
    result.target,
    figure(result.requestsPerSecond, 0),
    ...[p50, p99, p999].map((value) => figure(value, 0)),
    `${figure(result.clientCpuShare * 100, 0)} %`,
    String(total(result.errors)),
  ]);
  return table.toString();
}

/** One line for each notice, told once. */
export function noticeLines(notices: readonly ResultNotice[]): string {
  return [...new Set(notices.map((notice) => `${notice.level}: ${notice.text}\n`))].join('');
}
