/** Runs for spreadsheets: a line a figure, with its unit; what nobody counted is an empty field. */
import { csvText, type CsvFormulas } from '../../shared/csv.ts';
import { metricNames, metrics } from '../../shared/expectations/metrics.ts';
import { noiseFigures } from '../../shared/machine-noise.ts';
import type { LoadResult, RunResult } from '../../shared/run-result.ts';

const head = ['run', 'model', 'label', 'variant', 'figure', 'unit', 'value', 'meaning'];

/** JSON and CSV have no infinity: per request, of none. */
const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

export function runsCsv(results: readonly RunResult[], formulas?: CsvFormulas): string {
  const rows = results.flatMap((run, index) => {
    const named = [index + 1, run.model, run.label ?? null, run.variant ?? null];
    return [
      ...metricNames.map((name) => {
        const { unit, summary, of } = metrics[name];
        return [...named, name, unit, finite(of(run)), summary];
      }),
      ...noiseFigures.map(({ name, unit, meaning, of }) => {
        return [...named, name, unit, run.noise ? of(run.noise) : null, meaning];
      }),
    ];
  });
  return csvText([head, ...rows], { formulas });
}

/** What clients alone can say: of somebody's server nothing else is known. */
export function loadCsv(result: LoadResult, formulas?: CsvFormulas): string {
  const { latency, errors, replies, rate, clientsAtEnd } = result;
  const served = latency.corrected.count > 0;
  const percentiles = (['p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const).flatMap((key) => [
    [key, 'µs', served ? latency.corrected[key] : null, 'latency, corrected for coordinated omission'] as const,
    [`raw ${key}`, 'µs', served ? latency.uncorrected[key] : null, 'latency from the moment of sending'] as const,
  ]);
  const figures: readonly (readonly [string, string, number | null, string])[] = [
    ['duration', 's', result.durationSeconds, 'length of the measured interval'],
    ['connections', '', result.connections, 'connections of the clients'],
    ['throughput', 'requests/s', result.requestsPerSecond, 'replies that the clients verified'],
    ['requests', '', result.requests, 'replies that the clients verified'],
    ['requests sent', '', result.requestsSent, 'requests that left'],
    ...percentiles,
    ['bytes received', 'bytes', result.bytesIn, 'by the clients'],
    ['bytes sent', 'bytes', result.bytesOut, 'by the clients'],
    ['client CPU', 'cores', result.clientCpuShare, 'CPU time of the clients over the interval'],
    ['rate asked', 'requests/s', rate?.askedPerSecond ?? null, 'of an open loop'],
    ['rate sent', 'requests/s', rate?.sentPerSecond ?? null, 'of an open loop'],
    ['clients that asked', '', clientsAtEnd?.asked ?? null, 'clients that wanted a reply'],
    ['clients that were answered', '', clientsAtEnd?.answered ?? null, 'of those that wanted a reply'],
    ...(result.tls
      ? ([
          ['TLS handshakes', '', result.tls.handshakes, 'that succeeded, those before the interval included'],
          ['TLS handshakes failed', '', result.tls.failed, 'of all'],
          ['TLS handshake p50', 'µs', result.tls.times.p50, 'from the open connection to its end'],
          ['TLS handshake p99', 'µs', result.tls.times.p99, 'from the open connection to its end'],
          ['TLS handshake CPU', 'µs', result.tls.cpuMicrosEach, 'CPU time of the clients for each'],
        ] as const)
      : []),
    ...Object.entries(replies).map(([code, count]) => [`replies ${code}`, '', count, 'by what they said'] as const),
    ...Object.entries(errors).map(([kind, count]) => [`errors ${kind}`, '', count, 'as the clients met them'] as const),
  ];
  const rows = figures.map(([name, unit, value, meaning]) => [result.target, name, unit, value, meaning]);
  return csvText([['target', 'figure', 'unit', 'value', 'meaning'], ...rows], { formulas });
}
