/** Clients against a server that the lab did not start. */
import type { LoadResult } from '../../shared/run-result.ts';
import type { LoadSettings } from '../../shared/schemas/settings.ts';
import { shareConnections, totalConnections } from './client-mix.ts';
import { isCutShort, LabError, throwIfInterrupted } from './errors.ts';
import { LatencyLog } from './latency-log.ts';
import { loadTarget } from './load-target.ts';
import { describeMachine } from './machine.ts';
import { MeasuredClients, type LoadConfig } from './measured-clients.ts';
import { checkReach, crewConfig, noticePlaces, placeResults, startCrew } from './places/run-places.ts';
import { noticeClients, noticeUnasked, noticeUnchecked } from './client-notices.ts';
import { noticeClientLimit, noticeCut, noticeEarlyErrors, noticeMismatches, Notices } from './notices.ts';
import { reportProgress, type Hooks } from './progress.ts';
import { nothingYet, secondsBetween } from './result.ts';

/** Throws LabError. */
function refuseTlsSettings({ insecure, caFile }: LoadSettings): void {
  if (!insecure && caFile === undefined) return;
  const name = insecure ? '--insecure' : '--ca-file';
  throw new LabError('bad-input', `${name} is about TLS: give a --target that begins with https://.`);
}

/** Resolves when the load engine is gone. Throws LabError. The clients are not pinned: nobody knows the server's cores. */
export async function loadOnce(
  settings: LoadSettings,
  { signal, onProgress, onLatency, keepsInterrupted, latencyLog, places }: Hooks,
): Promise<LoadResult> {
  throwIfInterrupted(signal);
  const { address: target, authority, path, secureHost } = loadTarget(settings);
  if (secureHost === undefined) refuseTlsSettings(settings);
  if (places && secureHost !== undefined) {
    throw new LabError(
      'bad-input',
      'Clients in places speak no TLS: leave --clients-on out, or give a target of http.',
    );
  }
  const notices = new Notices();
  const machine = describeMachine(false);
  const asked: LoadConfig = {
    ...{ target, cpus: '', protocol: settings.protocol, allowRemote: settings.allowRemoteTarget },
    ...{ handler: settings.handler, responseBytes: settings.responseBytes, check: settings.check },
    ...{ path: path ?? settings.path, requests: settings.requests },
    ...(settings.protocol === 'http' ? { authority } : {}),
    ...(secureHost === undefined
      ? {}
      : { tls: { host: secureHost, verify: !settings.insecure, caFile: settings.caFile } }),
    ...{ requestBytes: settings.requestBytes, threads: settings.threads, timeoutMs: settings.timeoutMs },
    ...{ sourceAddresses: settings.sourceAddresses, request: settings.request },
    durationMs: Math.round(settings.durationSeconds * 1000),
    warmupMs: Math.round(settings.warmupSeconds * 1000),
    clients: shareConnections(settings.clients, settings.connections),
  };
  const log = latencyLog === undefined ? undefined : new LatencyLog(latencyLog, `a load on ${settings.target}`);
  if (places) await checkReach(places.clients, target);
  const config = places ? crewConfig(asked, places) : asked;
  const crew = places && startCrew(asked, places, signal);
  const clients = crew
    ? new MeasuredClients(config, notices, signal, crew)
    : MeasuredClients.here(config, notices, signal);
  if (log) {
    clients.engine.on('mark', ({ name, timeNs }) => name === 'steady' && log.begin(timeNs));
    clients.engine.on('latency', (frame) => log.add(frame));
  }
  try {
    await clients.steady();
    const isWhole = settings.requests !== undefined;
    const from = isWhole ? nothingYet(clients.steadyNs) : await clients.engine.snapshot();
    reportProgress(clients.engine, from, settings.durationSeconds, onProgress);
    const isCut = await isCutShort(clients.done(), signal, keepsInterrupted);
    const to = await clients.engine.snapshot();
    await clients.engine.stop();
    const figures = clients.figures(from, to);
    noticeEarlyErrors(notices, from);
    noticeClientLimit(notices, figures.clientCpuShare, config.threads);
    noticeMismatches(notices, figures.errors.mismatch);
    onLatency?.(clients.latency);
    log?.close();
    const { account, ...ours } = figures;
    const seconds = secondsBetween(from, to);
    const placed = places && crew ? placeResults(places, crew) : undefined;
    if (placed) noticePlaces(notices, placed);
    noticeCut(notices, isCut, seconds, settings.durationSeconds);
    const { timeoutMs } = config;
    const { requests } = settings;
    const { tls } = clients;
    if (secureHost !== undefined && settings.insecure) noticeUnchecked(notices, settings.target);
    const requestLimit = requests === undefined ? undefined : { requests, asked: clients.asked };
    if (requestLimit) noticeUnasked(notices, requestLimit, seconds);
    noticeClients(notices, { target: settings.target, timeoutMs, seconds, atEnd: to, isOurs: false }, figures);
    return {
      target: settings.target,
      ...(settings.connectTo === undefined ? {} : { connectedTo: target }),
      protocol: settings.protocol,
      connections: totalConnections(config.clients),
      durationSeconds: seconds,
      ...ours,
      ...account,
      ...(requestLimit ? { requestLimit } : {}),
      ...(placed ? { places: placed } : {}),
      ...(tls ? { tls } : {}),
      notices: notices.all,
      machine,
    };
  } finally {
    await clients.engine.stop();
  }
}
