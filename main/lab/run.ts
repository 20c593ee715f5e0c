/** One run: a server under one model, its clients, and the figures of the time between `steady` and `loadDone`. */
import { externalId } from '../../shared/catalogue.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import type { RunResult } from '../../shared/run-result.ts';
import type { ModelRunSettings, RunSettings, ServerSettings } from '../../shared/schemas/settings.ts';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import type { Frame } from '../../shared/telemetry/frame-splitter.ts';
import { shareConnections, totalConnections } from './client-mix.ts';
import { noticeClients } from './client-notices.ts';
import { isCutShort, LabError, throwIfInterrupted } from './errors.ts';
import { noiseFrame } from './noise-frame.ts';
import { NoiseWatch, tellNoise, type WatchedProcesses } from './machine-noise.ts';
import { describeMachine } from './machine.ts';
import { MeasuredClients, type LoadConfig } from './measured-clients.ts';
import { MeasuredServer } from './measured-server.ts';
import {
  noticeClientLimit,
  noticeCut,
  noticeEarlyErrors,
  noticeMismatches,
  noticeNoise,
  noticeSharedCore,
  Notices,
} from './notices.ts';
import { notCounted } from './not-counted.ts';
import { checkReach, crewConfig, noticePlaces, placedServer, placeResults, startCrew } from './places/run-places.ts';
import { PhasePlayer } from './phases.ts';
import { secondsBetween } from './result.ts';
import { reportProgress, type Hooks } from './progress.ts';
import { Serving } from './serving.ts';

/** What replies the clients can expect of the server, or of the server behind it. */
function expectedReplies({ server, upstream }: RunSettings): Pick<LoadConfig, 'handler' | 'responseBytes' | 'check'> {
  // What somebody else's server answers is its own affair; a handler of echo still says that requests carry a payload.
  if (server.model === externalId) {
    const handler = server.handler === 'echo' ? 'echo' : 'respond';
    return { handler, responseBytes: server.responseBytes, check: 'framing' };
  }
  if (server.handler !== 'forward') {
    return { handler: server.handler, responseBytes: server.responseBytes, check: 'exact' };
  }
  return upstream
    ? { handler: upstream.handler, responseBytes: upstream.responseBytes, check: 'exact' }
    : { handler: 'respond', responseBytes: 0, check: 'framing' };
}

export function loadConfigOf(settings: RunSettings, target: string, cpus: string): LoadConfig {
  const { load } = settings;
  const replies = expectedReplies(settings);
  if (load.request !== undefined && replies.check === 'exact') {
    throw new LabError(
      'bad-input',
      'What is asked (request: method, headers, paths, commands) is for servers of your own, with the model external: what the lab’s own answer is known to the byte.',
    );
  }
  return {
    ...{ target, cpus, protocol: settings.server.protocol, allowRemote: settings.server.exposeToNetwork },
    ...replies,
    ...(settings.server.model === externalId && settings.server.protocol === 'http' ? { authority: target } : {}),
    ...{ requestBytes: load.requestBytes, path: load.path, threads: load.threads, timeoutMs: load.timeoutMs },
    ...{ sourceAddresses: load.sourceAddresses, request: load.request },
    durationMs: Math.round(settings.durationSeconds * 1000),
    warmupMs: Math.round(settings.warmupSeconds * 1000),
    clients: shareConnections(settings.clients, settings.connections),
  };
}

const modelsIn = (phases: ModelRunSettings['phases']): string[] =>
  (phases ?? []).flatMap(({ switch: next }) =>
    next === undefined ? [] : [typeof next === 'string' ? next : next.model],
  );

/** The lab's own upstream, where the handler is `forward` and no other server was named. */
export function upstreamSettings({
  server,
  upstream,
}: Pick<ModelRunSettings, 'server' | 'upstream'>): ServerSettings | undefined {
  if (server.handler !== 'forward' || server.upstream !== undefined) return undefined;
  if (!upstream) throw new LabError('bad-input', 'The handler forward needs an upstream server to forward to.');
  const { model, handler, responseBytes, workUs, waitMs } = upstream;
  return {
    ...{ model, handler, responseBytes, workUs, waitMs, protocol: server.protocol },
    ...{
      options: {},
      chunks: 1,
      host: '127.0.0.1',
      port: 0,
      exposeToNetwork: false,
      allowRemoteUpstream: false,
      forgetsToClose: false,
    },
  };
}

/**
 * Runs to the end and resolves when every engine is gone. Throws LabError; then, too, every engine is gone.
 * Requests, errors and latency are the clients' account, all else the server's; see RunResult.
 */
export async function runOnce(
  settings: ModelRunSettings,
  { signal, onProgress, onLatency, watch, detail, keepsInterrupted, places }: Hooks,
): Promise<RunResult> {
  throwIfInterrupted(signal);
  watch?.begin();
  const seen = (source: FrameSource): { onFrame?: (frame: Frame) => void } =>
    watch ? { onFrame: (frame) => watch.frame(source, frame) } : {};
  const machine = describeMachine(settings.pin && !places);
  const notices = new Notices();
  noticeSharedCore(notices, machine.cpus);
  const engines: { stop(): unknown }[] = [];
  const upstreamPids: number[] = [];
  try {
    const behind = upstreamSettings(settings);
    let serverSettings = settings.server;
    if (behind) {
      const context = { cpus: machine.clientCpus, notices, source: 'upstream', signal, ...seen('upstream') } as const;
      const upstream = await MeasuredServer.start(behind, { ...context, at: places?.server });
      engines.push(upstream.engine);
      upstreamPids.push(upstream.engine.pid);
      serverSettings = { ...serverSettings, upstream: upstream.target };
    }
    if (places) serverSettings = placedServer(serverSettings, places);
    const serving = await Serving.start(serverSettings, {
      at: places?.server,
      cpus: machine.serverCpus,
      notices,
      signal,
      detail,
      ...seen('server'),
    });
    engines.push(serving);
    const idle = await serving.engine.snapshot();
    const asked = loadConfigOf(settings, serving.target, machine.clientCpus);
    if (places) await checkReach(places.clients, serving.target);
    // The server that they go to is the run's own.
    const config = places ? { ...crewConfig(asked, places), allowRemote: true } : asked;
    const crew = places && startCrew({ ...asked, allowRemote: true }, places, signal);
    const clients = crew
      ? new MeasuredClients(config, notices, signal, crew)
      : MeasuredClients.here(config, notices, signal);
    engines.push(clients.engine);
    clients.engine.on('frame', (frame) => watch?.frame('clients', frame));

    const watched = (): WatchedProcesses => ({
      ...{ serverPid: serving.engine.pid, serverCpus: machine.serverCpus },
      otherPids: [clients.engine.pid, ...upstreamPids],
    });
    if (watch && !places) engines.push(tellNoise(watched, (noise) => watch.frame('lab', noiseFrame(noise))));
    await serving.during(clients.steady());
    const [serverFrom, clientsFrom] = await Promise.all([serving.begin(), clients.engine.snapshot()]);
    // What others do on another machine this one cannot see.
    const noiseWatch = places ? undefined : new NoiseWatch(watched);
    reportProgress(clients.engine, clientsFrom, settings.durationSeconds, onProgress);
    const player = new PhasePlayer({ serving, clients, notices }, settings.clients, settings.connections);
    engines.push(player);
    const played = player.play(settings.phases ?? []);
    const whole = serving.during(Promise.all([clients.done().finally(() => player.stop()), played]));
    const isCut = await isCutShort(whole, signal, keepsInterrupted);
    const noise = noiseWatch?.take();
    const [serverTo, clientsTo] = await Promise.all([serving.end(), clients.engine.snapshot()]);
    await clients.engine.stop();

    const ours = clients.figures(clientsFrom, clientsTo);
    const theirs = serving.whole;
    onLatency?.(clients.latency);
    noticeEarlyErrors(notices, clientsFrom);
    noticeClientLimit(notices, ours.clientCpuShare, config.threads);
    noticeMismatches(notices, ours.errors.mismatch);
    noticeNoise(notices, noise);
    const seconds = secondsBetween(clientsFrom, clientsTo);
    const placed = places && crew ? placeResults(places, crew) : undefined;
    if (placed) noticePlaces(notices, placed);
    noticeCut(notices, isCut, seconds, settings.durationSeconds);
    const { timeoutMs } = config;
    noticeClients(notices, { target: serving.target, timeoutMs, seconds, atEnd: clientsTo, isOurs: true }, ours);
    return {
      model: settings.server.model,
      protocol: settings.server.protocol,
      handler: settings.server.handler,
      connections: totalConnections(config.clients),
      durationSeconds: secondsBetween(serverFrom, serverTo),
      requests: ours.requests,
      requestsPerSecond: ours.requestsPerSecond,
      serverRequests: theirs.requests,
      requestsSent: ours.requestsSent,
      ...ours.account,
      bytesIn: theirs.bytesIn,
      bytesOut: theirs.bytesOut,
      errors: ours.errors,
      serverErrors: theirs.errors,
      latency: ours.latency,
      clientCpuShare: ours.clientCpuShare,
      ...theirs.figures,
      // Of several that served in turn, none counts for another.
      ...[settings.server.model, ...modelsIn(settings.phases)].map(notCounted).find(({ notAvailable }) => notAvailable),
      idleRssBytes: gaugeOf(idle, 'rssBytes'),
      ...(settings.phases ? { moments: player.moments } : {}),
      notices: notices.all,
      ...(noise ? { noise } : {}),
      ...(placed ? { places: placed } : {}),
      machine,
    };
  } finally {
    // Clients first, so that none of them meets a server that is going.
    for (const engine of engines.reverse()) await engine.stop();
  }
}
