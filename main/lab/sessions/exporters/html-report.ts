/** The parts of the report in their order; html.ts puts them into a page. */
import type { Annotation } from '../../../../shared/session/edits.ts';
import type { Manifest } from '../../../../shared/session/manifest.ts';
import {
  durationSecondsOf,
  isWatchedFromOutside,
  requestsOf,
  servedOf,
  sumOf,
  type Overview,
} from '../../../../shared/session/overview.ts';
import { servedBy } from '../../../../shared/session/served-by.ts';
import { chartHtml, numberText, type Chart, type Series, type TimeAxis } from './html-chart.ts';
import type { Figures, Values } from './html-figures.ts';
import { escaped, section, table, verbatim } from './html-text.ts';

export interface Report {
  readonly manifest: Manifest;
  readonly annotations: readonly Annotation[];
  readonly overview: Overview;
  readonly figures: Figures;
  readonly wasClosedWell: boolean;
}

/** Moments beyond are counted, not listed. */
const mostMoments = 200;
const mostSyscalls = 6;

const scaled = (values: Values | undefined, factor: number): Values =>
  (values ?? []).map((value) => (value === null ? null : value * factor));

const added = (...all: readonly (Values | undefined)[]): Values => {
  const [first = [], ...others] = all.filter((values) => values !== undefined);
  return first.map((value, i) => others.reduce((sum, values) => sum + (values[i] ?? 0), value ?? 0));
};

/** Of a server that was watched from outside, without what nobody counted. */
function charts({ growth, gauges, latency, spanSeconds }: Figures, isOutside: boolean): Chart[] {
  const rate = (name: string, ...keys: string[]): Series[] =>
    keys.some((key) => growth.has(key))
      ? [{ name, values: scaled(added(...keys.map((key) => growth.get(key))), 1 / spanSeconds) }]
      : [];
  const cores = (source: string): Series[] =>
    rate(source, `${source} cpuUserNs`, `${source} cpuSystemNs`).map(({ name, values }) => ({
      ...{ name, values: scaled(values, 1e-9) },
    }));
  const gauge = (name: string, key: string, factor = 1): Series[] =>
    gauges.has(key) ? [{ name, values: scaled(gauges.get(key), factor) }] : [];
  const calls = [...growth]
    .flatMap(([key, values]) => (key.startsWith('syscall ') ? [{ name: key.slice('syscall '.length), values }] : []))
    .sort((a, b) => sumOf(added(b.values).map(Number)) - sumOf(added(a.values).map(Number)));
  const named = calls
    .slice(0, mostSyscalls)
    .map(({ name, values }) => ({ name, values: scaled(values, 1 / spanSeconds) }));
  const rest = calls.slice(mostSyscalls);
  const others =
    rest.length === 0
      ? []
      : [{ name: 'others', values: scaled(added(...rest.map(({ values }) => values)), 1 / spanSeconds) }];
  return [
    {
      title: 'Throughput',
      unit: 'replies/s',
      series: [
        ...rate('received by the clients', 'clients requests'),
        ...(isOutside ? [] : rate('sent by the server', 'server requests')),
      ],
    },
    {
      ...{ title: 'Latency', unit: 'ms', isLog: true },
      text: 'From the moment at which each request was meant to be sent; logarithmic.',
      series: [...latency].map(([name, values]) => ({ name, values: scaled(values, 1e-6) })),
    },
    { title: 'System calls of the server', unit: 'calls/s', series: [...named, ...others] },
    {
      ...{ title: 'Context switches of the server', unit: 'switches/s' },
      series: [
        ...rate('voluntary', 'server voluntarySwitches'),
        ...rate('involuntary', 'server involuntarySwitches'),
        ...(isOutside ? [] : rate('between coroutines', 'server coroutineSwitches')),
      ],
    },
    { title: 'CPU', unit: 'cores', series: [...cores('server'), ...cores('clients')] },
    { title: 'Memory of the server', unit: 'MiB', series: gauge('resident', 'rssBytes', 1 / (1 << 20)) },
    {
      ...{ title: 'Threads, file descriptors and connections of the server', unit: 'open' },
      series: [
        ...gauge('threads', 'threads'),
        ...gauge('file descriptors', 'openFds'),
        ...gauge('connections', 'openConnections'),
      ],
    },
  ];
}

function summary({ manifest, overview }: Report): string {
  const { columns } = overview;
  const requests = sumOf(requestsOf(overview));
  const served = servedOf(overview);
  const seconds = durationSecondsOf(overview);
  const each = (values: readonly number[], factor = 1): string =>
    served > 0 ? numberText((sumOf(values) * factor) / served) : '–';
  const rows: [string, string][] = [
    ['Models', servedBy(manifest, overview).join(', ') || '–'],
    ['Duration', `${numberText(seconds)} s`],
    ['Replies', numberText(requests)],
    ['Replies a second', seconds > 0 ? numberText(requests / seconds) : '–'],
    ['Errors', numberText(sumOf(columns.errors))],
    ['CPU of the server a request', `${each(columns.serverCpuNs, 1e-3)} µs`],
    ['System calls a request', isWatchedFromOutside(overview) ? '–' : each(columns.syscalls)],
    ['Voluntary context switches a request', each(columns.voluntarySwitches)],
    ['Involuntary context switches a request', each(columns.involuntarySwitches)],
  ];
  return table(['Figure', 'Value'], rows);
}

function latencies({ overview: { latency } }: Report): string {
  if (latency.corrected.count === 0) return '';
  const row = (name: string, { p50, p90, p99, p999, max, mean, count }: Overview['latency']['corrected']): string[] => [
    ...[name, ...[p50, p90, p99, p999, max, mean].map((us) => numberText(us / 1000)), numberText(count)],
  ];
  return (
    table(
      ['Latency, ms', 'p50', 'p90', 'p99', 'p99.9', 'max', 'mean', 'count'],
      [row('from the intended send time', latency.corrected), row('from the send itself', latency.uncorrected)],
    ) + '<p>Where the two differ, the server’s stalls kept clients from sending (coordinated omission).</p>'
  );
}

function machine({
  cpuModel,
  cpus,
  serverCpus,
  clientCpus,
  memoryBytes,
  kernel,
  limits,
  versions,
}: Manifest['machine']): string {
  const rows = [
    ['Processor', `${cpuModel}, ${cpus} CPUs`],
    [
      'Server and clients on CPUs',
      serverCpus === '' ? 'wherever the system put them' : `${serverCpus} and ${clientCpus}`,
    ],
    ...(memoryBytes === undefined ? [] : [['Memory', `${numberText(memoryBytes / 2 ** 30)} GiB`]]),
    ['Kernel', `Linux ${kernel}`],
    ...Object.entries(limits).map(([name, value]) => [`Limit ${name}`, String(value)]),
    ...Object.entries(versions).map(([name, value]) => [
      `Version of ${name}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ];
  return table(['Machine', ''], rows);
}

function moments({ overview }: Report, since: (timeNs: number) => string): string {
  const all = overview.moments;
  const rows = all
    .slice(0, mostMoments)
    .map(({ timeNs, source, kind, name, level, text }) => [since(timeNs), source, level ?? kind, text ?? name]);
  const more = all.length > mostMoments ? `<p>${all.length - mostMoments} more are in the session.</p>` : '';
  return rows.length === 0 ? '' : table(['at, s', 'process', 'what', ''], rows) + more;
}

function lacking({ overview, wasClosedWell }: Report): string {
  const { columns, lostFrames } = overview;
  const notices = [
    ...(wasClosedWell ? [] : ['The recording was cut off before its end; this report ends with it.']),
    ...(lostFrames > 0 ? [`The disk was too slow for ${lostFrames} frames, which are not in the session.`] : []),
    ...(sumOf(columns.eventsDropped) > 0
      ? [`${sumOf(columns.eventsDropped)} events found no room in the telemetry; counters have them all.`]
      : []),
    ...(sumOf(columns.switchesLost) > 0
      ? [`The kernel lost records of ${sumOf(columns.switchesLost)} context switches; counts have them.`]
      : []),
  ];
  return notices.map((notice) => `<p class="notice">${escaped(notice)}</p>`).join('\n');
}

export function reportBody(report: Report): string {
  const { manifest, annotations, overview, figures } = report;
  const { startedNs } = overview;
  const since = (timeNs: number): string => numberText((timeNs - startedNs) / 1e9);
  const axis: TimeAxis = {
    ...{ spanSeconds: figures.spanSeconds, spans: figures.spans },
    marks: overview.moments
      .filter(({ kind, source }) => kind === 'model' && source === 'server')
      .slice(0, 30)
      .map(({ timeNs, name }) => ({ seconds: Math.max(0, (timeNs - startedNs) / 1e9), label: name })),
  };
  const { scenario } = manifest;
  const about =
    scenario === undefined ? '' : `<p>${escaped([scenario.title, scenario.question].filter(Boolean).join('. '))}</p>`;
  const written = new Date(manifest.started.wallMs).toISOString();
  return [
    `<header><h1>${escaped(manifest.name)}</h1><p>Recorded ${escaped(written)} by fdscope ${escaped(manifest.machine.versions.fdscope)}</p>${about}</header>`,
    lacking(report),
    section('Notes', verbatim(manifest.notes)),
    section('Summary', summary(report) + latencies(report)),
    section(
      'Over time',
      charts(figures, isWatchedFromOutside(overview))
        .map((chart) => chartHtml(chart, axis))
        .join('\n'),
    ),
    section(
      'System calls of the server',
      isWatchedFromOutside(overview)
        ? '<p>Not available: the server was watched from outside, where nobody counts them.</p>'
        : table(
            ['System call', 'count'],
            Object.entries(overview.syscalls)
              .sort(([, a], [, b]) => b - a)
              .map(([name, count]) => [name, String(count)]),
          ),
    ),
    section('What happened', moments(report, since)),
    section(
      'Annotations',
      annotations.length === 0
        ? ''
        : table(
            ['at, s', ''],
            annotations.map(({ fromNs, toNs, text }) => [
              toNs === undefined ? since(fromNs) : `${since(fromNs)} to ${since(toNs)}`,
              text,
            ]),
          ),
    ),
    section('Machine', machine(manifest.machine)),
    section('Settings', verbatim(JSON.stringify(manifest.settings, null, 2))),
    section('Scenario', verbatim(scenario?.text ?? '')),
    section(
      'How this was measured',
      '<p>Server and clients were real processes on one machine, and talked over loopback: there were no network card and no wire, and part of the server’s work on each packet ran on the core of the clients. Counters are complete, each system call counted where it was made; CPU time and context switches are the kernel’s. Latencies are merged as histograms, and never averaged.</p>',
    ),
  ].join('\n');
}
