/** The tracks of the Scope, in the order in which they are first shown: what people come to watch is in sight at once. */
import { errorNames } from '../stores/figures.ts';
import type { FigureSource, TelemetryHistory } from '../stores/history.ts';
import { notFromOutside } from '../stores/outside.ts';
import type { MachineColumn } from '../stores/history-machine.ts';
import { columnOf, type LatencyColumn, type SeriesName } from '../stores/series.ts';
import { highestOf, totalSamples } from './samples.ts';
import type { LatencyKind } from '../../shared/telemetry/wire.ts';
import { bytes, duration, percent, perSecond, short } from '../stores/format.ts';
import { LineTrack, type LineSeries } from './line-track.ts';
import { RasterTrack } from './raster-track.ts';
import { StackedTrack } from './stacked-track.ts';
import { TimelineTrack } from './timeline-track.ts';
import type { Track } from './track.ts';

type Look = Pick<LineSeries, 'label' | 'colour' | 'dash' | 'isFilled'>;

/** Growth per second of a total, times `factor`. `hasRange`: the band shows the frames that the line smooths. */
function rate(
  history: TelemetryHistory,
  source: FigureSource,
  name: SeriesName,
  look: Look,
  { factor = 1, hasRange = true } = {},
): LineSeries {
  return {
    ...look,
    ...totalSamples(() => history.counters[source], [name], { factor, hasRange }),
    between: (fromNs, toNs) => history.counters[source].rateBetween(name, fromNs, toNs) * factor,
    absence: () => (history.counters[source].unseen.includes(name) ? notFromOutside : undefined),
  };
}

/** A state of the process; over a range, the highest. */
function gauge(history: TelemetryHistory, source: FigureSource, name: SeriesName, look: Look): LineSeries {
  const column = columnOf(name);
  const ring = (): ReturnType<LineSeries['ring']> => history.counters[source].ring;
  return {
    ...look,
    ring,
    isState: true,
    valueOf: (row) => ring().at(column, row),
    pointOf: (first, last) => highestOf(first, last, (row) => ring().at(column, row)),
    between: (fromNs, toNs) =>
      highestOf(ring().lowerBound(fromNs), Math.min(ring().end - 1, ring().lowerBound(toNs)), (row) =>
        ring().at(column, row),
      ),
  };
}

function latency(
  history: TelemetryHistory,
  kind: LatencyKind,
  column: Exclude<LatencyColumn, 'count'>,
  look: Look,
): LineSeries {
  const percentileOf = { p50: 50, p90: 90, p99: 99, p999: 99.9, max: 100 } as const;
  return {
    ...look,
    ring: () => history.latency[kind].ring,
    valueOf: (row) => history.latency[kind].at(column, row),
    // A percentile of several intervals is no mean of theirs; the highest is that of one of them.
    pointOf: (first, last) => highestOf(first, last, (row) => history.latency[kind].at(column, row)),
    between: (fromNs, toNs) => {
      const merged = history.latency[kind].between(fromNs, toNs);
      if (merged === undefined || merged.totalCount === 0) return Number.NaN;
      return merged.getValueAtPercentile(percentileOf[column]);
    },
  };
}

const dashed = [5, 3] as const;
const dotted = [1.5, 2.5] as const;

export function makeTracks(history: TelemetryHistory): readonly Track[] {
  const originNs = (): number => history.axisOriginNs;
  const steadySinceNs = (): number => history.steadySinceNs;
  const has = (source: FigureSource): boolean => history.counters[source].ring.rows > 1;
  const without = (source: FigureSource, text: string) => (): string | undefined => {
    if (has(source)) return undefined;
    // Servers tell of themselves before there are clients.
    const isSilent = source === 'server' && has('clients') && !history.isWatchedFromOutside;
    return isSilent ? 'Only its clients were recorded, nothing of the server.' : text;
  };
  const server = without(
    'server',
    'Nothing runs yet. Choose a model and press Run: its requests a second appear here.',
  );

  return [
    new LineTrack({
      id: 'throughput',
      title: 'Throughput',
      unit: 'per s, over half a second',
      help: 'Requests that the server answered, by its own count. The dashed line is the clients’ count of replies, each checked byte for byte; the two should lie on each other. Each line is over the half second before, or over a pixel’s time where that is more; the band goes from the lowest to the highest 50 ms within it.',
      heightPx: 96,
      scale: 'linear',
      tableUnit: '1/s',
      originNs,
      steadySinceNs,
      format: perSecond,
      // The clients' line is there for any server.
      emptyText: () => (has('clients') ? undefined : server()),
      series: [
        rate(history, 'server', 'counter.requests', { label: 'served', colour: 'sky', isFilled: true }),
        rate(history, 'clients', 'counter.requests', { label: 'replies', colour: 'orange', dash: dashed }),
      ],
    }),
    new RasterTrack(history, originNs),
    new LineTrack({
      id: 'switches',
      title: 'Context switches',
      unit: 'per s, over half a second',
      help: 'Voluntary: a thread had to wait and gave its core up. Involuntary: the kernel took the core for another thread. Coroutine: user code changed from one coroutine to another, which the kernel does not see and which costs a few nanoseconds.',
      heightPx: 96,
      scale: 'linear',
      tableUnit: '1/s',
      originNs,
      steadySinceNs,
      format: perSecond,
      emptyText: without('server', 'Each time a thread leaves its core is counted by the kernel and shown here.'),
      series: [
        rate(history, 'server', 'counter.voluntarySwitches', { label: 'voluntary', colour: 'sky' }),
        rate(history, 'server', 'counter.involuntarySwitches', {
          label: 'involuntary',
          colour: 'vermilion',
          dash: dashed,
        }),
        rate(history, 'server', 'counter.coroutineSwitches', { label: 'coroutine', colour: 'green', dash: dotted }),
      ],
    }),
    new TimelineTrack(history, originNs),
    new LineTrack({
      id: 'latency',
      title: 'Latency',
      unit: 'log scale',
      help: 'Percentiles of each interval of 100 ms, at the clients. Corrected ones count from the moment a request was due, so that a server that stalls cannot hide its stall (coordinated omission); raw ones from the moment it was sent. Over a selection histograms are merged; percentiles are never averaged: where a pixel holds several intervals, the line is at the highest and the band goes to the lowest.',
      heightPx: 132,
      scale: 'log',
      tableUnit: 'ns',
      originNs,
      steadySinceNs,
      format: duration,
      emptyText: () =>
        history.latency.corrected.ring.rows > 0 || history.latency.uncorrected.ring.rows > 0
          ? undefined
          : has('clients')
            ? 'No reply has been measured yet; those of the warm-up are not.'
            : 'The clients measure each reply. Run a server with at least one client that asks, and percentiles appear here.',
      series: [
        latency(history, 'corrected', 'p99', { label: 'p99', colour: 'vermilion' }),
        latency(history, 'uncorrected', 'p99', { label: 'p99 raw', colour: 'vermilion', dash: dotted }),
        latency(history, 'corrected', 'p90', { label: 'p90', colour: 'orange' }),
        latency(history, 'corrected', 'p50', { label: 'p50', colour: 'sky' }),
        latency(history, 'uncorrected', 'p50', { label: 'p50 raw', colour: 'sky', dash: dotted }),
        latency(history, 'corrected', 'max', { label: 'max', colour: 'grey' }),
      ],
    }),
    new StackedTrack(history, originNs),
    new LineTrack({
      id: 'cpu',
      title: 'CPU',
      unit: 'of one core, over half a second',
      help: 'Time of the server on a core by the kernel’s own clocks, one on top of the other: in its code (user), and in system calls on its behalf (kernel). 200% are two cores, fully used.',
      heightPx: 84,
      scale: 'linear',
      isStacked: true,
      tableUnit: '(share of a core)',
      originNs,
      steadySinceNs,
      format: percent,
      emptyText: without('server', 'User and kernel time of the server appear here while it runs.'),
      series: cpu(history, 'server'),
    }),
    new LineTrack({
      id: 'clientCpu',
      title: 'Clients’ CPU',
      unit: 'of one core, over half a second',
      help: 'The same of the clients, user and kernel time on top of each other. The lab’s clients have one thread unless you gave them more: where the two together come near 100% for each, the clients are the limit, not the server.',
      heightPx: 64,
      scale: 'linear',
      isStacked: true,
      tableUnit: '(share of a core)',
      originNs,
      steadySinceNs,
      format: percent,
      emptyText: without('clients', 'User and kernel time of the clients appear here while they run.'),
      series: cpu(history, 'clients'),
    }),
    new LineTrack({
      id: 'machine',
      title: 'Machine noise',
      unit: 'share, each second',
      help: 'What took CPU time from the server that was none of its own: other programs on its CPUs (others), other machines on the same host (steal), a CPU quota that was used up (cgroup, throttled). “No core” is of the time in which the server’s threads could run: how much of it they waited for a core, whoever had it. “Pressure” is the kernel’s PSI: how long some thread of the machine waited. The lab is what fdscope itself and its windows used, and is no neighbour. Where others have much of the CPUs, figures of time are theirs as well: repeat the run.',
      heightPx: 72,
      scale: 'linear',
      tableUnit: '(share)',
      originNs,
      format: percent,
      emptyText: () =>
        history.machine.ring.rows > 0
          ? undefined
          : has('server') || has('clients')
            ? 'Not in this recording, or not yet told: who else used the machine is measured each second while a server runs.'
            : 'While a server runs, this says how much of its CPUs other programs, the host or a quota had.',
      series: [
        noise(history, 'others', { label: 'others', colour: 'vermilion', isFilled: true }),
        noise(history, 'steal', { label: 'steal', colour: 'purple', dash: dashed }),
        noise(history, 'throttled', { label: 'throttled', colour: 'blue', dash: dashed }),
        noise(history, 'ready', { label: 'no core', colour: 'orange' }),
        noise(history, 'pressure', { label: 'pressure', colour: 'yellow', dash: dotted }),
        noise(history, 'lab', { label: 'lab', colour: 'grey', dash: dotted }),
      ],
    }),
    new LineTrack({
      id: 'clients',
      title: 'Client side',
      unit: 'connections, per second',
      help: 'What the clients see: connections open at the server, connects they complete a second, and errors of every kind.',
      heightPx: 84,
      scale: 'linear',
      tableUnit: '',
      originNs,
      steadySinceNs,
      format: short,
      emptyText: without('clients', 'Once clients run, their connections, connects and errors appear here.'),
      series: [
        gauge(history, 'server', 'gauge.openConnections', { label: 'open connections', colour: 'blue' }),
        rate(history, 'clients', 'counter.connectsDone', { label: 'connects/s', colour: 'green', dash: dashed }),
        errors(history),
      ],
    }),
    new LineTrack({
      id: 'memory',
      title: 'Memory',
      unit: 'resident',
      help: 'Resident memory of the server’s process. Threads take a stack each, coroutines a few kilobytes, an event loop a few hundred bytes a connection.',
      heightPx: 64,
      scale: 'linear',
      tableUnit: 'bytes',
      roundness: 'binary',
      originNs,
      steadySinceNs,
      format: bytes,
      emptyText: without('server', 'The server’s resident memory appears here while it runs.'),
      series: [gauge(history, 'server', 'gauge.rssBytes', { label: 'RSS', colour: 'purple', isFilled: true })],
    }),
  ];
}

/** A second each; what the kernel does not tell has no line. */
function noise(history: TelemetryHistory, column: MachineColumn, look: Look): LineSeries {
  const ring = (): ReturnType<LineSeries['ring']> => history.machine.ring;
  const mean = (first: number, last: number): number => history.machine.mean(column, first, last);
  return {
    ...look,
    ring,
    longestGapNs: 5e9,
    isState: true,
    valueOf: (row) => history.machine.at(column, row),
    pointOf: mean,
    between: (fromNs, toNs) => mean(ring().lowerBound(fromNs), Math.min(ring().end - 1, ring().lowerBound(toNs))),
    absence: () => (ring().rows > 0 && Number.isNaN(mean(ring().first, ring().end - 1)) ? notTold[column] : undefined),
  };
}
const notTold: Readonly<Partial<Record<MachineColumn, string>>> = {
  throttled: 'No CPU quota is set for the server.',
  pressure: 'This kernel keeps no PSI (/proc/pressure/cpu).',
  ready: 'This kernel keeps no run delay (/proc/PID/schedstat).',
};

/** The kernel brings a running thread's time up to date at its own ticks, so that single frames can say more than 100%. */
const cpu = (history: TelemetryHistory, source: FigureSource): readonly LineSeries[] => [
  rate(history, source, 'counter.cpuUserNs', { label: 'user', colour: 'green' }, { factor: 1e-9, hasRange: false }),
  rate(
    history,
    source,
    'counter.cpuSystemNs',
    { label: 'kernel', colour: 'purple' },
    { factor: 1e-9, hasRange: false },
  ),
];

/** All kinds of error of the clients, added up. */
function errors(history: TelemetryHistory): LineSeries {
  const names = errorNames.map((name) => `counter.${name}` as const);
  return {
    label: 'errors/s',
    colour: 'vermilion',
    dash: dotted,
    ...totalSamples(() => history.counters.clients, names, { hasRange: true }),
    between: (fromNs, toNs) =>
      names.reduce((sum, name) => sum + history.counters.clients.rateBetween(name, fromNs, toNs), 0),
  };
}
