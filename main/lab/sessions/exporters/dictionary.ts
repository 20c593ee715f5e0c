/** What each column of the tables is: unit, whether it adds up from the start, and where it comes from. */
import { counterNames, gaugeNames } from '../../../../shared/telemetry/wire.ts';
import { snakeCase, type Column, type Table } from './table.ts';

const sources: Readonly<Record<string, string>> = {
  counters:
    'each process about itself, every 50 ms: system calls where they are made, CPU time and switches from getrusage',
  rates: 'the table counters: what grew since the row before, divided by span_ns',
  machine:
    'the lab, every second: /proc/stat, /proc/PID/task/TID/schedstat, /proc/pressure/cpu, cpu.stat of the cgroup',
  fd_states: 'the server, for each descriptor that did something within a tick; queues from sock_diag',
  fd_shares: 'the server, for each descriptor and tick: time in each state',
  events: 'the server, at the detail level events: each call and what it was answered',
  latency: 'the clients: HdrHistograms of each interval, exact to three digits',
  latency_buckets: 'the clients: the counts of those histograms',
  threads: 'each process, for each thread: the counters that changed',
  steps: 'the server: how often the marked lines of the model were reached',
  sockets: 'the server: each connection as it was opened',
  switches: 'PERF_RECORD_SWITCH of each thread',
  moments: 'what was told: marks, models, notices, findings',
};

const units: readonly (readonly [RegExp, string])[] = [
  [/_per_s$/, 'in a second'],
  [/_ns$/, 'ns'],
  [/_us$/, 'µs'],
  [/_ms$/, 'ms'],
  [/(^|_)bytes(_|$)/, 'bytes'],
  [/_share$/, 'share, 0 to 1'],
];
const totals = new Set(counterNames.map(snakeCase));
const gauges = new Set(gaugeNames.map(snakeCase));
/** Of tables whose other numbers are of one moment or one interval. */
const totalsOf: Readonly<Record<string, readonly string[]>> = { threads: ['value'], steps: ['hits', 'spent_ns'] };

function isCumulative(table: string, name: string): boolean {
  if (table === 'counters') return !gauges.has(name) && (totals.has(name) || name.startsWith('syscall_'));
  return totalsOf[table]?.includes(name) ?? false;
}

function unitOf({ name, type }: Column): string {
  if (type === 'text' || type === 'boolean') return '';
  if (name === 'cpu_user_ns_per_s' || name === 'cpu_system_ns_per_s') return 'ns in a second';
  return (
    units.find(([pattern]) => pattern.test(name))?.[1] ?? (/(^|_)(id|fd|tid|pid|line|step)$/.test(name) ? '' : 'count')
  );
}

/** A row a column, in the order of the tables; the first row has the names. */
export const dictionaryRows = (tables: readonly Table[]): string[][] => [
  ['table', 'column', 'type', 'unit', 'cumulative', 'source'],
  ...tables.flatMap((table) =>
    table.columns.map((column) => [
      ...[
        table.name,
        column.name,
        column.type,
        column.name === 'time_ns' ? 'ns since the session began' : unitOf(column),
      ],
      ...[isCumulative(table.name, column.name) ? 'since its process began' : 'no', sources[table.name] ?? ''],
    ]),
  ),
];
