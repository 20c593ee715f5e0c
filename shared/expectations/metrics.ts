/** The figures that an expectation may name, each taken from the result of a run. */
import type { ProfileFigures, RunResult } from '../run-result.ts';

export interface Metric {
  /** Unit, for people; empty for a plain number. */
  readonly unit: string;
  /** What it is and how it was obtained, in a few words. */
  readonly summary: string;
  /** Null where the run does not have it: its server is not one of the lab, or nothing was answered. */
  readonly of: (run: RunResult) => number | null;
  /** The same of the clients of one profile, where it can be told apart; null as above. */
  readonly ofProfile?: (clients: ProfileFigures) => number | null;
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
  ({ latency: { [which]: summary } }: Pick<RunResult, 'latency'>): number | null =>
    summary.count === 0 ? null : summary[key];
/** Of everybody, or of one profile. */
const latencyOf = (...which: Parameters<typeof latency>): Pick<Metric, 'of' | 'ofProfile'> => ({
  of: latency(...which),
  ofProfile: latency(...which),
});
const served = ({ clientsAtEnd }: Pick<RunResult, 'clientsAtEnd'>): number | null =>
  clientsAtEnd === null || clientsAtEnd.asked === 0 ? null : clientsAtEnd.answered / clientsAtEnd.asked;
const cpuSeconds = ({ cpuSeconds: { user, system } }: RunResult): number => user + system;

export const metrics = {
  throughput: {
    unit: 'requests/s',
    summary: 'replies that the clients verified',
    of: (run) => run.requestsPerSecond,
    ofProfile: (clients) => clients.requestsPerSecond,
  },
  requests: {
    unit: '',
    summary: 'replies that the clients verified',
    of: (run) => run.requests,
    ofProfile: (clients) => clients.requests,
  },
  p50: { unit: 'µs', summary: 'median latency, corrected', ...latencyOf('corrected', 'p50') },
  p90: { unit: 'µs', summary: '90th percentile of latency, corrected', ...latencyOf('corrected', 'p90') },
  p99: { unit: 'µs', summary: '99th percentile of latency, corrected', ...latencyOf('corrected', 'p99') },
  p999: { unit: 'µs', summary: '99.9th percentile of latency, corrected', ...latencyOf('corrected', 'p999') },
  rawP50: {
    unit: 'µs',
    summary: 'median latency from the moment of sending',
    ...latencyOf('uncorrected', 'p50'),
  },
  rawP999: {
    unit: 'µs',
    summary: '99.9th percentile of latency from the moment of sending',
    ...latencyOf('uncorrected', 'p999'),
  },
  maxLatency: { unit: 'µs', summary: 'longest latency, corrected', ...latencyOf('corrected', 'max') },
  rawP99: {
    unit: 'µs',
    summary: '99th percentile of latency from the moment of sending: blind to what was not sent in time',
    ...latencyOf('uncorrected', 'p99'),
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
  servedShare: {
    unit: '',
    summary: 'part of the clients that got a reply, of those that wanted one',
    of: served,
    ofProfile: served,
  },
  waitedMs: {
    unit: 'ms',
    summary: 'how long the oldest request or connect had waited when the run was over',
    of: ({ clientsAtEnd }) => clientsAtEnd?.oldestMs ?? null,
    ofProfile: ({ clientsAtEnd }) => clientsAtEnd?.oldestMs ?? null,
  },
  bytesPerReply: {
    unit: 'bytes',
    summary: 'what the server sent, for each reply that the clients verified',
    of: ({ bytesOut, requests }) => (bytesOut === null || requests === 0 ? null : bytesOut / requests),
    ofProfile: ({ bytesIn, requests }) => (requests === 0 ? null : bytesIn / requests),
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
  errors: {
    unit: '',
    summary: 'errors that the clients met',
    of: (run) => total(run.errors),
    ofProfile: (clients) => clients.errors,
  },
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

const latencies: readonly string[] = [
  'p50',
  'p90',
  'p99',
  'p999',
  'maxLatency',
  'rawP50',
  'rawP99',
  'rawP999',
] satisfies MetricName[];
/** Whether it tells of those clients only that were served. */
export const isLatency = (name: string): boolean => latencies.includes(name);

/** Other names that people write. */
export const metricAliases: Readonly<Record<string, MetricName>> = {
  latencyP50: 'p50',
  latencyP90: 'p90',
  latencyP99: 'p99',
  latencyP999: 'p999',
};

/** Of one run; of one profile's clients where that is given. */
export function metricOf(run: RunResult, name: MetricName, profile?: string): number | null {
  const metric: Metric = metrics[name];
  if (profile === undefined) return metric.of(run);
  const clients = (run.profiles as Readonly<Record<string, ProfileFigures | undefined>>)[profile];
  return clients && metric.ofProfile ? metric.ofProfile(clients) : null;
}
