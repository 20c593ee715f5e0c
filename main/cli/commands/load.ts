/** `fdscope load`: the lab's clients against the user's own server. */
import type { LoadResult } from '../../../shared/run-result.ts';
import { limits, loadSettingsSchema, protocols } from '../../../shared/schemas/settings.ts';
import { shareConnections } from '../../lab/client-mix.ts';
import { LabError, throwIfInterrupted } from '../../lab/errors.ts';
import type { LatencyTotals } from '../../lab/latency.ts';
import type { Progress } from '../../lab/progress.ts';
import { loadTarget } from '../../lab/load-target.ts';
import type { Register } from '../command.ts';
import { parseSettings } from '../input.ts';
import {
  addClients,
  addCsv,
  addHistogram,
  addJson,
  addMarkdown,
  addNumber,
  addOut,
  type ClientFlags,
  type OutputFlags,
} from '../options.ts';
import { loadCsv } from '../figures-csv.ts';
import { histogramTable, latencyBins, type LatencyBin } from '../histogram.ts';
import { checkFormat, checkOut, deliver, failOnErrors } from '../output.ts';
import { addPlaces, withPlaces, type PlaceFlags } from '../places.ts';
import { placeParts } from '../print-places.ts';
import { accountLines, errorLines, loadTable, noticeLines, tlsLines } from '../print.ts';
import { ProgressBar } from '../progress-bar.ts';
import { UnmetExpectation } from '../unmet-expectation.ts';
import { addRequest, addRequestFiles, requestInput, type RequestFlags } from '../request-options.ts';
import { addSpelled } from '../spellings.ts';
import type { TextTable } from '../table.ts';
import { clientsInput, given, timeInput } from '../settings.ts';

interface LoadFlags extends ClientFlags, OutputFlags, RequestFlags, PlaceFlags {
  readonly target: string;
  readonly connectTo?: string;
  readonly requests?: number;
  readonly insecure?: boolean;
  readonly caFile?: string;
  readonly latencyLog?: string;
  readonly histogram?: boolean;
  readonly protocol: string;
  readonly handler?: string;
  readonly expect?: string;
  readonly path?: string;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly threads?: number;
  readonly timeout?: number;
  readonly allowRemoteTarget?: boolean;
  readonly expectRate?: number;
  readonly expectStatus?: string;
}

/** "200", "2xx", "200,404": what --expect-status takes. Throws LabError. */
function statusPattern(text: string): RegExp {
  const codes = text.split(',').map((code) => code.trim().toLowerCase());
  const wrong = codes.find((code) => !/^[2-5](\d\d|xx)$/.test(code));
  if (wrong === undefined) return new RegExp(`^(${codes.map((code) => code.replace('xx', '\\d\\d')).join('|')})$`);
  throw new LabError(
    'bad-input',
    `--expect-status "${wrong}" is no status: give codes or classes, such as 200 or 2xx,404.`,
  );
}

function checkExpectations({ expectRate, expectStatus, rate, profile }: LoadFlags): void {
  if (expectStatus !== undefined) statusPattern(expectStatus);
  if (expectRate === undefined) return;
  if (!(expectRate > 0 && expectRate <= 100))
    throw new LabError(
      'bad-input',
      '--expect-rate is the percentage of the rate that must be sent, above 0 and at most 100.',
    );
  if (rate === undefined && profile !== 'rate')
    throw new LabError('bad-input', '--expect-rate is about an open loop: give the rate with --rate.');
}

/** Nothing but the requests ends a run of so many, unless a duration is given. Throws LabError. */
function limitInput({ requests, warmup, duration }: LoadFlags): Record<string, unknown> {
  if (requests === undefined) return {};
  if (warmup !== undefined && warmup > 0)
    throw new LabError(
      'bad-input',
      '--requests are all that is asked, so there is no --warmup: leave one of them out.',
    );
  return { requests, warmupSeconds: 0, durationSeconds: duration ?? limits.durationSeconds[1] };
}

/** Throws UnmetExpectation, which gives exit code 4. */
function failOnUnmetFlags({ expectRate, expectStatus }: LoadFlags, { rate, replies }: LoadResult): void {
  const held = rate === null ? 0 : (rate.sent / rate.due) * 100;
  if (expectRate !== undefined && held < expectRate)
    throw new UnmetExpectation(
      `${held.toFixed(1)}% of the requests that were due were sent, and --expect-rate is ${expectRate}.`,
    );
  if (expectStatus === undefined) return;
  const pattern = statusPattern(expectStatus);
  const others = Object.entries(replies).filter(([code]) => !pattern.test(code));
  if (others.length === 0) return;
  const told = others.map(([code, n]) => `${code} ${n} times`).join(', ');
  throw new UnmetExpectation(`Replies had another status than --expect-status ${expectStatus}: ${told}.`);
}

const loadPage = (result: LoadResult & { readonly histogram?: readonly LatencyBin[] }): (string | TextTable)[] => [
  loadTable(result),
  ...placeParts([result]),
  ...accountLines(result),
  ...tlsLines(result),
  ...errorLines([result]),
  ...(result.histogram && result.histogram.length > 0 ? [histogramTable(result.target, result.histogram)] : []),
  noticeLines([result]),
];

export const registerLoad: Register = (program, { lab, signal }) => {
  const command = program.command('load').description('drive your own server');
  command.requiredOption('-T, --target <host:port>', 'the server, by its numeric address, a URL or unix:/path');
  command.option('--connect-to <host:port>', 'connect there, and ask for the --target, which then may be a name');
  addSpelled(command, '-P, --protocol', '<name>', 'http, echo or resp', { suggests: protocols, isMandatory: true });
  addClients(command);
  addNumber(command, '-n, --requests', 'so many requests and no more, without a warm-up; --duration is the longest');
  addNumber(command, '-t, --threads', 'threads of the load engine');
  addNumber(command, '--request-bytes', 'payload of a request', 'bytes');
  command.option('--path <path>', 'request target of http');
  addRequestFiles(addRequest(command));
  addNumber(
    command,
    '--timeout',
    'until a connect, a reply or the end of a stream is given up; milliseconds where no unit is given',
    'milliseconds',
  );
  addSpelled(command, '--expect', '<kind>', 'framing: whole replies; exact: every byte of the lab’s own servers', {
    suggests: ['framing', 'exact'],
  });
  addSpelled(command, '--handler', '<name>', 'with --expect exact: what the server does, echo or respond', {
    suggests: ['echo', 'respond'],
  });
  addNumber(command, '--response-bytes', 'with --expect exact: body of a reply', 'bytes');
  command.option('--allow-remote-target', 'allow a target on another machine');
  addNumber(command, '--expect-rate', 'exit code 4 where less than this percentage of --rate was sent', 'percent');
  command.option('--expect-status <codes>', 'exit code 4 where a reply of http had another status, such as 2xx,404');
  command.option('--ca-file <file>', 'of https: certificates in PEM that are trusted beside those of the system');
  command.option('--insecure', 'of https: do not check the certificate, which the result then says');
  addHistogram(command);
  addPlaces(command, { hasServer: false });
  command.option('--latency-log <file>', 'write the latencies, a line a second, as an HdrHistogram log');
  addJson(addMarkdown(addCsv(addOut(command)))).action(async (flags: LoadFlags) => {
    checkFormat(flags);
    checkOut(flags);
    checkOut({ out: flags.latencyLog }, '--latency-log');
    checkExpectations(flags);
    const settings = parseSettings(
      loadSettingsSchema,
      given({
        ...{ target: flags.target, protocol: flags.protocol, handler: flags.handler, check: flags.expect },
        ...{ requestBytes: flags.requestBytes, responseBytes: flags.responseBytes, timeoutMs: flags.timeout },
        ...{ threads: flags.threads, path: flags.path, allowRemoteTarget: flags.allowRemoteTarget },
        ...{ ...timeInput(flags), ...limitInput(flags), connectTo: flags.connectTo },
        ...{ insecure: flags.insecure, caFile: flags.caFile },
        ...{ clients: clientsInput(flags), request: requestInput(flags) },
      }),
    );
    loadTarget(settings, { target: '--target', connectTo: '--connect-to' });
    const { requests: limit } = settings;
    const bar = limit === undefined ? new ProgressBar([settings.durationSeconds]) : ProgressBar.of(limit, 'requests');
    const onProgress = ({ elapsedSeconds, requests }: Progress): void =>
      bar.update(0, settings.target, limit === undefined ? elapsedSeconds : requests);
    let histogram: LatencyBin[] | undefined;
    const onLatency = ({ corrected }: LatencyTotals): void => {
      if (flags.histogram === true) histogram = latencyBins(corrected);
    };
    const hooks = { signal, onProgress, onLatency, keepsInterrupted: true, latencyLog: flags.latencyLog };
    const clients = shareConnections(settings.clients, settings.connections);
    const loads = [{ clients, seconds: settings.durationSeconds + settings.warmupSeconds }];
    const result = await withPlaces(flags, { loads, target: settings.target, signal }, (places) =>
      lab.load(settings, { ...hooks, places }),
    ).finally(() => bar.end());
    const run = { ...result, ...(histogram === undefined ? {} : { histogram }) };
    await deliver(
      flags,
      { runs: [run] },
      ({ runs }) => runs.flatMap(loadPage),
      () => loadCsv(result, flags.csvFormulas),
    );
    throwIfInterrupted(signal);
    failOnErrors(result.notices);
    failOnUnmetFlags(flags, result);
  });
};
