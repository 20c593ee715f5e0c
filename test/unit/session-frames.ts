/** A small run as frames: a server that is switched once, clients, threads, sockets, switches and system calls. */
import { inflateSync } from 'node:zlib';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { FrameSource } from '../../shared/contract/channels.ts';
import {
  encodeCounters,
  encodeEvents,
  encodeFdShares,
  encodeFdStates,
  encodeHeartbeat,
  encodeJson,
  encodeLatency,
  encodeOpened,
  encodeSwitches,
  encodeThreads,
  encodeThreadStarted,
  encodeThreadStates,
  counterEntry,
  type Counters,
  type Events,
} from '../../shared/telemetry/codec.ts';
import type { SessionFrame } from '../../shared/session/format.ts';
import type { ManifestInput } from '../../shared/session/manifest.ts';
import {
  awaits,
  counterNames,
  eventKinds,
  fdFlags,
  frameHeaderBytes,
  frameKinds,
  gaugeNames,
  noFd,
  noSyscall,
  syscallNames,
  type CounterName,
  type GaugeName,
  type SyscallName,
} from '../../shared/telemetry/wire.ts';
import { emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';

export const startNs = 5_000_000_000_000;

export const manifestOf = (changes: Partial<ManifestInput> = {}): ManifestInput => ({
  id: 'a-session',
  name: 'epoll against poll',
  settings: { connections: 4, server: { model: 'epoll-lt' } },
  scenario: { name: 'tour', title: 'A <tour> & more', question: 'Who waits?', text: 'version: 1\ntitle: tour\n' },
  machine: {
    ...{ cpuModel: 'A CPU', cpus: 2, serverCpus: '0', clientCpus: '1', memoryBytes: 8e9, kernel: '6.1.0' },
    limits: { openFilesSoft: 1024 },
    versions: { fdscope: '0.1.0', node: 'v20', wire: 1 },
  },
  started: { wallMs: 1_700_000_000_000, monotonicNs: startNs },
  ...changes,
});

const named = <Name extends string>(names: readonly Name[], values: Partial<Record<Name, number>>): Float64Array =>
  Float64Array.from(names, (name) => values[name] ?? 0);

export function countersFrame(
  timeNs: number,
  counters: Partial<Record<CounterName, number>>,
  syscalls: Partial<Record<SyscallName, number>> = {},
  gauges: Partial<Record<GaugeName, number>> = {},
): Counters {
  return {
    ...{ timeNs, sequence: 1, snapshotId: 0, stepHits: Float64Array.of(1, 2), stepNs: Float64Array.of(3, 4) },
    gauges: named(gaugeNames, gauges),
    counters: named(counterNames, counters),
    syscalls: named(syscallNames, syscalls),
  };
}

export function latencyBytes(valuesNs: readonly number[]): Uint8Array {
  const histogram = emptyHistogram();
  for (const value of valuesNs) histogram.recordValue(value);
  // The library packs; engines send what is inside: behind a cookie and a length, deflated.
  const packed = Buffer.from(encodeIntoCompressedBase64(histogram), 'base64');
  return Uint8Array.from(inflateSync(packed.subarray(8, 8 + packed.readUInt32BE(4))));
}

export interface SmallRun {
  readonly frames: SessionFrame[];
  /** What the counters say at the end. */
  readonly syscalls: Record<string, number>;
  readonly onCpuNs: number;
  readonly requests: number;
  readonly latenciesNs: readonly number[];
  readonly endNs: number;
}

const stepMs = 50;

export interface SmallRunOptions {
  readonly seconds?: number;
  readonly connections?: number;
  /** Whether it was recorded by an engine that measures how long sockets are in which state. */
  readonly hasShares?: boolean;
}

/** Counters, system calls, switches and latencies agree with each other to the unit. */
export function smallRun({ seconds = 3, connections = 4, hasShares = false }: SmallRunOptions = {}): SmallRun {
  const frames: SessionFrame[] = [];
  const put = (source: FrameSource, bytes: Uint8Array, receivedNs: number): void => {
    const kind = new DataView(bytes.buffer, bytes.byteOffset).getUint16(4, true);
    frames.push({ source, kind, payload: bytes.subarray(frameHeaderBytes), receivedNs });
  };
  const steps = [{ index: 0, line: 12, label: 'wait' }];
  const ready = (role: string, pid: number): object => ({ role, pid, options: {}, steps, notices: [] });
  put('server', encodeJson(frameKinds.ready, ready('serve', 4000)), startNs + 1e6);
  const model = { timeNs: startNs + 1e6, model: 'epoll-lt', options: {}, sourceFile: 'epoll_lt.cpp', steps };
  put('server', encodeJson(frameKinds.model, model), startNs + 1e6);
  put('server', encodeThreadStarted({ threadId: 1, tid: 4000, name: 'loop' }), startNs + 1e6);
  put('server', encodeThreadStarted({ threadId: 2, tid: 4001, name: 'telemetry' }), startNs + 1e6);
  put('clients', encodeJson(frameKinds.ready, ready('load', 5000)), startNs + 2e6);
  put('clients', encodeThreadStarted({ threadId: 1, tid: 5000, name: 'load' }), startNs + 2e6);
  const sockets = Array.from({ length: connections }, (_, i) => ({
    ...{ timeNs: startNs + 2e6, connectionId: i + 1, fd: 7 + i, role: 'client' as const },
    ...{ local: '127.0.0.1:8080', peer: `127.0.0.2:${40_000 + i}` },
    // As if the last one were another process's.
    ...(i === connections - 1 && { processThreadId: 2 }),
  }));
  put('server', encodeOpened(startNs + 2e6, sockets), startNs + 3e6);
  put('clients', encodeJson(frameKinds.mark, { name: 'steady', timeNs: startNs + 3e6 }), startNs + 3e6);

  let requests = 0;
  let onCpuNs = 0;
  const syscalls: Partial<Record<SyscallName, number>> = {};
  const latenciesNs: number[] = [];
  const ticks = Math.round((seconds * 1000) / stepMs);
  for (let tick = 1; tick <= ticks; tick++) {
    const nowNs = startNs + tick * stepMs * 1e6;
    const events: {
      timeNs: number;
      durationNs: number;
      kind: number;
      code: number;
      fd: number;
      result: number;
      connection: number;
    }[] = [];
    let at = nowNs - stepMs * 1e6 + 5e6;
    const call = (name: SyscallName, durationNs: number, fd: number, result: number, connection: number): void => {
      const code = syscallNames.indexOf(name);
      events.push({ timeNs: at, durationNs, kind: eventKinds.syscall, code, fd, result, connection });
      syscalls[name] = (syscalls[name] ?? 0) + 1;
      at += durationNs + 100;
    };
    call('epoll_wait', 2_000_000 + tick, noFd, connections, 0);
    for (let i = 0; i < connections; i++) {
      const begun = at;
      call('read', 3000 + i, 7 + i, tick % 7 === 0 ? -11 : 90, i + 1);
      call('write', 5000, 7 + i, 128, i + 1);
      events.push({
        ...{ timeNs: begun, durationNs: at - begun, kind: eventKinds.coroutineRan, code: awaits.indexOf('read') },
        ...{ fd: noFd, result: 0, connection: i + 1 },
      });
      requests++;
      latenciesNs.push(10_000 * (i + 1) + tick);
    }
    const columns: Events = {
      ...{ timeNs: nowNs, threadId: 1, dropped: 0, count: events.length },
      timesNs: Float64Array.from(events, (event) => event.timeNs),
      durationsNs: Float64Array.from(events, (event) => event.durationNs),
      kinds: Uint16Array.from(events, (event) => event.kind),
      codes: Uint16Array.from(events, (event) => event.code),
      fds: Int32Array.from(events, (event) => event.fd),
      results: Int32Array.from(events, (event) => event.result),
      connectionIds: Uint32Array.from(events, (event) => event.connection),
    };
    put('server', encodeEvents(columns), nowNs);
    const inNs = nowNs - stepMs * 1e6 + 1e6;
    const outNs = nowNs - 10e6;
    onCpuNs += outNs - inNs;
    const switched = { timesNs: Float64Array.of(inNs, outNs), threadIds: Uint32Array.of(1, 1) };
    put(
      'server',
      encodeSwitches({ timeNs: nowNs, count: 2, ...switched, kinds: Uint8Array.of(0, tick % 2 ? 1 : 2) }),
      nowNs,
    );
    if (hasShares) {
      // The first connection is served for a tenth of a millisecond more each tick; the others are idle.
      const servingNs = tick * 100_000;
      const shares = {
        ...{ timeNs: nowNs, spanNs: stepMs * 1e6, count: 1, connectionIds: Uint32Array.of(1) },
        ...{ roles: Uint8Array.of(1), endStates: Uint8Array.of(4) },
        ns: Float64Array.of(stepMs * 1e6 - servingNs - 70, 40, 30, 0, servingNs, 0, 0, 0),
      };
      put('server', encodeFdShares(shares), nowNs);
    }
    put(
      'server',
      encodeFdStates({
        timeNs: nowNs,
        count: connections,
        connectionIds: Uint32Array.from({ length: connections }, (_, i) => i + 1),
        fds: Int32Array.from({ length: connections }, (_, i) => 7 + i),
        flags: new Uint16Array(connections).fill(
          fdFlags.read | fdFlags.wrote | fdFlags.queuesKnown | (tick % 3 === 0 ? fdFlags.waiting : 0),
        ),
        roles: new Uint8Array(connections).fill(1),
        tcpStates: new Uint8Array(connections).fill(1),
        receiveQueueBytes: new Uint32Array(connections).fill(tick),
        sendQueueBytes: new Uint32Array(connections),
        waitingUs: new Uint32Array(connections).fill(tick % 3 === 0 ? 400 : 0),
        bytesIn: new Uint32Array(connections).fill(90),
        bytesOut: new Uint32Array(connections).fill(128),
      }),
      nowNs,
    );
    put(
      'server',
      encodeThreadStates({
        ...{ timeNs: nowNs, count: 1, threadIds: Uint32Array.of(1), states: Uint8Array.of(3) },
        ...{
          syscalls: Uint16Array.of(tick % 2 ? syscallNames.indexOf('epoll_wait') : noSyscall),
          fds: Int32Array.of(noFd),
        },
        sinceNs: Float64Array.of(nowNs - 1e6),
      }),
      nowNs,
    );
    put(
      'server',
      encodeThreads({
        timeNs: nowNs,
        threads: [
          {
            threadId: 1,
            hasEnded: false,
            indexes: Uint16Array.of(counterEntry('requests')),
            values: Float64Array.of(requests),
          },
        ],
      }),
      nowNs,
    );
    const server = { requests, onCpuNs, bytesIn: requests * 90, bytesOut: requests * 128, voluntarySwitches: tick };
    const gauges = { rssBytes: 1e6 * tick, threads: 2, openFds: 10, openConnections: connections };
    put('server', encodeCounters(countersFrame(nowNs, { ...server, cpuUserNs: tick * 1e6 }, syscalls, gauges)), nowNs);
    put(
      'clients',
      encodeCounters(countersFrame(nowNs, { requests, requestsSent: requests, cpuUserNs: tick * 2e6 })),
      nowNs,
    );
    const latest = latenciesNs.slice(-connections);
    put('clients', encodeLatency({ timeNs: nowNs, kind: 'corrected', encoded: latencyBytes(latest) }), nowNs);
    put('clients', encodeLatency({ timeNs: nowNs, kind: 'uncorrected', encoded: latencyBytes(latest) }), nowNs);
    if (tick % 20 === 0) put('server', encodeHeartbeat({ timeNs: nowNs }), nowNs);
    if (tick === Math.floor(ticks / 2)) {
      put('lab', encodeJson(frameKinds.mark, { name: 'changed', timeNs: nowNs, text: 'work 10 µs → 20 µs' }), nowNs);
      put(
        'server',
        encodeJson(frameKinds.model, { ...model, timeNs: nowNs, model: 'poll', previous: 'epoll-lt' }),
        nowNs,
      );
      put(
        'lab',
        encodeJson(frameKinds.finding, {
          ...{ code: 'fdStarves', level: 'warning', timeNs: nowNs, sinceNs: nowNs - 1e9, model: 'poll' },
          ...{ text: 'A socket waited 3 ms.', figures: { waitingUs: 3000 } },
        }),
        nowNs,
      );
    }
  }
  return { frames, syscalls, onCpuNs, requests, latenciesNs, endNs: startNs + ticks * stepMs * 1e6 };
}
