/** A run against the user's own server: the lab's clients, and the server watched from outside. */
import { externalId } from '../../../shared/catalogue.ts';
import type { InsideFigure, RunResult } from '../../../shared/run-result.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import { totalConnections } from '../client-mix.ts';
import { noticeClients } from '../client-notices.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import type { EngineProcess } from '../engine-process.ts';
import { isCutShort, LabError, throwIfInterrupted } from '../errors.ts';
import { describeMachine } from '../machine.ts';
import { MeasuredClients } from '../measured-clients.ts';
import { NoiseWatch, tellNoise, type WatchedProcesses } from '../machine-noise.ts';
import { noiseFrame } from '../noise-frame.ts';
import { noticeClientLimit, noticeCut, noticeEarlyErrors, noticeNoise, noticeSharedCore, Notices } from '../notices.ts';
import { reportProgress, type Hooks } from '../progress.ts';
import { secondsBetween } from '../result.ts';
import { loadConfigOf } from '../run.ts';
import { ExternalServer } from './external-server.ts';
import { startWatcher } from './watcher.ts';

const notCounted = 'the server is not one of the lab: nobody counts this inside it';

/** What only a server of the lab can say. The compiler sees to it that the list is whole. */
const insideFigures = {
  ...{ syscalls: null, syscallsPerRequest: null, eagain: null, wakeups: null, readyEvents: null, accepts: null },
  ...{ closes: null, coroutineSwitches: null, peakConnections: null, steps: null, telemetry: null, sourceFile: null },
  ...{ bytesIn: null, bytesOut: null, serverRequests: null, serverErrors: null },
} satisfies Record<InsideFigure, null>;

const notCountedInside = Object.fromEntries(Object.keys(insideFigures).map((key) => [key, notCounted]));

/** Whom a server served before, its memory still shows: what a connection takes cannot be told from it. */
const ranBefore = {
  idleRssBytes: 'the server is not one of the lab, and ran before: its memory is not that of an idle one',
};

function noticeLostThreads(notices: Notices, { watch }: ExternalServer): void {
  if (watch.lostThreads === 0) return;
  notices.warn(
    'lostThreads',
    `${watch.lostThreads} threads of the external server ended while it was watched; the context switches of their last ${watch.slowestLookMs} ms, and those of threads that lived shorter, are not counted.`,
  );
}

/** Resolves when everything that the lab started is gone. Throws LabError; then, too. */
export async function runExternal(
  settings: RunSettings,
  { signal, onProgress, onLatency, watch, detail, keepsInterrupted }: Hooks,
): Promise<RunResult> {
  throwIfInterrupted(signal);
  if (settings.phases) {
    throw new LabError('bad-input', 'Phases change the lab’s own servers; an external server has none.');
  }
  watch?.begin();
  const machine = describeMachine(settings.pin);
  const notices = new Notices();
  noticeSharedCore(notices, machine.cpus);
  const server = await ExternalServer.start(settings.server, { cpus: machine.serverCpus, notices, signal });
  let clients: MeasuredClients | undefined;
  let watcher: EngineProcess | undefined;
  let telling: { stop(): void } | undefined;
  try {
    if (watch) {
      const onFrame = (frame: Frame): void => watch.frame('server', frame);
      watcher = await startWatcher(server, { cpus: machine.clientCpus, detail, notices, signal, onFrame });
    }
    server.watch.begin();
    const isAttached = settings.server.pid !== undefined;
    const idleRssBytes = isAttached ? null : server.watch.rssBytes;
    const config = loadConfigOf(settings, server.target, machine.clientCpus);
    clients = MeasuredClients.here(config, notices, signal);
    clients.engine.on('frame', (frame) => watch?.frame('clients', frame));
    const load = clients.engine;
    const watched = (): WatchedProcesses => ({
      // One that ran before runs wherever it was put.
      ...{ serverPid: server.pid, serverCpus: isAttached ? '' : machine.serverCpus },
      otherPids: [load.pid, ...(watcher ? [watcher.pid] : [])],
    });
    if (watch) telling = tellNoise(watched, (noise) => watch.frame('lab', noiseFrame(noise)));
    await server.during(clients.steady());
    server.watch.stop();
    server.watch.begin();
    const noiseWatch = new NoiseWatch(watched);
    const from = await clients.engine.snapshot();
    reportProgress(clients.engine, from, settings.durationSeconds, onProgress);
    const isCut = await isCutShort(server.during(clients.done()), signal, keepsInterrupted);
    server.watch.end();
    const noise = noiseWatch.take();
    const to = await clients.engine.snapshot();
    // The watcher first: how it was while it was asked is what the recording ends with.
    await watcher?.stop();
    await clients.engine.stop();
    const ours = clients.figures(from, to);
    onLatency?.(clients.latency);
    noticeEarlyErrors(notices, from);
    noticeClientLimit(notices, ours.clientCpuShare, config.threads);
    const seconds = secondsBetween(from, to);
    noticeCut(notices, isCut, seconds, settings.durationSeconds);
    const { timeoutMs } = config;
    noticeClients(notices, { target: server.target, timeoutMs, seconds, atEnd: to, isOurs: false }, ours);
    noticeLostThreads(notices, server);
    noticeNoise(notices, noise);
    const { cpuSeconds: _clientCpu, bytesIn: _in, bytesOut: _out, account, ...clientFigures } = ours;
    return {
      model: externalId,
      protocol: settings.server.protocol,
      handler: settings.server.handler,
      connections: totalConnections(config.clients),
      durationSeconds: seconds,
      ...clientFigures,
      ...account,
      ...insideFigures,
      ...server.watch.figures(ours.requests),
      ...{ idleRssBytes, pid: server.pid, options: {} },
      notAvailable: { ...notCountedInside, ...(isAttached ? ranBefore : {}) },
      notices: notices.all,
      ...(noise ? { noise } : {}),
      machine,
    };
  } finally {
    telling?.stop();
    await Promise.all([clients?.engine.stop(), watcher?.stop()]);
    await server.stop();
  }
}
