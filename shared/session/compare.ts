/** Two sessions laid over each other: the figures of both, side by side, and what keeps them from being comparable. */
import { z } from 'zod';
import {
  durationSecondsOf,
  hasServer,
  highestOf,
  isColumnCounted,
  isWatchedFromOutside,
  requestsOf,
  servedOf,
  sumOf,
  type CountedColumn,
  type Overview,
} from './overview.ts';
import type { Manifest } from './manifest.ts';

export const differenceSchema = z.object({
  /** With its unit, such as `cpuUsPerRequest`. */
  measure: z.string(),
  label: z.string(),
  unit: z.string(),
  /** Undefined where a session does not have it. */
  a: z.number().optional(),
  b: z.number().optional(),
  /** b − a. */
  difference: z.number().optional(),
  /** b / a. */
  ratio: z.number().optional(),
  /** Which direction is better, where one is. */
  better: z.enum(['less', 'more']).optional(),
});
export type Difference = z.infer<typeof differenceSchema>;

export const comparisonSchema = z.object({
  differences: z.array(differenceSchema),
  /** But for the model and its options: only then a figure is better or worse. */
  isSameSetting: z.boolean().default(false),
  /** Sentences: what was different besides what was meant to be. */
  caveats: z.array(z.string()),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export interface ComparedSession {
  readonly manifest: Manifest;
  readonly overview: Overview;
}

interface Measure {
  readonly measure: string;
  readonly label: string;
  readonly unit: string;
  readonly better?: 'less' | 'more';
  readonly of: (overview: Overview) => number | undefined;
}

const ratio = (value: number, by: number): number | undefined => (by > 0 ? value / by : undefined);
const perRequest =
  (amount: (overview: Overview) => number) =>
  (overview: Overview): number | undefined =>
    hasServer(overview) ? ratio(amount(overview), servedOf(overview)) : undefined;
/** What only some servers count. */
const perRequestCounted =
  (column: CountedColumn) =>
  (overview: Overview): number | undefined =>
    isColumnCounted(overview, column) ? perRequest(({ columns }) => sumOf(columns[column]))(overview) : undefined;
const latency =
  (key: 'p50' | 'p90' | 'p99' | 'p999' | 'max') =>
  ({ latency: { corrected } }: Overview): number | undefined =>
    corrected.count > 0 ? corrected[key] : undefined;
/** No server has none of these: 0 is a server that nobody looked into. */
const highest =
  (column: 'rssBytes' | 'threads' | 'openFds') =>
  ({ columns }: Overview): number | undefined =>
    highestOf(columns[column]) || undefined;

/** Cost per request first: it holds where requests/s do not (machines are shared, clients may be the limit). */
const measures: readonly Measure[] = [
  { measure: 'durationSeconds', label: 'duration', unit: 's', of: durationSecondsOf },
  { measure: 'requests', label: 'requests', unit: '', of: (overview) => sumOf(requestsOf(overview)) },
  {
    ...{ measure: 'requestsPerSecond', label: 'requests per second', unit: '1/s', better: 'more' },
    of: (overview) => ratio(sumOf(requestsOf(overview)), durationSecondsOf(overview)),
  },
  {
    ...{ measure: 'cpuUsPerRequest', label: 'CPU per request', unit: 'µs', better: 'less' },
    of: perRequest(({ columns }) => sumOf(columns.serverCpuNs) / 1000),
  },
  {
    ...{ measure: 'syscallsPerRequest', label: 'system calls per request', unit: '', better: 'less' },
    of: perRequestCounted('syscalls'),
  },
  {
    ...{ measure: 'switchesPerRequest', label: 'context switches per request', unit: '', better: 'less' },
    of: perRequest(({ columns }) => sumOf(columns.voluntarySwitches) + sumOf(columns.involuntarySwitches)),
  },
  {
    ...{ measure: 'coroutineSwitchesPerRequest', label: 'coroutine switches per request', unit: '' },
    of: perRequestCounted('coroutineSwitches'),
  },
  {
    ...{ measure: 'eagainPerRequest', label: 'EAGAIN per request', unit: '', better: 'less' },
    of: perRequestCounted('eagain'),
  },
  { measure: 'latencyP50Us', label: 'latency p50', unit: 'µs', better: 'less', of: latency('p50') },
  { measure: 'latencyP90Us', label: 'latency p90', unit: 'µs', better: 'less', of: latency('p90') },
  { measure: 'latencyP99Us', label: 'latency p99', unit: 'µs', better: 'less', of: latency('p99') },
  { measure: 'latencyP999Us', label: 'latency p99.9', unit: 'µs', better: 'less', of: latency('p999') },
  { measure: 'latencyMaxUs', label: 'latency max', unit: 'µs', better: 'less', of: latency('max') },
  { measure: 'errors', label: 'errors', unit: '', better: 'less', of: ({ columns }) => sumOf(columns.errors) },
  { measure: 'maxRssBytes', label: 'memory, highest', unit: 'B', better: 'less', of: highest('rssBytes') },
  { measure: 'maxThreads', label: 'threads, most', unit: '', of: highest('threads') },
  { measure: 'maxOpenFds', label: 'open fds, most', unit: '', of: highest('openFds') },
];

function difference({ of, ...measure }: Measure, a: Overview, b: Overview): Difference {
  const values = { a: of(a), b: of(b) };
  const both =
    values.a === undefined || values.b === undefined
      ? {}
      : { difference: values.b - values.a, ...(values.a > 0 ? { ratio: values.b / values.a } : {}) };
  return { ...measure, ...values, ...both };
}

function caveatsOf(a: ComparedSession, b: ComparedSession): string[] {
  const caveats: string[] = [];
  const machines = [a.manifest.machine, b.manifest.machine] as const;
  const differs = (what: string, first: unknown, second: unknown): void => {
    if (String(first) !== String(second)) caveats.push(`The ${what} differs: ${String(first)} and ${String(second)}.`);
  };
  differs('CPU', machines[0].cpuModel, machines[1].cpuModel);
  differs('number of CPUs', machines[0].cpus, machines[1].cpus);
  differs('kernel', machines[0].kernel, machines[1].kernel);
  differs('version of fdscope', machines[0].versions.fdscope, machines[1].versions.fdscope);
  for (const { manifest, overview } of [a, b]) {
    const busy = overview.moments.find(({ name, kind }) => name === 'machineBusy' && kind !== 'mark');
    if (busy) caveats.push(`"${manifest.name}" is a reason to repeat. ${busy.text ?? ''}`.trim());
    const lost = sumOf(overview.columns.eventsDropped) + sumOf(overview.columns.switchesLost) + overview.lostFrames;
    if (lost > 0) caveats.push(`"${manifest.name}" lacks ${lost} records that found no room while it ran.`);
    if (servedOf(overview) === 0) {
      const lacks = sumOf(requestsOf(overview)) === 0 ? 'no requests' : 'nothing from its server';
      caveats.push(`"${manifest.name}" has ${lacks}, so it has no cost per request.`);
    } else if (isWatchedFromOutside(overview)) {
      caveats.push(
        `The server of "${manifest.name}" was watched from outside: its costs are per reply that its clients had, and nobody counted its system calls.`,
      );
    }
  }
  return caveats;
}

/** Settings that are named in a sentence. */
const mostNamed = 5;
/** What is compared, and what says nothing of the load: an address, a session's length, what is recorded. */
const ownSettings = [
  ...['model', 'options', 'port', 'host', 'pid', 'command'].map((key) => `server.${key}`),
  ...['model', 'options', 'durationSeconds', 'detail', 'name'],
];

/** Paths of the settings in which two sessions differ, but for those. */
function differingSettings(a: Manifest, b: Manifest): string[] {
  const found: string[] = [];
  const look = (first: unknown, second: unknown, path: string): void => {
    if (JSON.stringify(first) === JSON.stringify(second)) return;
    const areObjects = [first, second].every((each) => typeof each === 'object' && each !== null);
    if (!areObjects) {
      found.push(path);
      return;
    }
    const [one, other] = [first, second] as readonly Readonly<Record<string, unknown>>[];
    for (const key of new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})])) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!ownSettings.includes(at)) look(one?.[key], other?.[key], at);
    }
  };
  look(a.settings, b.settings, '');
  return found;
}

/** Pure: the same two overviews give the same table. */
export function compareSessions(a: ComparedSession, b: ComparedSession): Comparison {
  const differing = differingSettings(a.manifest, b.manifest);
  const isSameSetting = differing.length === 0;
  const names = `${differing.slice(0, mostNamed).join(', ')}${differing.length > mostNamed ? ' and more' : ''}`;
  return {
    differences: measures.map((measure) => difference(measure, a.overview, b.overview)),
    isSameSetting,
    caveats: [
      ...(isSameSetting
        ? []
        : [`The load was not the same: ${names} differ, so that no figure is called better or worse.`]),
      ...caveatsOf(a, b),
    ],
  };
}
