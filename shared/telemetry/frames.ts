/**
 * What the frames say, as plain structures. wire.ts has the constants, codec.ts the bytes.
 *
 * u64 fields become Numbers, read as two u32 (BigInt is several times slower): exact up to 2^53, which is 104 days of
 * nanoseconds; beyond that they are right to 2 ns.
 */
import {
  counterNames,
  gaugeNames,
  syscallNames,
  type CounterName,
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
  /** HdrHistogram V2, uncompressed, values in ns. */
  readonly encoded: Uint8Array;
}

export interface Heartbeat {
  readonly timeNs: number;
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
