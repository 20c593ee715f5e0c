/** Frames of a server that is watched from outside, as the lab sends them: what nobody can count is 0 in them. */
import {
  encodeCounters,
  encodeFdStates,
  encodeJson,
  encodeOpened,
  encodeThreads,
  encodeThreadStarted,
  encodeThreadStates,
} from '../../../shared/telemetry/codec.ts';
import { counterEntry } from '../../../shared/telemetry/frames.ts';
import {
  counterNames,
  fdFlags,
  frameHeaderBytes,
  frameKinds,
  gaugeNames,
  noFd,
  noSyscall,
  syscallNames,
  threadStates,
  type CounterName,
  type GaugeName,
} from '../../../shared/telemetry/wire.ts';
import type { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { startNs, tickNs } from './tracks/given.ts';

type Named<Name extends string> = Readonly<Partial<Record<Name, number>>>;
const inOrder = <Name extends string>(names: readonly Name[], values: Named<Name>): Float64Array =>
  Float64Array.from(names, (name) => values[name] ?? 0);

function countersOf(tick: number, counters: Named<CounterName>, gauges: Named<GaugeName>): Uint8Array {
  return encodeCounters({
    ...{ timeNs: startNs + tick * tickNs, sequence: tick, snapshotId: 0 },
    gauges: inOrder(gaugeNames, gauges),
    counters: inOrder(counterNames, counters),
    syscalls: new Float64Array(syscallNames.length),
    ...{ stepHits: new Float64Array(0), stepNs: new Float64Array(0) },
  });
}

export const listenerId = 0;
export const busyId = 1;
export const waitingId = 2;
/** Connections of two processes of it have the same fd. */
export const sharedFd = 9;
export const busyPid = 4720;
export const waitingPid = 4719;

export interface OutsideRun {
  readonly model?: string;
  readonly recordsSwitches?: boolean;
  /** As sessions of before had it: frames do not say which process has a socket. */
  readonly isOld?: boolean;
}

/** Ten seconds of 1000 replies a second; each costs 100 µs of CPU, and 2 voluntary switches. */
export function tellOutsideRun(
  history: TelemetryHistory,
  { model = 'external', recordsSwitches = true, isOld = false }: OutsideRun = {},
): void {
  const tell = (kind: number, frame: Uint8Array): void =>
    history.take('server', kind, frame.subarray(frameHeaderBytes));
  const named = { timeNs: startNs, model, options: {}, sourceFile: '', steps: [] };
  tell(frameKinds.model, encodeJson(frameKinds.model, named));
  tell(frameKinds.threadStarted, encodeThreadStarted({ threadId: 1, tid: 4711, name: 'nginx' }));
  for (const [threadId, tid] of [waitingPid, busyPid].entries()) {
    tell(frameKinds.threadStarted, encodeThreadStarted({ threadId: 2 + threadId, tid, name: `nginx ${tid}` }));
  }
  const opened = (connectionId: number, role: 'listener' | 'client', fd: number, processThreadId: number) =>
    ({
      ...{ timeNs: startNs, connectionId, fd, role, local: '127.0.0.1:8080', peer: '127.0.0.1:50000' },
      ...(isOld || processThreadId === 0 ? {} : { processThreadId }),
    }) as const;
  const sockets = [
    opened(listenerId, 'listener', 6, 0),
    opened(busyId, 'client', sharedFd, 3),
    opened(waitingId, 'client', sharedFd, 2),
  ];
  tell(frameKinds.opened, encodeOpened(startNs, sockets));
  for (let tick = 0; tick <= 200; tick++) {
    const timeNs = startNs + tick * tickNs;
    const replies = 50 * tick;
    const cpuNs = replies * 50_000;
    const counted = { cpuUserNs: cpuNs, cpuSystemNs: cpuNs, voluntarySwitches: 2 * replies, bytesIn: 64 * replies };
    const gauges = { rssBytes: 3 << 20, threads: 1, openFds: 9, openConnections: 2, detailLevel: 1 };
    tell(frameKinds.counters, countersOf(tick, counted, { ...gauges, recordsSwitches: recordsSwitches ? 1 : 0 }));
    const reply = countersOf(tick, { requests: replies }, {});
    history.take('clients', frameKinds.counters, reply.subarray(frameHeaderBytes));
    const flags = [0, fdFlags.read | fdFlags.wrote, fdFlags.waiting].map((flag) => flag | fdFlags.queuesKnown);
    const states = encodeFdStates({
      ...{ timeNs, count: 3 },
      connectionIds: Uint32Array.of(listenerId, busyId, waitingId),
      fds: Int32Array.of(6, sharedFd, sharedFd),
      flags: Uint16Array.from(flags),
      roles: Uint8Array.of(0, 1, 1),
      tcpStates: Uint8Array.of(10, 1, 1),
      receiveQueueBytes: Uint32Array.of(0, 0, 64),
      sendQueueBytes: new Uint32Array(3),
      waitingUs: Uint32Array.of(0, 0, 500),
      bytesIn: Uint32Array.of(0, 3200, 0),
      bytesOut: Uint32Array.of(0, 6400, 0),
    });
    tell(frameKinds.fdStates, states);
    if (tick > 0) continue;
    const indexes = Uint16Array.of(counterEntry('requests'), counterEntry('voluntarySwitches'));
    const thread = { threadId: 1, hasEnded: false, indexes, values: Float64Array.of(0, 7) };
    tell(frameKinds.threads, encodeThreads({ timeNs, threads: [thread] }));
    const running = {
      ...{ timeNs, count: 1, threadIds: Uint32Array.of(1), states: Uint8Array.of(threadStates.indexOf('running')) },
      ...{ syscalls: Uint16Array.of(noSyscall), fds: Int32Array.of(noFd), sinceNs: Float64Array.of(timeNs) },
    };
    tell(frameKinds.threadStates, encodeThreadStates(running));
  }
}
