/**
 * An engine that watches the user's own server from outside and sends the frames that a server of the lab sends, as far
 * as they can be known there: /proc, perf's context switches, the kernel's list of sockets. For tracks and recordings;
 * the figures of the result are those of OutsideWatch.
 */
import type { Detail } from '../../../shared/contract/live.ts';
import type { Frame } from '../../../shared/telemetry/frame-splitter.ts';
import { isIPv6 } from 'node:net';
import { engineCommand } from '../engine-location.ts';
import { EngineProcess } from '../engine-process.ts';
import { LabError, orInterrupted, sentenceOf } from '../errors.ts';
import type { Notices } from '../notices.ts';
import type { ExternalServer } from './external-server.ts';

export interface WatcherContext {
  /** Where it runs: beside the clients, not where the server is. */
  readonly cpus: string;
  readonly detail: Detail | undefined;
  readonly notices: Notices;
  readonly signal: AbortSignal | undefined;
  readonly onFrame: (frame: Frame) => void;
}

/** Undefined where it could not be started: the run has its figures without it, and a notice says what is missing. */
export async function startWatcher(
  { pid, address }: ExternalServer,
  { cpus, detail, notices, signal, onFrame }: WatcherContext,
): Promise<EngineProcess | undefined> {
  const { level = 'counters', switches = false } = detail ?? {};
  const config = { pid, port: address.port, family: isIPv6(address.host) ? 6 : 4, cpus, level, switches };
  const watcher = new EngineProcess(`The watcher of process ${pid}`, engineCommand(), [
    ...['watch', '--config', JSON.stringify(config)],
  ]);
  watcher.on('frame', onFrame);
  watcher.on('notice', (notice) => notices.add('server', notice));
  try {
    await orInterrupted(watcher.ready, signal);
    return watcher;
  } catch (error) {
    await watcher.stop();
    if (!(error instanceof LabError) || signal?.aborted === true) throw error;
    notices.warn('notWatched', `The tracks have nothing of the external server: ${sentenceOf(error)}`);
    return undefined;
  }
}
