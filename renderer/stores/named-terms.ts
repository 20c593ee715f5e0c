/** Which term a name on the screen stands for: a column's head, what a legend has, a track. Names are shorter than words in texts. */
import type { Glossary, Term } from '../../shared/glossary.ts';
import { metricHead, metricTitle } from './metric-words.ts';
import type { MetricName } from '../../shared/expectations/metrics.ts';

/** What is not called as the glossary calls it. */
const otherNames: Readonly<Record<string, string>> = {
  // Heads of columns, and figures of the Scope.
  'Requests/s': 'throughput',
  'req/s': 'throughput',
  'CPU/request': 'cpu-per-request',
  'µs/req': 'cpu-per-request',
  'Calls/request': 'system-call',
  'sys/req': 'system-call',
  'System calls/request': 'system-call',
  'Switches/request': 'context-switch',
  'sw/req': 'context-switch',
  'Context switches/request': 'context-switch',
  'Coroutine switches/request': 'coroutine-switch',
  'Kernel switches': 'context-switch',
  'EAGAIN/request': 'EAGAIN',
  'Wakeups/request': 'wakeup',
  'Events/wakeup': 'readiness',
  Memory: 'rss',
  'Memory/connection': 'rss',
  Descriptors: 'fd',
  'Descriptors, most': 'fd',
  Threads: 'thread',
  Accepted: 'accept',
  'Refused by select': 'FD_SETSIZE',
  'Out of descriptors': 'EMFILE',
  'p99 ms': 'percentile',
  'Latency, p50': 'percentile',
  'Latency, p90': 'percentile',
  'Latency, p99': 'percentile',
  'Latency, p99.9': 'percentile',
  'p50, raw': 'coordinated-omission',
  'p99, raw': 'coordinated-omission',
  'p99.9, raw': 'coordinated-omission',
  measured: 'measured-interval',
  // Legends.
  'p50 raw': 'coordinated-omission',
  'p99 raw': 'coordinated-omission',
  voluntary: 'voluntary-switch',
  involuntary: 'involuntary-switch',
  coroutine: 'coroutine-switch',
  others: 'machine-noise',
  pressure: 'psi',
  'no core': 'run-queue',
  'ready, waits for a core': 'run-queue',
  'blocked in a call': 'blocking',
};

/** Undefined where the name says nothing that is explained. */
export const termOfName = (glossary: Glossary, name: string): Term | undefined =>
  glossary.named(otherNames[name] ?? name.replace(/, seen$/, ''));

export const namesWithTerms: readonly string[] = Object.keys(otherNames);
/** Terms that a name leads to, for the test that holds them against the glossary. */
export const termsOfNames: readonly string[] = Object.values(otherNames);

export const termOfMetric = (glossary: Glossary, name: MetricName): Term | undefined =>
  termOfName(glossary, metricTitle(name)) ?? termOfName(glossary, metricHead(name));
