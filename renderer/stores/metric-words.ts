/** The metrics of expectations, comparisons and sweeps as people read them: heads of columns, and values with units. */
import { metrics, type MetricName } from '../../shared/expectations/metrics.ts';
import type { Roundness } from '../tracks/value-scale.ts';
import { bytes, count, duration, perSecond, short } from './format.ts';

const heads: Readonly<Partial<Record<MetricName, string>>> = {
  servedShare: 'Clients served',
  waitedMs: 'Oldest wait',
  bytesPerReply: 'Bytes/reply',
  throughput: 'Requests/s',
  requests: 'Requests',
  p50: 'p50',
  p90: 'p90',
  p99: 'p99',
  p999: 'p99.9',
  rawP50: 'p50, raw',
  rawP99: 'p99, raw',
  rawP999: 'p99.9, raw',
  maxLatency: 'Longest',
  cpuPerRequest: 'CPU/request',
  cpuShare: 'CPU',
  systemCpuPart: 'In the kernel',
  clientCpuShare: 'Clients’ CPU',
  syscallsPerRequest: 'Calls/request',
  switchesPerRequest: 'Switches/request',
  coroutineSwitchesPerRequest: 'Coroutine switches/request',
  eagainPerRequest: 'EAGAIN/request',
  wakeupsPerRequest: 'Wakeups/request',
  eventsPerWakeup: 'Events/wakeup',
  failedAcceptsPerAccept: 'Failed accepts/accept',
  rss: 'Memory',
  memoryPerConnection: 'Memory/connection',
  peakThreads: 'Threads',
  peakFds: 'Descriptors',
  peakConnections: 'Connections',
  accepts: 'Accepted',
  errors: 'Errors',
  timeouts: 'Timeouts',
  mismatches: 'Wrong replies',
  serverErrors: 'Server’s errors',
  refusedBySelect: 'Refused by select',
  outOfFds: 'Out of descriptors',
};

/** As a column's head. */
export const metricHead = (name: MetricName): string => heads[name] ?? name;
/** The same where columns are narrow: it may break behind a slash, but not for one letter. */
export const columnHead = (name: MetricName): string => metricHead(name).replace(/\/(?=..)/, '/\u200b');
const titles: Readonly<Partial<Record<MetricName, string>>> = {
  p50: 'Latency, p50',
  p90: 'Latency, p90',
  p99: 'Latency, p99',
  p999: 'Latency, p99.9',
  cpuShare: 'CPU of the server',
  syscallsPerRequest: 'System calls/request',
  switchesPerRequest: 'Context switches/request',
};
/** In full, where there is room for it. */
export const metricTitle = (name: MetricName): string => titles[name] ?? metricHead(name);
/** Of the ticks of an axis. */
export const metricRoundness = (name: MetricName): Roundness => (metrics[name].unit === 'bytes' ? 'binary' : 'decimal');
/** What it is and how it was obtained. */
export const metricHint = (name: MetricName): string => metrics[name].summary;

/** A value in a unit as metrics.ts names it; `null` is a figure that is not there. */
export function unitText(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return '∞';
  switch (unit) {
    case 's':
      return duration(value * 1e9);
    case 'ms':
      return duration(value * 1e6);
    case 'µs':
      return duration(value * 1e3);
    case 'bytes':
    case 'B':
      return bytes(value);
    case 'requests/s':
    case '1/s':
      return perSecond(value);
    case 'cores':
      return `${short(value)} cores`;
    default:
      return Number.isInteger(value) ? count(value) : short(value);
  }
}
/** All, or a share that does not say "100 %" where somebody was left out. */
function shareText(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value >= 1 ? 'all' : `${Math.floor(value * 1000) / 10} %`;
}
export function metricText(name: MetricName, value: number | null | undefined): string {
  if (name === 'servedShare') return shareText(value);
  if (name === 'throughput') return value === null ? '–' : short(value ?? undefined);
  return unitText(value, metrics[name].unit);
}

/** Of the largest, from 0 to 1: how long a bar is. Nothing where there is no value to be shown. */
export const shareOf = (value: number | null | undefined, most = 0): number =>
  value === null || value === undefined || most <= 0 || !Number.isFinite(value) ? 0 : value / most;
