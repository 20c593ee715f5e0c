/** The parts of the report in their order; html.ts puts them into a page. */
import { areCallsCounted, countingOf, isCounterCounted } from '../../../../shared/telemetry/counted.ts';
import type { Annotation } from '../../../../shared/session/edits.ts';
import { citationOfSession } from '../../../../shared/session/citation.ts';
import { noiseFigures, noiseText } from '../../../../shared/machine-noise.ts';
import { figuresOf, ofWhat, wholeFigures, type SessionFigures } from '../../../../shared/session/figures.ts';
import { measuredStretches } from '../../../../shared/session/measured.ts';
import type { Manifest } from '../../../../shared/session/manifest.ts';
import { isColumnCounted, isWatchedFromOutside, sumOf, type Overview } from '../../../../shared/session/overview.ts';
import { syscallLook, type Pattern } from '../../../../shared/syscall-looks.ts';
import { servedBy } from '../../../../shared/session/served-by.ts';
import { errorKinds } from '../../../../shared/telemetry/wire.ts';
import {
  chartHtml,
  countText,
  hatch,
  numberText,
  type Chart,
  type Series,
  type TimeAxis,
  type Values,
} from '../../report/html-chart.ts';
import type { Figures } from './html-figures.ts';
import { noShares, sharesHtml } from './html-shares.ts';
import { escaped, section, table, verbatim } from '../../report/html-text.ts';
import { dateText } from '../../report/page.ts';
import { citeSection, paragraphs } from '../../report/series-parts.ts';

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

/** Dashes instead of the patterns that areas have. */
const callDashes: Readonly<Record<Pattern, string>> = {
  ...{ plain: 'none', dots: '2 3', rising: '8 4', falling: '10 3 2 3', cross: '5 5', bars: '1 4' },
};
function callLook(name: string): Series['look'] {
  const { colour, hatch } = syscallLook(name);
  return { name: `c-${colour}`, dash: callDashes[hatch] };
}

const scaled = (values: Values | undefined, factor: number): Values =>
  (values ?? []).map((value) => (value === null ? null : value * factor));

/** Unknown where one of them is. */
const added = (...all: readonly (Values | undefined)[]): Values => {
  const [first = [], ...others] = all.filter((values) => values !== undefined);
  return first.map((value, i) =>
    others.reduce<number | null>((sum, values) => {
      const other = values[i] ?? null;
      return sum === null || other === null ? null : sum + other;
    }, value),
  );
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
    .sort((a, b) => sumOf(b.values.map(Number)) - sumOf(a.values.map(Number)));
  const named = calls.slice(0, mostSyscalls).map(({ name, values }) => ({
    ...{ name, values: scaled(values, 1 / spanSeconds), look: callLook(name) },
  }));
  const rest = calls.slice(mostSyscalls);
  const others =
    rest.length === 0
      ? []
      : [
          {
            name: 'others',
            look: callLook(''),
            values: scaled(added(...rest.map(({ values }) => values)), 1 / spanSeconds),
          },
        ];
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
    {
      ...{ title: 'CPU', unit: 'cores' },
      text: 'User and kernel time together; each process has both apart in the tables of counters.',
      series: [...cores('server'), ...cores('clients')],
    },
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

/** "2,187 (reset 2,187)". */
function errorsText({ overview, figures }: Report): string {
  const total = sumOf(overview.columns.errors);
  const { errors } = figures;
  const met = errors.get('clients') ?? errors.get('server');
  const kinds = errorKinds.flatMap((kind) => {
    const count = met?.get(kind) ?? 0;
    return count > 0 ? [`${kind} ${countText(count)}`] : [];
  });
  return kinds.length === 0 ? countText(total) : `${countText(total)} (${kinds.join(', ')})`;
}

function summary(report: Report): string {
  const { manifest, overview } = report;
  const measured = figuresOf(overview);
  const columns = [...(measured.of === 'measured' ? [measured] : []), wholeFigures(overview)];
  const row = (name: string, of: (figures: SessionFigures) => string): string[] => [name, ...columns.map(of)];
  const each =
    (amount: (counts: SessionFigures['counts']) => number) =>
    ({ counts, served }: SessionFigures): string =>
      served > 0 ? numberText(amount(counts) / served) : '–';
  const rows = [
    row('Duration, s', ({ seconds }) => numberText(seconds)),
    row('Replies', ({ requests }) => countText(Math.round(requests))),
    row('Replies a second', ({ requests, seconds }) => (seconds > 0 ? countText(Math.round(requests / seconds)) : '–')),
    ...(measured.clients
      ? [row('Clients that got a reply', ({ clients }) => (clients ? `${clients.answered} of ${clients.asked}` : '–'))]
      : []),
    row('Errors', ({ of, counts }) => (of === 'whole' ? errorsText(report) : countText(Math.round(counts.errors)))),
    row(
      'CPU of the server a request, µs',
      each(({ serverCpuNs }) => serverCpuNs / 1000),
    ),
    row('System calls a request', isColumnCounted(overview, 'syscalls') ? each(({ syscalls }) => syscalls) : () => '–'),
    row(
      'Voluntary context switches a request',
      each(({ voluntarySwitches }) => voluntarySwitches),
    ),
    row(
      'Involuntary context switches a request',
      each(({ involuntarySwitches }) => involuntarySwitches),
    ),
    ...noiseFigures.map((each) => row(`${each.label}, ${each.unit}`, ({ noise }) => noiseText(noise, each) ?? '–')),
  ];
  const heads = measured.of === 'measured' ? ['measured', 'whole recording'] : ['whole recording'];
  return (
    paragraphs([`Served by ${servedBy(manifest, overview).join(', ') || '–'}. ${ofWhat(measured)}`]) +
    table(['', ...heads], rows)
  );
}

/** What clients of each kind got: a slow client's replies are not what the others get. */
function byProfile({ overview }: Report): string {
  const { profiles } = figuresOf(overview);
  if (profiles.length === 0) return '';
  const ms = (us: number, count: number): string => (count > 0 ? numberText(us / 1000) : '–');
  return table(
    ['Clients', 'replies', 'served', 'errors', 'bytes received', 'bytes sent', 'p50, ms', 'p99, ms', 'max, ms'],
    profiles.map(({ profile, counts, latency: { corrected } }) => [
      profile,
      ...(counts
        ? [
            ...[countText(counts.replies), `${counts.answered} of ${counts.asked}`, countText(counts.errors)],
            ...[countText(counts.bytesIn), countText(counts.bytesOut)],
          ]
        : ['–', '–', '–', '–', '–']),
      ...[corrected.p50, corrected.p99, corrected.max].map((us) => ms(us, corrected.count)),
    ]),
  );
}

/** What a reader compares: the whole session has also the time before and between the measured intervals. */
function byModel({ overview, figures: { models } }: Report): string {
  if (models.length === 0) return '';
  const isOutside = isWatchedFromOutside(overview);
  const hasCoroutines = models.some(({ coroutineSwitches }) => coroutineSwitches > 0);
  const ms = (ns: number | undefined): string => (ns === undefined ? '–' : numberText(ns / 1e6));
  const rows = models.map((own) => {
    const requests = own.replies > 0 ? own.replies : own.served;
    const served = isOutside ? own.replies : own.served;
    const each = (sum: number): string => (served > 0 ? numberText(sum / served) : '–');
    return [
      ...[own.model, numberText(own.seconds), countText(Math.round(requests / own.seconds))],
      ...[ms(own.latencyNs?.p50), ms(own.latencyNs?.p99), each(own.cpuNs / 1000)],
      ...[
        areCallsCounted(countingOf(own.model)) ? each(own.syscalls) : '–',
        each(own.voluntarySwitches + own.involuntarySwitches),
      ],
      ...(hasCoroutines
        ? [isCounterCounted(countingOf(own.model), 'coroutineSwitches') ? each(own.coroutineSwitches) : '–']
        : []),
    ];
  });
  const head = [
    ...['Model', 'measured, s', 'replies/s', 'p50, ms', 'p99, ms', 'CPU, µs a request', 'calls a request'],
    ...['switches a request', ...(hasCoroutines ? ['coroutine switches a request'] : [])],
  ];
  return (
    table(head, rows) +
    '<p>Of the measured time of each: without connecting, warming up and the pauses between runs. Frames come twenty times a second; where a measured stretch begins or ends between two of them, what grew between them is shared out by time.</p>'
  );
}

function latencies({ overview }: Report): string {
  const { latency } = figuresOf(overview);
  if (latency.corrected.count === 0) return '';
  const row = (name: string, { p50, p90, p99, p999, max, mean, count }: Overview['latency']['corrected']): string[] => [
    ...[name, ...[p50, p90, p99, p999, max, mean].map((us) => numberText(us / 1000)), countText(count)],
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
    ...Object.entries(limits).map(([name, value]) => [limitWords[name] ?? name, String(value)]),
    ...Object.entries(versions).map(([name, value]) => [
      versionWords[name] ?? name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ];
  return table(['Machine', ''], rows);
}

/** Later versions may know of more, which then have their own names. */
const limitWords: Readonly<Record<string, string>> = {
  openFilesSoft: 'Open files, soft limit',
  openFilesHard: 'Open files, hard limit',
  portFirst: 'Ports of clients, from',
  portLast: 'Ports of clients, to',
  somaxconn: 'Longest accept queue (somaxconn)',
  tcpMaxSynBacklog: 'Longest SYN queue (tcp_max_syn_backlog)',
};
const versionWords: Readonly<Record<string, string>> = {
  ...{ fdscope: 'fdscope', node: 'Node.js', wire: 'Format of the frames' },
};
const markWords: Readonly<Record<string, string>> = {
  connected: 'all clients are connected',
  steady: 'measuring begins',
  loadDone: 'measuring ends',
};

function momentWords({ kind, name, text }: Overview['moments'][number]): string {
  if (kind === 'model') return `${name} serves`;
  if (kind === 'mark' && name === 'run') return `run of ${text ?? 'a model'}`;
  return text ?? (kind === 'mark' ? markWords[name] : undefined) ?? name;
}

function moments({ overview }: Report, since: (timeNs: number) => string): string {
  const all = overview.moments;
  const rows = all
    .slice(0, mostMoments)
    .map((moment) => [since(moment.timeNs), moment.source, moment.level ?? moment.kind, momentWords(moment)]);
  const more = all.length > mostMoments ? `<p>${all.length - mostMoments} more are in the session.</p>` : '';
  return rows.length === 0 ? '' : table(['at, s', 'process', '', ''], rows) + more;
}

function lacking({ overview, figures, wasClosedWell }: Report, since: (timeNs: number) => string): string {
  const { columns, lostFrames } = overview;
  const damaged = figures.missing.filter(({ cause }) => cause === 'damaged');
  const when = damaged.slice(0, 5).map(({ fromNs, toNs }) => `${since(fromNs)} s to ${since(toNs)} s`);
  const notices = [
    ...(wasClosedWell ? [] : ['The recording was cut off before its end; this report ends with it.']),
    ...(damaged.length > 0
      ? [
          `Parts of the session’s file are damaged (${when.join(', ')}${damaged.length > when.length ? ' and more' : ''}): ` +
            'charts hatch them, and their latencies are in no figure over time or by model.',
        ]
      : []),
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
  const seconds = (timeNs: number): number => Math.max(0, (timeNs - startedNs) / 1e9);
  const since = (timeNs: number): string => seconds(timeNs).toFixed(2);
  const axis: TimeAxis = {
    ...{ spanSeconds: figures.spanSeconds, spans: figures.spans },
    marks: overview.moments
      .filter(({ kind, source }) => kind === 'model' && source === 'server')
      .slice(0, 30)
      .map(({ timeNs, name }) => ({ seconds: seconds(timeNs), label: name })),
    notes: annotations.map(({ fromNs, toNs }, i) => ({
      ...{ number: i + 1, fromSeconds: seconds(fromNs), toSeconds: seconds(toNs ?? fromNs) },
    })),
    missing: figures.missing.map(({ fromNs, toNs }) => ({
      ...{ fromSeconds: seconds(fromNs), toSeconds: seconds(toNs) },
    })),
    measured: measuredStretches(overview).map(({ fromNs, toNs }) => ({
      ...{ fromSeconds: seconds(fromNs), toSeconds: seconds(toNs) },
    })),
  };
  const { scenario } = manifest;
  const about =
    scenario === undefined ? '' : `<p>${escaped([scenario.title, scenario.question].filter(Boolean).join('. '))}</p>`;
  return [
    `<header><h1>${escaped(manifest.name)}</h1><p>Recorded ${dateText(manifest.started.wallMs)} by fdscope ${escaped(manifest.machine.versions.fdscope)}</p>${about}</header>`,
    lacking(report, since),
    section('Notes', manifest.notes === '' ? '' : `<p class="notes">${escaped(manifest.notes)}</p>`),
    section('Summary', summary(report) + latencies(report)),
    section('By model', byModel(report)),
    section('By client profile', byProfile(report)),
    section(
      'Over time',
      hatch +
        charts(figures, isWatchedFromOutside(overview))
          .map((chart) => chartHtml(chart, axis))
          .join('\n'),
    ),
    section('Readiness', figures.shares ? sharesHtml(figures.shares, axis) : noShares),
    section(
      'Annotations',
      annotations.length === 0
        ? ''
        : table(
            ['', 'at, s', ''],
            annotations.map(({ fromNs, toNs, text }, i) => [
              ...[String(i + 1), toNs === undefined ? since(fromNs) : `${since(fromNs)} to ${since(toNs)}`, text],
            ]),
          ),
    ),
    section(
      'System calls of the server',
      Object.keys(overview.syscalls).length === 0 && !isColumnCounted(overview, 'syscalls')
        ? `<p>Not available: ${isWatchedFromOutside(overview) ? 'the server was watched from outside, where nobody counts them' : 'the model that served does not count them'}.</p>`
        : table(
            ['System call', 'count'],
            Object.entries(overview.syscalls)
              .sort(([, a], [, b]) => b - a)
              .map(([name, count]) => [name, countText(count)]),
          ),
    ),
    section('What happened', moments(report, since)),
    section('Machine', machine(manifest.machine)),
    section('Settings', verbatim(JSON.stringify(manifest.settings, null, 2))),
    section('Scenario', verbatim(scenario?.text ?? '')),
    citeSection(
      citationOfSession({
        card: { name: manifest.name, startedWallMs: manifest.started.wallMs, id: manifest.id },
        manifest,
      }),
    ),
    section(
      'How this was measured',
      '<p>Server and clients were real processes on one machine, and talked over loopback: there were no network card and no wire, and part of the server’s work on each packet ran on the core of the clients. Counters are complete, each system call counted where it was made; CPU time and context switches are the kernel’s. Latencies are merged as histograms, and never averaged.</p>',
    ),
  ].join('\n');
}
