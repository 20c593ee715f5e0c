/**
 * What the diagnosis rules look at: the last seconds of an engine pair's frames, put into the shape in which a question
 * such as "how much CPU a request" is one line. Fed with frames as they come, live or from a session file.
 */
import type { MachineNoise } from '../../../shared/machine-noise.ts';
import { addEncoded, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import {
  decodeCounters,
  decodeFdStates,
  decodeJson,
  decodeLatency,
  decodeThreadStarted,
  gaugeOf,
  counterOf,
  counterEntry,
  type Counters,
} from '../../../shared/telemetry/codec.ts';
import { modelFrameSchema } from '../../../shared/engine-messages.ts';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import {
  fdFlags,
  fdRoles,
  frameKinds,
  tcpStates,
  type CounterName,
  type FdRole,
  type GaugeName,
} from '../../../shared/telemetry/wire.ts';
import { ThreadsSeen } from './threads-seen.ts';

/** How far back a rule may look. */
export const windowNs = 1e9;

export interface SocketNow {
  readonly connectionId: number;
  readonly role: FdRole;
  fd: number;
  flags: number;
  tcpState: (typeof tcpStates)[number];
  receiveQueueBytes: number;
  sendQueueBytes: number;
  waitingUs: number;
  /** When its last record came. */
  timeNs: number;
  /** Since when it has been in this TCP state. */
  stateSinceNs: number;
  /** Bytes have come since bytes were sent last: a reply is owed. */
  isOwedReply: boolean;
}

const newSocket = (connectionId: number, role: FdRole): SocketNow => ({
  ...{ connectionId, role, fd: -1, flags: 0, tcpState: 'unknown', receiveQueueBytes: 0, sendQueueBytes: 0 },
  ...{ waitingUs: 0, timeNs: 0, stateSinceNs: 0, isOwedReply: false },
});

const onCpuNs = counterEntry('onCpuNs');
const blockedNs = counterEntry('blockedNs');

/** Bytes lie there for a thread that is in a call on this very socket: it has been woken, and does not run yet. */
const isQueued = ({ flags, fd }: SocketNow, callFds: ReadonlySet<number>): boolean =>
  (flags & fdFlags.waiting) !== 0 && ((flags & fdFlags.blocked) !== 0 || callFds.has(fd));

/** Counters of one engine over the last window. */
class Ticks {
  readonly #frames: Counters[] = [];

  take(frame: Counters): void {
    this.#frames.push(frame);
    // One frame older than the window is kept: what grew in the window is counted from it.
    while (this.#frames.length > 2 && (this.#frames[1]?.timeNs ?? 0) <= frame.timeNs - windowNs) this.#frames.shift();
  }

  restart(): void {
    this.#frames.splice(0);
  }

  get first(): Counters | undefined {
    return this.#frames[0];
  }
  get last(): Counters | undefined {
    return this.#frames.at(-1);
  }
  get seconds(): number {
    return this.first && this.last ? (this.last.timeNs - this.first.timeNs) / 1e9 : 0;
  }
  /** Newest last. */
  get all(): readonly Counters[] {
    return this.#frames;
  }
}

export class Observation {
  readonly server = new Ticks();
  readonly clients = new Ticks();
  /** By connection and role. */
  readonly sockets = new Map<number, SocketNow>();
  #open: SocketNow[] | undefined;
  readonly threads = new ThreadsSeen();
  #clientThreads = 0;
  /** How many threads were seen waiting for a core at each of the server's ticks. */
  readonly #queued: { timeNs: number; threads: number; longestUs: number }[] = [];
  #latency = { timeNs: 0, histogram: emptyHistogram(), p99Us: 0 };
  model = '';
  noise: MachineNoise | undefined;

  /** True where a server's counters came, which is when rules are to be looked at. */
  take(source: FrameSource, kind: number, payload: Uint8Array): boolean {
    if (source === 'clients') this.#takeClients(kind, payload);
    if (source !== 'server') return false;
    switch (kind) {
      case frameKinds.counters: {
        const frame = decodeCounters(payload);
        if (frame.snapshotId !== 0) return false;
        this.server.take(frame);
        this.#countQueued(frame.timeNs);
        return true;
      }
      case frameKinds.model: {
        const frame = modelFrameSchema.parse(decodeJson(payload));
        this.model = frame.model;
        // Figures of two models are not mixed.
        this.server.restart();
        this.#queued.splice(0);
        return false;
      }
      case frameKinds.threadStarted:
      case frameKinds.threadStates:
      case frameKinds.threads:
        this.threads.take(kind, payload);
        return false;
      case frameKinds.fdStates:
        this.#takeFds(payload);
        return false;
      default:
        return false;
    }
  }

  /** Growth of a server's counter over the window. */
  grew(name: CounterName, of: Ticks = this.server): number {
    return of.first && of.last ? counterOf(of.last, name) - counterOf(of.first, name) : 0;
  }

  /** All of the server's system calls over the window. */
  get calls(): number {
    const { first, last } = this.server;
    if (!first || !last) return 0;
    return last.syscalls.reduce((sum, count, i) => sum + count - (first.syscalls[i] ?? 0), 0);
  }

  gauge(name: GaugeName): number {
    return this.server.last ? gaugeOf(this.server.last, name) : 0;
  }

  /** Growth of a gauge that only rises. */
  gaugeGrew(name: GaugeName): number {
    const { first, last } = this.server;
    return first && last ? gaugeOf(last, name) - gaugeOf(first, name) : 0;
  }

  /** Cores' worth of CPU time that the process used over the window. */
  cores(of: Ticks = this.server): number {
    return of.seconds > 0 ? (this.grew('cpuUserNs', of) + this.grew('cpuSystemNs', of)) / 1e9 / of.seconds : 0;
  }

  get clientThreads(): number {
    return Math.max(1, this.#clientThreads);
  }

  /** Corrected for coordinated omission; of the last second. */
  get p99Us(): number {
    return this.#latency.p99Us;
  }

  /**
   * Threads that could go on and have no core, on average over the window. `preempted`: from recorded context switches,
   * exact. `woken`: asleep in a call on a socket that has bytes for them, as seen at the ticks.
   */
  get runQueue(): { preempted: number; woken: number; longestUs: number } {
    const ticks = this.#queued;
    const sum = ticks.reduce((total, { threads }) => total + threads, 0);
    const preemptedNs = this.grew('preemptedNs');
    // A share of the threads' time and not of the clock's: a tick that comes late, as it waits for a core itself, has
    // the switches up to its own time.
    const recordedNs = this.grew('onCpuNs') + this.grew('blockedNs') + preemptedNs;
    const recorded = this.threads.all.filter((thread) => thread.total(blockedNs) + thread.total(onCpuNs) > 0).length;
    const preempted = recordedNs > 0 ? (recorded * preemptedNs) / recordedNs : 0;
    return {
      preempted,
      woken: Math.min(sum / Math.max(1, ticks.length), this.threads.all.length - preempted),
      longestUs: Math.max(0, ...ticks.map(({ longestUs }) => longestUs)),
    };
  }

  /** Connections that are open, the listener not among them. */
  get openSockets(): SocketNow[] {
    return (this.#open ??= [...this.sockets.values()].filter(({ role }) => role !== 'listener'));
  }

  #takeClients(kind: number, payload: Uint8Array): void {
    if (kind === frameKinds.counters) {
      const frame = decodeCounters(payload);
      if (frame.snapshotId === 0) this.clients.take(frame);
    } else if (kind === frameKinds.threadStarted) {
      if (decodeThreadStarted(payload).name.startsWith('client')) this.#clientThreads++;
    } else if (kind === frameKinds.latency) {
      const frame = decodeLatency(payload);
      if (frame.kind !== 'corrected') return;
      addEncoded(this.#latency.histogram, frame.encoded);
      if (frame.timeNs - this.#latency.timeNs < windowNs) return;
      const { histogram } = this.#latency;
      const p99Us = histogram.totalCount > 0 ? histogram.getValueAtPercentile(99) / 1000 : 0;
      this.#latency = { timeNs: frame.timeNs, histogram: emptyHistogram(), p99Us };
    }
  }

  #countQueued(timeNs: number): void {
    const { callFds } = this.threads;
    const queued = this.openSockets.filter((socket) => isQueued(socket, callFds));
    const longestUs = Math.max(0, ...queued.map(({ waitingUs }) => waitingUs));
    this.#queued.push({ timeNs, threads: queued.length, longestUs });
    while ((this.#queued[0]?.timeNs ?? timeNs) < timeNs - windowNs) this.#queued.shift();
  }

  #takeFds(payload: Uint8Array): void {
    const frame = decodeFdStates(payload);
    for (let i = 0; i < frame.count; i++) {
      const connectionId = frame.connectionIds[i] ?? 0;
      const role = fdRoles[frame.roles[i] ?? 0] ?? 'client';
      const flags = frame.flags[i] ?? 0;
      const key = connectionId * fdRoles.length + (frame.roles[i] ?? 0);
      if ((flags & fdFlags.closed) !== 0) {
        this.sockets.delete(key);
        continue;
      }
      const tcpState = tcpStates[frame.tcpStates[i] ?? 0] ?? 'unknown';
      let socket = this.sockets.get(key);
      if (!socket) this.sockets.set(key, (socket = newSocket(connectionId, role)));
      if (socket.tcpState !== tcpState) socket.stateSinceNs = frame.timeNs;
      // In place: there may be ten thousand of them, twenty times a second.
      socket.flags = flags;
      socket.tcpState = tcpState;
      socket.fd = frame.fds[i] ?? -1;
      socket.timeNs = frame.timeNs;
      socket.receiveQueueBytes = frame.receiveQueueBytes[i] ?? 0;
      socket.sendQueueBytes = frame.sendQueueBytes[i] ?? 0;
      socket.waitingUs = frame.waitingUs[i] ?? 0;
      if ((frame.bytesOut[i] ?? 0) > 0) socket.isOwedReply = false;
      else if ((frame.bytesIn[i] ?? 0) > 0) socket.isOwedReply = true;
    }
    this.#open = undefined;
  }
}
