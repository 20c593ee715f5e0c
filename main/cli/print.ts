/** Results for people: tables, what they were measured on, and notices. */
import type { Conclusion, JudgedFigure } from '../../shared/expectations/conclude.ts';
import { noiseFigures, noiseText } from '../../shared/machine-noise.ts';
import type {
  Errors,
  LatencySummary,
  LoadResult,
  Machine,
  ResultNotice,
  RunResult,
  ServeResult,
} from '../../shared/run-result.ts';
import { placeParts } from './print-places.ts';
import { tableOf, type Page, type TextTable } from './table.ts';

const figure = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
const perRequest = (amount: number, requests: number): number => (requests > 0 ? amount / requests : NaN);
export const mebibytes = (bytes: number): string => `${figure(bytes / 1_048_576, 1)} MiB`;

/** Of no reply there is none, not one of 0 µs. */
const latencyFigure = (latency: LatencySummary, name: 'p50' | 'p99' | 'p999'): string =>
  latency.count > 0 ? figure(latency[name], 0) : '–';

function serverColumns(result: RunResult | ServeResult, requests: number): string[] {
  const { cpuSeconds, contextSwitches } = result;
  const switches = contextSwitches.voluntary + contextSwitches.involuntary;
  const syscalls = total(result.syscalls ?? {});
  return [
    figure(perRequest((cpuSeconds.user + cpuSeconds.system) * 1e6, requests), 1),
    syscalls > 0 ? figure(perRequest(syscalls, requests), 2) : '–',
    figure(perRequest(switches, requests), 2),
    mebibytes(result.maxRssBytes),
  ];
}

const serverHead = ['CPU µs/req', 'calls/req', 'switches/req', 'memory'];

export const runName = (model: string, variant: string | undefined): string =>
  variant === undefined ? model : `${model}, ${variant}`;

export function runTables(results: readonly RunResult[]): (string | TextTable)[] {
  const noisy = noiseFigures.filter((each) => results.some(({ noise }) => noiseText(noise, each) !== null));
  const head = ['model', 'req/s', 'p50 µs', 'p99 µs', ...serverHead, 'errors', ...noisy.map(({ head: own }) => own)];
  const table = tableOf(head);
  for (const result of results) {
    table.push([
      runName(result.label ?? result.model, result.variant),
      figure(result.requestsPerSecond, 0),
      ...(['p50', 'p99'] as const).map((name) => latencyFigure(result.latency.corrected, name)),
      ...serverColumns(result, result.serverRequests ?? result.requests),
      String(total(result.errors)),
      ...noisy.map((each) => noiseText(result.noise, each) ?? '–'),
    ]);
  }
  return [...servedLines(results), table, ...placeParts(results), ...profileLines(results)];
}

/** Stands first: the figures are those of the clients that were served. */
function servedLines(results: readonly RunResult[]): string[] {
  return results.flatMap(({ label, model, variant, clientsAtEnd, durationSeconds }) => {
    if (!clientsAtEnd || clientsAtEnd.answered >= clientsAtEnd.asked) return [];
    const { answered, asked } = clientsAtEnd;
    return [
      `${runName(label ?? model, variant)}: ${answered} of ${asked} clients got a reply in ${figure(durationSeconds, 1)} s.`,
    ];
  });
}

/** Of loads of several profiles: what each of them got. */
function profileLines(results: readonly RunResult[]): (string | TextTable)[] {
  const several = results.filter(({ profiles }) => Object.keys(profiles).length > 1);
  if (several.length === 0) return [];
  const table = tableOf(['model', 'clients', 'served', 'req/s', 'p50 µs', 'p99 µs', 'errors', 'KiB in'], 2);
  for (const { label, model, variant, profiles } of several) {
    for (const [profile, clients] of Object.entries(profiles)) {
      const { answered, asked } = clients.clientsAtEnd ?? { answered: NaN, asked: 0 };
      table.push([
        ...[runName(label ?? model, variant), profile, asked > 0 ? `${answered}/${asked}` : '–'],
        ...[figure(clients.requestsPerSecond, 0), latencyFigure(clients.latency.corrected, 'p50')],
        ...[latencyFigure(clients.latency.corrected, 'p99'), String(clients.errors)],
        figure(clients.bytesIn / 1024, 0),
      ]);
    }
  }
  return ['By client profile:', table];
}

export function serveTable(result: ServeResult): TextTable {
  const table = tableOf(['model', 'requests', ...serverHead, 'errors']);
  const columns = serverColumns(result, result.requests);
  table.push([result.model, String(result.requests), ...columns, String(total(result.errors))]);
  return table;
}

export function loadTable(result: LoadResult): TextTable {
  const head = ['target', 'req/s', 'p50 µs', 'p99 µs', 'p99.9 µs', 'client CPU', 'errors'];
  const table = tableOf(head);
  table.push([
    result.target,
    figure(result.requestsPerSecond, 0),
    ...(['p50', 'p99', 'p999'] as const).map((name) => latencyFigure(result.latency.corrected, name)),
    `${figure(result.clientCpuShare * 100, 0)} %`,
    String(total(result.errors)),
  ]);
  return table;
}

interface Noticed {
  readonly model?: string;
  readonly label?: string;
  readonly variant?: string;
  readonly notices: readonly ResultNotice[];
}

/** One line for each notice, told once; of several runs, with the run that it is about. */
export function noticeLines(results: readonly Noticed[]): string {
  const lines = results.flatMap(({ model, label, variant, notices }) => {
    const about = results.length > 1 && model !== undefined ? ` (${runName(label ?? model, variant)})` : '';
    return notices.map(({ level, text }) => `${level}${about}: ${text}\n`);
  });
  return [...new Set(lines)].join('');
}

/** The kinds of errors that tables only count together. */
const errorsText = (errors: Errors): string =>
  Object.entries(errors)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');

export function errorLines(results: readonly (Noticed & { readonly errors: Errors })[]): string[] {
  return results.flatMap(({ model, label, variant, errors }) => {
    const about = results.length > 1 && model !== undefined ? `${runName(label ?? model, variant)}, ` : '';
    const text = errorsText(errors);
    return text === '' ? [] : [`${about}errors that the clients met: ${text}`];
  });
}

/** What the clients were answered and, of an open loop, how much of its rate was held; of the things that there are. */
export function accountLines({ replies, rate }: Pick<LoadResult, 'replies' | 'rate'>): string[] {
  const codes = Object.entries(replies).sort((a, b) => b[1] - a[1]);
  const lines = codes.length === 0 ? [] : [`replies by code: ${codes.map(([code, n]) => `${code} ${n}`).join(', ')}`];
  if (rate === null) return lines;
  const { askedPerSecond, sentPerSecond, due, sent, meanLateMs } = rate;
  const held = `${figure(sentPerSecond, 0)}/s of ${figure(askedPerSecond, 0)}/s`;
  return [
    ...lines,
    `rate: ${held} sent, ${due - sent} of ${due} not sent, on average ${figure(meanLateMs, 2)} ms late`,
  ];
}

/** Of https: what a handshake costs, apart from the requests behind it. */
export function tlsLines({ tls }: Pick<LoadResult, 'tls'>): string[] {
  if (!tls) return [];
  const { version, cipher, verified, handshakes, failed, cpuMicrosEach, times } = tls;
  if (handshakes === 0) return [`TLS: no handshake succeeded, ${failed} failed`];
  const cost = `p50 ${figure(times.p50, 0)} µs, p99 ${figure(times.p99, 0)} µs, ${figure(cpuMicrosEach, 0)} µs of client CPU each`;
  const checked = verified ? 'certificate checked' : 'certificate not checked';
  return [`${version}, ${cipher}, ${checked}: ${handshakes} handshakes (${failed} failed), ${cost}`];
}

/** What was changed while each run went on, with the pauses of switches. */
export function momentLines(results: readonly RunResult[]): string[] {
  return results.flatMap(({ model, label, variant, moments = [] }) => {
    const about = results.length > 1 ? `${runName(label ?? model, variant)}, ` : '';
    return moments.map(({ atSeconds, what, label: named, refused, switch: report }) => {
      const when = `${about}${figure(atSeconds, 2)} s: ${named === undefined ? '' : `${named}: `}`;
      if (refused !== undefined)
        return `${when}refused: ${what.replace(' took over from ', ' instead of ')}. ${refused}`;
      if (!report) return `${when}${what}`;
      const kept =
        report.how === 'live' ? `${report.keptConnections} connections kept` : 'restarted, clients connected anew';
      return `${when}${what}; pause ${figure(report.pauseMs, 2)} ms, ${kept}`;
    });
  });
}

export function machineLine({ cpus, cpuModel, kernel, serverCpus, clientCpus }: Machine): string {
  const pinned = serverCpus === '' ? 'not pinned' : `server on CPU ${serverCpus}, clients on CPU ${clientCpus}`;
  return `${cpus} CPUs, ${cpuModel}, Linux ${kernel}; ${pinned}`;
}

const judgedFigure = ({ text, value, unit }: JudgedFigure): string =>
  `${text} = ${value === null ? '∞' : Number(value.toPrecision(3)).toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`}`;

/** Each expectation with its verdict, its figures, and why; the prediction with the choice that the figures bear out. */
export function conclusionText({ expectations, prediction }: Conclusion, guess?: string): string {
  const lines: string[] = [];
  for (const { expect, because, otherwise, held, figures, missing, unlike } of expectations) {
    const verdict = held === null ? 'not judged  ' : held ? 'held        ' : 'did not hold';
    lines.push(`${verdict}  ${expect}`);
    if (figures.length > 0) lines.push(`              ${figures.map(judgedFigure).join(', ')}`);
    if (missing.length > 0) lines.push(`              no run gave ${missing.join(', ')}`);
    if (unlike !== undefined) lines.push(`              ${unlike}`);
    const why = held === false ? otherwise : because;
    if (why !== '') lines.push(`              ${why}`);
  }
  if (prediction) {
    const right = prediction.choices.filter(({ isRight }) => isRight).map(({ text }) => text);
    lines.push(
      '',
      prediction.ask,
      ...(guess === undefined ? [] : [`  Your prediction: ${guess}`]),
      right.length > 0 ? `  Measured here: ${right.join(' ')}` : '  Not decided by these runs.',
    );
  }
  return lines.length > 0 ? `${lines.join('\n')}\n` : '';
}

/** Everything that `run` prints. */
export function runText(
  scenario: { readonly title: string; readonly question: string } | undefined,
  results: readonly RunResult[],
  conclusion: Conclusion,
  { guess, details = [] }: { readonly guess?: string | undefined; readonly details?: readonly TextTable[] } = {},
): Page {
  const [first] = results;
  return [
    ...(scenario ? [scenario.title, scenario.question, ''] : []),
    ...runTables(results),
    ...(first ? [machineLine(first.machine)] : []),
    ...errorLines(results),
    ...momentLines(results),
    ...details,
    ...(conclusion.expectations.length > 0 || guess !== undefined ? ['', conclusionText(conclusion, guess)] : []),
    noticeLines(results),
  ];
}
