/**
 * What the frames say, as plain structures. wire.ts has the constants, codec.ts the bytes.
 *
 * u64 fields become Numbers, read as two u32 (BigInt is several times slower): exact up to 2^53, which is 104 days of
 * nanoseconds; beyond that they are right to 2 ns.
 */
import type { ClientProfile } from './profiles.ts';
import {
  counterNames,
  gaugeNames,
  syscallNames,
  type CounterName,
  type FdRole,
  type GaugeName,
  type LatencyKind,
  type SyscallName,
} from './wire.ts';

/** Totals of an engine's process since it began. Arrays are in the order of the names in wire.ts. */
export interface Counters {
  /** CLOCK_MONOTONIC. */
  readonly timeNs: number;
  readonly sequence: number;
  /** The id of the snapshot command that this frame answers, or 0 for a periodic frame. */
  readonly snapshotId: number;
  readonly gauges: Float64Array;
  readonly counters: Float64Array;
  readonly syscalls: Float64Array;
  /** By the step's global index; shorter than maxSteps. */
  readonly stepHits: Float64Array;
  /** Time from reaching each step to reaching the next one on the same thread; from the level `fds` on. */
  readonly stepNs: Float64Array;
}

export interface ThreadStarted {
  /** Unique within one engine's run, unlike `tid`, which the kernel uses again. */
  readonly threadId: number;
  readonly tid: number;
  readonly name: string;
}

/**
 * What changed in one thread since the last frame: `values[i]` is the cumulative value of entry `indexes[i]`.
 * Entries are numbered counters first, then system calls, then steps.
 */
export interface ThreadChange {
  readonly threadId: number;
  readonly hasEnded: boolean;
  readonly indexes: Uint16Array;
  readonly values: Float64Array;
}

export interface Threads {
  readonly timeNs: number;
  readonly threads: readonly ThreadChange[];
}

/** Latencies of the interval since the last frame of the same kind. */
export interface Latency {
  readonly timeNs: number;
  readonly kind: LatencyKind;
  /** Whose; not given where a recording does not tell them apart. */
  readonly profile?: ClientProfile;
  /** HdrHistogram V2, uncompressed, values in ns. */
  readonly encoded: Uint8Array;
}

export interface Heartbeat {
  readonly timeNs: number;
}

/** A socket that came to be. Addresses are numeric, such as "127.0.0.1:41234" or "[::1]:80". */
export interface OpenedSocket {
  readonly timeNs: number;
  readonly connectionId: number;
  readonly fd: number;
  readonly role: FdRole;
  readonly local: string;
  readonly peer: string;
  /**
   * Of a server that is watched from outside and has several processes: the first thread of the one that has the socket,
   * as threadStarted has told it; its tid is that process's pid. Not given where several have it, or one that may hand
   * it to a child; for servers of the lab; and in sessions of before.
   */
  readonly processThreadId?: number;
}

/**
 * What happened on each fd since the last frame, as columns of the same length. A socket that is not in a frame did
 * nothing since its last record, and its queues and TCP state are as they were then.
 */
export interface FdStates {
  readonly timeNs: number;
  readonly count: number;
  readonly connectionIds: Uint32Array;
  readonly fds: Int32Array;
  /** Bits of fdFlags. */
  readonly flags: Uint16Array;
  /** Index in fdRoles. */
  readonly roles: Uint8Array;
  /** Index in tcpStates. */
  readonly tcpStates: Uint8Array;
  readonly receiveQueueBytes: Uint32Array;
  readonly sendQueueBytes: Uint32Array;
  /** How long it has been ready and not served; 0 where it is not. */
  readonly waitingUs: Uint32Array;
  readonly bytesIn: Uint32Array;
  readonly bytesOut: Uint32Array;
}

/**
 * How long each socket was in which state during the last `spanNs`. Of one tick there may be several frames, with the
 * same time and other sockets. A socket that is open and in none of them was idle for the whole span. What a socket's
 * states add up to is the span, or less where it was opened or closed within it. Where there is no such frame at all
 * nothing is known: the level was below `fds`, or the engine is of before.
 */
export interface FdShares {
  /** The end of the span. */
  readonly timeNs: number;
  /** A tick's length; more where ticks were merged. */
  readonly spanNs: number;
  readonly count: number;
  readonly connectionIds: Uint32Array;
  /** Index in fdRoles. */
  readonly roles: Uint8Array;
  /** Index in shareNames: the state at the end of the span. */
  readonly endStates: Uint8Array;
  /** Nanoseconds, one socket after another, each in the order of shareNames: `ns[row * shareNames.length + state]`. */
  readonly ns: Float64Array;
}

/** What threads do now; one that is not in a frame does what it did before. */
export interface ThreadStates {
  readonly timeNs: number;
  readonly count: number;
  readonly threadIds: Uint32Array;
  /** Index in threadStates. */
  readonly states: Uint8Array;
  /** Index in syscallNames, or noSyscall. */
  readonly syscalls: Uint16Array;
  readonly fds: Int32Array;
  /** Since when. */
  readonly sinceNs: Float64Array;
}

/** Context switches in the order of time within each thread. */
export interface Switches {
  readonly timeNs: number;
  readonly count: number;
  readonly timesNs: Float64Array;
  readonly threadIds: Uint32Array;
  /** Index in switchKinds. */
  readonly kinds: Uint8Array;
}

/** Events of one thread, in the order of time at which they ended. */
export interface Events {
  readonly timeNs: number;
  readonly threadId: number;
  /** Events of this thread since the last frame that found no room. */
  readonly dropped: number;
  readonly count: number;
  /** When it began. */
  readonly timesNs: Float64Array;
  readonly durationsNs: Float64Array;
  /** A value of eventKinds. */
  readonly kinds: Uint16Array;
  readonly codes: Uint16Array;
  readonly fds: Int32Array;
  readonly results: Int32Array;
  /** 0: none, or the listener. */
  readonly connectionIds: Uint32Array;
}

const counterIndex = new Map<string, number>(counterNames.map((name, index) => [name, index]));
const gaugeIndex = new Map<string, number>(gaugeNames.map((name, index) => [name, index]));
const syscallIndex = new Map<string, number>(syscallNames.map((name, index) => [name, index]));

/** Index of the first system call, and of the first step, among a thread's entries. */
export const firstSyscallEntry = counterNames.length;
export const firstStepEntry = counterNames.length + syscallNames.length;

const at = (values: Float64Array, index: number | undefined): number =>
  index === undefined ? 0 : (values[index] ?? 0);

/** A counter by name; 0 where an older engine does not have it. */
export const counterOf = (frame: Counters, name: CounterName): number => at(frame.counters, counterIndex.get(name));
export const gaugeOf = (frame: Counters, name: GaugeName): number => at(frame.gauges, gaugeIndex.get(name));
export const syscallOf = (frame: Counters, name: SyscallName): number => at(frame.syscalls, syscallIndex.get(name));

/** Entry number of a counter in the frames of threads. */
export const counterEntry = (name: CounterName): number => counterIndex.get(name) ?? 0;
