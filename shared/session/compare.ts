/** Two sessions laid over each other: the figures of both, side by side, and what keeps them from being comparable. */
import { z } from 'zod';
import { noiseFigures } from '../machine-noise.ts';
import { servedDiffer, servedShare, servedText } from '../statistics/served.ts';
import { figuresOf, ofWhat, perRequestOf, type SessionFigures } from './figures.ts';
import type { MeasuredCount } from './measured.ts';
import {
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

/** Two sides of what is compared, each as it was. */
interface Side {
  readonly overview: Overview;
  readonly figures: SessionFigures;
}

interface Measure {
  readonly measure: string;
  readonly label: string;
  readonly unit: string;
  readonly better?: 'less' | 'more';
  /** Of the clients that were served: not compared where these were other parts of them. */
  readonly isOfServed?: boolean;
  readonly of: (side: Side) => number | undefined;
}

const perRequest =
  (amount: (figures: SessionFigures) => number) =>
  ({ overview, figures }: Side): number | undefined =>
    perRequestOf(overview, figures, amount(figures));
/** What only some servers count. */
const perRequestCounted =
  (column: CountedColumn & MeasuredCount) =>
  (side: Side): number | undefined =>
    isColumnCounted(side.overview, column) ? perRequest(({ counts }) => counts[column])(side) : undefined;
const latency = (key: 'p50' | 'p90' | 'p99' | 'p999' | 'max', label: string): Measure => ({
  ...{ measure: `latency${key.charAt(0).toUpperCase()}${key.slice(1)}Us`, label: `latency ${label}`, unit: 'µs' },
  ...{ better: 'less', isOfServed: true },
  of: ({
    figures: {
      latency: { corrected },
    },
  }) => (corrected.count > 0 ? corrected[key] : undefined),
});
/** No server has none of these: 0 is a server that nobody looked into. */
const highest =
  (peak: 'rssBytes' | 'threads' | 'openFds') =>
  ({ figures }: Side): number | undefined =>
    figures.peaks[peak] || undefined;

/** Cost per request first: it holds where requests/s do not (machines are shared, clients may be the limit). */
const measures: readonly Measure[] = [
  { measure: 'durationSeconds', label: 'duration', unit: 's', of: ({ figures }) => figures.seconds },
  { measure: 'requests', label: 'requests', unit: '', of: ({ figures }) => figures.requests },
  {
    ...{ measure: 'requestsPerSecond', label: 'requests per second', unit: '1/s', better: 'more' },
    of: ({ figures: { requests, seconds } }) => (seconds > 0 ? requests / seconds : undefined),
  },
  {
    ...{ measure: 'servedShare', label: 'clients that got a reply', unit: '%', better: 'more' },
    of: ({ figures: { clients } }) => clients && servedShare(clients) * 100,
  },
  {
    ...{ measure: 'cpuUsPerRequest', label: 'CPU per request', unit: 'µs', better: 'less' },
    of: perRequest(({ counts }) => counts.serverCpuNs / 1000),
  },
  {
    ...{ measure: 'syscallsPerRequest', label: 'system calls per request', unit: '', better: 'less' },
    of: perRequestCounted('syscalls'),
  },
  {
    ...{ measure: 'switchesPerRequest', label: 'context switches per request', unit: '', better: 'less' },
    of: perRequest(({ counts }) => counts.voluntarySwitches + counts.involuntarySwitches),
  },
  {
    ...{ measure: 'coroutineSwitchesPerRequest', label: 'coroutine switches per request', unit: '' },
    of: perRequestCounted('coroutineSwitches'),
  },
  {
    ...{ measure: 'eagainPerRequest', label: 'EAGAIN per request', unit: '', better: 'less' },
    of: perRequestCounted('eagain'),
  },
  latency('p50', 'p50'),
  latency('p90', 'p90'),
  latency('p99', 'p99'),
  latency('p999', 'p99.9'),
  latency('max', 'max'),
  { measure: 'errors', label: 'errors', unit: '', better: 'less', of: ({ figures }) => figures.counts.errors },
  { measure: 'maxRssBytes', label: 'memory, highest', unit: 'B', better: 'less', of: highest('rssBytes') },
  { measure: 'maxThreads', label: 'threads, most', unit: '', of: highest('threads') },
  { measure: 'maxOpenFds', label: 'open fds, most', unit: '', of: highest('openFds') },
  ...noiseFigures.map(({ name, label, unit, of }): Measure => ({
    ...{ measure: name, label, unit },
    of: ({ figures: { noise } }) => (noise ? (of(noise) ?? undefined) : undefined),
  })),
];

function difference({ of, isOfServed = false, ...measure }: Measure, a: Side, b: Side): Difference {
  const values = { a: of(a), b: of(b) };
  const isCompared = !(isOfServed && servedDiffer(a.figures.clients, b.figures.clients));
  if (!isCompared || values.a === undefined || values.b === undefined) return { ...measure, ...values };
  return {
    ...measure,
    ...values,
    difference: values.b - values.a,
    ...(values.a > 0 ? { ratio: values.b / values.a } : {}),
  };
}

/** Sentences on what the figures are of, where that differs or hinders. */
function intervalCaveats(sides: readonly [Side, Side], names: readonly [string, string]): string[] {
  const [a, b] = [sides[0].figures, sides[1].figures];
  const isSame = a.of === b.of;
  const about = isSame
    ? [ofWhat(a).replace(/, [\d.]+ s:/, ' of each:')]
    : sides.map(({ figures }, i) => `"${names[i] ?? ''}": ${ofWhat(figures)}`);
  if (!servedDiffer(a.clients, b.clients)) return about;
  return [
    `Latencies are not compared: ${servedText(`"${names[0]}"`, a.clients)}, ${servedText(`"${names[1]}"`, b.clients)}, and latencies are those of the clients that were served.`,
    ...about,
  ];
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

const sideOf = ({ overview }: ComparedSession): Side => ({ overview, figures: figuresOf(overview) });

/** Pure: the same two overviews give the same table. */
export function compareSessions(a: ComparedSession, b: ComparedSession): Comparison {
  const differing = differingSettings(a.manifest, b.manifest);
  const isSameSetting = differing.length === 0;
  const sides: readonly [Side, Side] = [sideOf(a), sideOf(b)];
  const names = `${differing.slice(0, mostNamed).join(', ')}${differing.length > mostNamed ? ' and more' : ''}`;
  return {
    differences: measures.map((measure) => difference(measure, ...sides)),
    isSameSetting,
    caveats: [
      ...(isSameSetting
        ? []
        : [`The load was not the same: ${names} differ, so that no figure is called better or worse.`]),
      ...intervalCaveats(sides, [a.manifest.name, b.manifest.name]),
      ...caveatsOf(a, b),
    ],
  };
}
