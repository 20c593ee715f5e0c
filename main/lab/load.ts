/** Clients against a server that the lab did not start. */
import type { LoadResult } from '../../shared/run-result.ts';
import type { LoadSettings } from '../../shared/schemas/settings.ts';
import { checkAddress } from './address-gate.ts';
import { addressText, parseAddress } from './addresses.ts';
import { shareConnections, totalConnections } from './client-mix.ts';
import { isCutShort, throwIfInterrupted } from './errors.ts';
import { describeMachine } from './machine.ts';
import { MeasuredClients, type LoadConfig } from './measured-clients.ts';
import { noticeClients } from './client-notices.ts';
import { noticeClientLimit, noticeCut, noticeEarlyErrors, noticeMismatches, Notices } from './notices.ts';
import { reportProgress, type Hooks } from './progress.ts';
import { secondsBetween } from './result.ts';

const socketScheme = 'unix:/';

/** As the load engine takes it. Throws LabError; `what` names the setting. */
export function checkedTarget(
  { target, allowRemoteTarget }: Pick<LoadSettings, 'target' | 'allowRemoteTarget'>,
  what: string,
  option?: string,
): string {
  // A socket of the file system is on this machine; whether there is one, and whether it may be used, connect() tells.
  if (target.startsWith(socketScheme)) return target;
  const address = parseAddress(what, target);
  checkAddress('target', address.host, allowRemoteTarget, target, option);
  return addressText(address);
}

/** Resolves when the load engine is gone. Throws LabError. The clients are not pinned: nobody knows the server's cores. */
export async function loadOnce(
  settings: LoadSettings,
  { signal, onProgress, onLatency, keepsInterrupted }: Hooks,
): Promise<LoadResult> {
  throwIfInterrupted(signal);
  const target = checkedTarget(settings, 'The target');
  const notices = new Notices();
  const machine = describeMachine(false);
  const config: LoadConfig = {
    ...{ target, cpus: '', protocol: settings.protocol, allowRemote: settings.allowRemoteTarget },
    ...{ handler: settings.handler, responseBytes: settings.responseBytes, check: settings.check, path: settings.path },
    ...{ requestBytes: settings.requestBytes, threads: settings.threads, timeoutMs: settings.timeoutMs },
    ...{ sourceAddresses: settings.sourceAddresses, request: settings.request },
    durationMs: Math.round(settings.durationSeconds * 1000),
    warmupMs: Math.round(settings.warmupSeconds * 1000),
    clients: shareConnections(settings.clients, settings.connections),
  };
  const clients = new MeasuredClients(config, notices, signal);
  try {
    await clients.steady();
    const from = await clients.engine.snapshot();
    reportProgress(clients.engine, from, settings.durationSeconds, onProgress);
    const isCut = await isCutShort(clients.done(), signal, keepsInterrupted);
    const to = await clients.engine.snapshot();
    await clients.engine.stop();
    const figures = clients.figures(from, to);
    noticeEarlyErrors(notices, from);
    noticeClientLimit(notices, figures.clientCpuShare, config.threads);
    noticeMismatches(notices, figures.errors.mismatch);
    onLatency?.(clients.latency);
    const { account, ...ours } = figures;
    const seconds = secondsBetween(from, to);
    noticeCut(notices, isCut, seconds, settings.durationSeconds);
    const { timeoutMs } = config;
    noticeClients(notices, { target: config.target, timeoutMs, seconds, atEnd: to, isOurs: false }, figures);
    return {
      target: config.target,
      protocol: settings.protocol,
      connections: totalConnections(config.clients),
      durationSeconds: seconds,
      ...ours,
      ...account,
      notices: notices.all,
      machine,
    };
  } finally {
    await clients.engine.stop();
  }
}
