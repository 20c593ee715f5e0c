/** A server for somebody else's clients: it serves until it is told to stop or its time is over. */
import type { ServeResult } from '../../shared/run-result.ts';
import type { ServerSettings } from '../../shared/schemas/settings.ts';
import type { Address } from './addresses.ts';
import { describeMachine } from './machine.ts';
import { NoiseWatch } from './machine-noise.ts';
import { MeasuredServer } from './measured-server.ts';
import { notCounted } from './not-counted.ts';
import { noticeNoise, noticeServerLimits, Notices } from './notices.ts';
import { errorsBetween, growth, ratio, secondsBetween } from './result.ts';

export interface ServeHooks {
  /** Ends serving in good order: the result is that of the time until then. */
  readonly signal?: AbortSignal | undefined;
  /** It listens now. */
  readonly onReady?: ((address: Address, pid: number) => void) | undefined;
  /** Without it, until the signal. */
  readonly durationSeconds?: number | undefined;
  readonly pin?: boolean | undefined;
}

/** Resolves when signal or duration gives the end, or never. `cancel` clears what waits. */
function waitForEnd(
  signal: AbortSignal | undefined,
  seconds: number | undefined,
): { end: Promise<void>; cancel: () => void } {
  let cancel = (): void => {};
  const end = new Promise<void>((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1000);
    const onAbort = (): void => resolve();
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', onAbort);
    cancel = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  return { end, cancel };
}

/** Resolves when the server is gone. Throws LabError where it cannot start or ends by itself. */
export async function serveOnce(settings: ServerSettings, hooks: ServeHooks): Promise<ServeResult> {
  const machine = describeMachine(hooks.pin ?? true);
  const notices = new Notices();
  const context = { cpus: machine.serverCpus, notices, source: 'server', signal: hooks.signal } as const;
  const server = await MeasuredServer.start(settings, context);
  try {
    const from = await server.begin();
    const noiseWatch = new NoiseWatch(() => ({
      ...{ serverPid: server.engine.pid, otherPids: [], serverCpus: machine.serverCpus },
    }));
    hooks.onReady?.(server.address, server.ready.pid);
    const { end, cancel } = waitForEnd(hooks.signal, hooks.durationSeconds);
    try {
      await server.engine.during(end);
    } finally {
      cancel();
    }
    const noise = noiseWatch.take();
    const to = await server.engine.snapshot();
    noticeNoise(notices, noise);
    noticeServerLimits(notices, to);
    const requests = growth(from, to, 'requests');
    const durationSeconds = secondsBetween(from, to);
    return {
      model: settings.model,
      protocol: settings.protocol,
      handler: settings.handler,
      ...server.address,
      durationSeconds,
      requests,
      requestsPerSecond: ratio(requests, durationSeconds),
      bytesIn: growth(from, to, 'bytesIn'),
      bytesOut: growth(from, to, 'bytesOut'),
      errors: errorsBetween(from, to),
      ...server.figures(from, to),
      ...notCounted(settings.model),
      notices: notices.all,
      ...(noise ? { noise } : {}),
      machine,
    };
  } finally {
    await server.engine.stop();
  }
}
