/** The figures that an expectation may name, each taken from the result of a run. */
import type { RunResult } from '../run-result.ts';

export interface Metric {
  /** Unit, for people; empty for a plain number. */
  readonly unit: string;
  /** What it is and how it was obtained, in a few words. */
  readonly summary: string;
  /** Null where the run does not have it: its server is not one of the lab, or nothing was answered. */
  readonly of: (run: RunResult) => number | null;
}

const perRequest = (value: number | null, { requests }: RunResult): number | null => {
  if (value === null) return null;
  return requests > 0 ? value / requests : Infinity;
};
const total = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((sum, value) => sum + value, 0);
const totalOrNull = (values: Readonly<Record<string, number>> | null): number | null => (values ? total(values) : null);
/** Of no replies there is no percentile: 0 would be the fastest of all. */
const latency =
  (which: 'corrected' | 'uncorrected', key: 'p50' | 'p90' | 'p99' | 'p999' | 'max') =>
  ({ latency: { [which]: summary } }: RunResult): number | null =>
    summary.count === 0 ? null : summary[key];
const cpuSeconds = ({ cpuSeconds: { user, system } }: RunResult): number => user + system;

export const metrics = {
  throughput: { unit: 'requests/s', summary: 'replies that the clients verified', of: (run) => run.requestsPerSecond },
  requests: { unit: '', summary: 'replies that the clients verified', of: (run) => run.requests },
  p50: { unit: 'µs', summary: 'median latency, corrected', of: latency('corrected', 'p50') },
  p90: { unit: 'µs', summary: '90th percentile of latency, corrected', of: latency('corrected', 'p90') },
  p99: { unit: 'µs', summary: '99th percentile of latency, corrected', of: latency('corrected', 'p99') },
  p999: { unit: 'µs', summary: '99.9th percentile of latency, corrected', of: latency('corrected', 'p999') },
  rawP50: {
    unit: 'µs',
    summary: 'median latency from the moment of sending',
    of: latency('uncorrected', 'p50'),
  },
  rawP999: {
    unit: 'µs',
    summary: '99.9th percentile of latency from the moment of sending',
    of: latency('uncorrected', 'p999'),
  },
  maxLatency: { unit: 'µs', summary: 'longest latency, corrected', of: latency('corrected', 'max') },
  rawP99: {
    unit: 'µs',
    summary: '99th percentile of latency from the moment of sending: blind to what was not sent in time',
    of: latency('uncorrected', 'p99'),
  },
  cpuPerRequest: {
    unit: 'µs',
    summary: 'CPU time of the server for each request',
    of: (run) => run.cpuMicrosPerRequest,
  },
  cpuShare: {
    unit: 'cores',
    summary: 'CPU time of the server over the interval',
    of: (run) => cpuSeconds(run) / run.durationSeconds,
  },
  systemCpuPart: {
    unit: '',
    summary: 'part of the CPU time that was spent in the kernel',
    of: (run) => (cpuSeconds(run) > 0 ? run.cpuSeconds.system / cpuSeconds(run) : 0),
  },
  clientCpuShare: {
    unit: 'cores',
    summary: 'CPU time of the clients over the interval',
    of: (run) => run.clientCpuShare,
  },
  syscallsPerRequest: { unit: '', summary: 'system calls of the server', of: (run) => run.syscallsPerRequest },
  switchesPerRequest: { unit: '', summary: 'context switches of the server', of: (run) => run.switchesPerRequest },
  coroutineSwitchesPerRequest: {
    unit: '',
    summary: 'coroutine switches of the server',
    of: (run) => perRequest(run.coroutineSwitches, run),
  },
  eagainPerRequest: { unit: '', summary: 'calls that were answered EAGAIN', of: (run) => perRequest(run.eagain, run) },
  wakeupsPerRequest: {
    unit: '',
    summary: 'waits that returned with something',
    of: (run) => perRequest(run.wakeups, run),
  },
  eventsPerWakeup: {
    unit: '',
    summary: 'ready events that one wait returned',
    of: ({ wakeups, readyEvents }) =>
      wakeups === null || readyEvents === null ? null : wakeups > 0 ? readyEvents / wakeups : 0,
  },
  failedAcceptsPerAccept: {
    unit: '',
    summary: 'accept calls that found nobody, for each that found somebody',
    of: ({ accepts, syscalls }) =>
      accepts === null || syscalls === null ? null : accepts > 0 ? ((syscalls.accept4 ?? 0) - accepts) / accepts : 0,
  },
  rss: { unit: 'bytes', summary: 'highest resident memory of the server', of: (run) => run.maxRssBytes },
  memoryPerConnection: {
    unit: 'bytes',
    summary: 'growth of the resident memory of the server since nobody was connected, for each connection',
    of: ({ maxRssBytes, idleRssBytes, connections }) =>
      idleRssBytes === null ? null : (maxRssBytes - idleRssBytes) / connections,
  },
  peakThreads: { unit: '', summary: 'most threads of the server', of: (run) => run.peakThreads },
  peakFds: { unit: '', summary: 'most open descriptors of the server', of: (run) => run.peakFds },
  peakConnections: { unit: '', summary: 'most connections that the server held', of: (run) => run.peakConnections },
  accepts: { unit: '', summary: 'connections that the server accepted', of: (run) => run.accepts },
  errors: { unit: '', summary: 'errors that the clients met', of: (run) => total(run.errors) },
  timeouts: { unit: '', summary: 'requests that the clients gave up', of: (run) => run.errors.timeout },
  mismatches: { unit: '', summary: 'replies with a wrong byte', of: (run) => run.errors.mismatch },
  serverErrors: { unit: '', summary: 'errors that the server met', of: (run) => totalOrNull(run.serverErrors) },
  refusedBySelect: {
    unit: '',
    summary: 'connections that select closed, as their fd has no bit',
    of: (run) => run.serverErrors?.selectRange ?? null,
  },
  outOfFds: {
    unit: '',
    summary: 'times the server had no descriptor left',
    of: (run) => run.serverErrors?.fdLimit ?? null,
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as MetricName[];
