/**
 * The wire format between an engine and the lab: the only place where its constants are written.
 *
 * `npm run wire` writes main/engine/telemetry/wire.gen.hpp from this file; a unit test fails when the two differ.
 *
 * A frame is `u32 payloadBytes, u16 kind, u16 wireVersion` followed by the payload, all little-endian.
 * Counters are cumulative since the engine started, so a reader may drop any frame and still be right.
 */

export const wireVersion = 1;

/** Bytes before every payload: u32 payload length, u16 kind, u16 version. */
export const frameHeaderBytes = 8;

/** A longer payload is a broken stream, not a big frame: readers refuse it and writers split before it. */
export const maxPayloadBytes = 1 << 20;

/** Milliseconds between two counter frames. */
export const frameIntervalMs = 50;

/** Kinds of frame. JSON payloads are UTF-8 objects; binary payloads are described at their codec. */
export const frameKinds = {
  /** JSON, once, first: the engine is serving (bound port) or about to connect. */
  ready: 1,
  /** Binary: u64 timeNs. Sent every second even where counters are not. */
  heartbeat: 2,
  /** Binary: totals of the process, complete. */
  counters: 3,
  /** Binary: a thread (or forked process) began: its id, tid and name. */
  threadStarted: 4,
  /** Binary: changed counters of each thread. */
  threads: 5,
  /** Binary: one interval's latency histogram. */
  latency: 6,
  /** JSON {level, code, text}: something a person should be told. */
  notice: 7,
  /** JSON {id, ok, error?, ...}: the answer to a command. */
  reply: 8,
  /** JSON, once, last: why the engine ended. */
  finished: 9,
  /** JSON {timeNs, name, ...}: a moment in the run, such as `steady` or `loadDone`. */
  mark: 10,
} as const;

export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

/**
 * Counters that every thread keeps and that add up over threads.
 * Units are in the names; a name without one is a count.
 */
export const counterNames = [
  'requests',
  'bytesIn',
  'bytesOut',
  'eagain',
  'wakeups',
  'readyEvents',
  'accepts',
  'closes',
  'upstreamConnects',
  'coroutineSwitches',
  'coroutinesCreated',
  // What went wrong, by kind.
  'errorConnect',
  'errorRefused',
  'errorReset',
  'errorTimeout',
  'errorProtocol',
  'errorMismatch',
  'errorFdLimit',
  'errorSelectRange',
  'errorUpstream',
  'errorOther',
  // Filled by the telemetry thread from the kernel.
  'cpuUserNs',
  'cpuSystemNs',
  'voluntarySwitches',
  'involuntarySwitches',
  // Load engine only.
  'connectsStarted',
  'connectsDone',
  'requestsSent',
] as const;

export type CounterName = (typeof counterNames)[number];

/** What went wrong, without the `error` prefix that the counters carry. */
export const errorKinds = [
  'connect',
  'refused',
  'reset',
  'timeout',
  'protocol',
  'mismatch',
  'fdLimit',
  'selectRange',
  'upstream',
  'other',
] as const;

export type ErrorKind = (typeof errorKinds)[number];

/** States of the process at the moment of the frame; they do not add up. */
export const gaugeNames = ['rssBytes', 'threads', 'openFds', 'openConnections'] as const;

export type GaugeName = (typeof gaugeNames)[number];

/** System calls that the engine issues through its traced wrappers, as strace names them on x86-64. */
export const syscallNames = [
  'read',
  'write',
  'readv',
  'writev',
  'recvfrom',
  'sendto',
  'accept4',
  'connect',
  'socket',
  'bind',
  'listen',
  'close',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'getsockname',
  'fcntl',
  'pselect6',
  'poll',
  'epoll_create1',
  'epoll_ctl',
  'epoll_wait',
  'epoll_pwait2',
  'eventfd2',
  'clock_nanosleep',
  'rt_sigtimedwait',
  'rt_sigprocmask',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'clone',
  'clone3',
  'wait4',
  'kill',
  'futex',
  'sched_yield',
  'mmap',
  'munmap',
  'mprotect',
  'getpeername',
] as const;

export type SyscallName = (typeof syscallNames)[number];

/** Most step markers over all models; a thread keeps one hit counter for each. */
export const maxSteps = 256;

/** Which clock a latency histogram was measured from. */
export const latencyKinds = {
  /** From the moment the request was really sent. */
  uncorrected: 0,
  /** From the moment it was meant to be sent, so that a stalled server cannot hide its stall (coordinated omission). */
  corrected: 1,
} as const;

export type LatencyKind = keyof typeof latencyKinds;
