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
  /** JSON {timeNs, name, ...}: a moment in the run, such as `steady` or `loadDone`, or a change that somebody made. */
  mark: 10,
  /** JSON: the model that serves from now on, once behind `ready` and then after every live switch. */
  model: 11,
  /** Binary: sockets that came to be, with their addresses. Sent from the level `fds` on. */
  opened: 12,
  /** Binary: what happened on each fd since the last frame. Sent from the level `fds` on. */
  fdStates: 13,
  /** Binary: what each thread is doing now, where that changed. Sent from the level `fds` on. */
  threadStates: 14,
  /** Binary: context switches, each one. Sent where they are recorded. */
  switches: 15,
  /** Binary: system calls, readiness reports and the like of one thread. Sent at the level `events`. */
  events: 16,
  /** JSON: what a diagnosis rule found. Written by the lab, not by an engine. */
  finding: 17,
  /** Binary: how long each socket was in which state, up to the frame's time. Sent at every tick from the level `fds` on. */
  fdShares: 18,
  /** JSON: what a call on the bench came to, and how things stand after it. */
  bench: 19,
  /** JSON: what other programs on the machine took from the run. Written by the lab, every second. */
  machine: 20,
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
  // Filled by the telemetry thread from recorded context switches; zero where they are not recorded.
  'onCpuNs',
  'blockedNs',
  'preemptedNs',
  'recordedBlocked',
  'recordedPreempted',
  // What the telemetry could not keep.
  'eventsDropped',
  'switchesLost',
  // Replies that say no: HTTP 4xx and 5xx, RESP errors.
  'errorReply',
  // Load engine only. Replies by the class of their HTTP status; interim replies are not among them.
  'status2xx',
  'status3xx',
  'status4xx',
  'status5xx',
  'interimReplies',
  // Requests that an open loop was to send by now, those of them that it did send, and by how many ns these came late in all.
  'requestsDue',
  'requestsDueSent',
  'lateNs',
  // Connections that the server ended, between two requests or as it had announced.
  'serverCloses',
  // Requests that crossed such an end on their way and got not one byte of a reply; and those of them that were sent
  // again on another connection, as they may safely be.
  'closedEarly',
  'requestsRetried',
  // Where the time limit ended something, by what it waited for. Together they are errorTimeout.
  'timeoutConnect',
  'timeoutFirstByte',
  'timeoutReply',
  'timeoutClosing',
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
  'reply',
] as const;

export type ErrorKind = (typeof errorKinds)[number];

/** States of the process at the moment of the frame; they do not add up. */
export const gaugeNames = [
  'rssBytes',
  'threads',
  'openFds',
  'openConnections',
  // The listening socket: connections that wait for accept(), how many may, and how many found no room since the start.
  'acceptQueue',
  'acceptBacklog',
  'listenOverflows',
  // Telemetry itself: memory of its rings, its level (index in detailLevels), and whether it records switches (0 or 1).
  'ringBytes',
  'detailLevel',
  'recordsSwitches',
] as const;

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

/** Whose latencies a histogram has. 0 is everybody's: older recordings do not tell them apart. */
export const profileNumbers = {
  closed: 1,
  rate: 2,
  idle: 3,
  slowWriter: 4,
  slowReader: 5,
  churn: 6,
  burst: 7,
  halfClose: 8,
  reset: 9,
} as const;

/** What clients do where they are not told otherwise. */
export interface ProfileDefaults {
  /** Requests a second of all clients of an open loop. */
  readonly rate: number;
  readonly thinkMs: number;
  /** Requests under way at once on a connection. */
  readonly pipeline: number;
  /** Between two pieces, bursts or resets. */
  readonly intervalMs: number;
  /** Of a piece. */
  readonly chunkBytes: number;
  /** SO_RCVBUF; 0: as the kernel has it. */
  readonly receiveBufferBytes: number;
}

const anyProfile: ProfileDefaults = {
  ...{ rate: 1000, thinkMs: 0, pipeline: 1 },
  ...{ intervalMs: 20, chunkBytes: 1024, receiveBufferBytes: 0 },
};
/** Written once: the engine's are generated from these, and the app shows them. */
export const profileDefaults: Readonly<Record<keyof typeof profileNumbers, ProfileDefaults>> = {
  closed: anyProfile,
  rate: anyProfile,
  idle: anyProfile,
  slowWriter: { ...anyProfile, intervalMs: 50, chunkBytes: 1 },
  // One that sips is to leave its bytes with the server, not in a buffer of megabytes.
  slowReader: { ...anyProfile, receiveBufferBytes: 4096 },
  churn: anyProfile,
  burst: { ...anyProfile, intervalMs: 1000 },
  halfClose: anyProfile,
  reset: { ...anyProfile, intervalMs: 10 },
};

/** How much is recorded; each level has all of those before it. Recording context switches is switched on its own. */
export const detailLevels = ['counters', 'fds', 'events'] as const;

export type DetailLevel = (typeof detailLevels)[number];

/** What a socket is to its server. A socket is named by its connection's id and its role; the listener's id is 0. */
export const fdRoles = ['listener', 'client', 'upstream'] as const;

export type FdRole = (typeof fdRoles)[number];

/** Bits of an fd's record: what happened since the last frame, and, from `waiting` on, how it is now. */
export const fdFlags = {
  opened: 1,
  reportedReadable: 2,
  reportedWritable: 4,
  read: 8,
  wrote: 16,
  eagain: 32,
  accepted: 64,
  error: 128,
  closed: 256,
  /** Something to read or room to write was known and has not been used yet; `waitingUs` says since when. */
  waiting: 512,
  /** A thread sleeps in a call on this fd. */
  blocked: 1024,
  /** The connection has bytes to write that the kernel did not take. */
  writeBlocked: 2048,
  /** The queues and the TCP state were read from the kernel for this frame; otherwise they are as last known. */
  queuesKnown: 4096,
} as const;

/**
 * What a socket can be in, each nanosecond in exactly one of them. Of several that hold at once the last of this list
 * counts, but that `serving` goes before all.
 *
 * - idle: nothing to do on it.
 * - unsure: idle or waiting; its data came in somewhere in here, and no look and no report says where.
 * - waiting: data lies in the kernel, or a client in the accept queue, and nobody has been told.
 * - reported: the server has been told, and has not come to it yet.
 * - serving: from the first call of a turn on it to the last, with its handler.
 * - inVain: a call that found nothing (EAGAIN), or a loop of those.
 * - writeBlocked: it has bytes to write that the kernel does not take.
 * - unknown: nobody could see it, as with a server that is watched from outside.
 */
export const shareNames = [
  'idle',
  'unsure',
  'waiting',
  'reported',
  'serving',
  'inVain',
  'writeBlocked',
  'unknown',
] as const;

export type ShareName = (typeof shareNames)[number];

/** TCP states by the kernel's numbers; 0 is "not known". */
export const tcpStates = [
  'unknown',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const;

/**
 * Threads by these names are the lab's own, in a server of the lab: they measure, take commands and hand over, and serve
 * nobody. A program that is watched from outside may give a thread any name.
 */
export const labThreadNames = ['telemetry', 'commands', 'supervisor'] as const;

/** What a thread does: on a core, waiting for one (preempted), asleep in a system call, or asleep until a time. */
export const threadStates = ['unknown', 'running', 'ready', 'blocked', 'sleeping'] as const;

export type ThreadState = (typeof threadStates)[number];

/** A context switch of one thread: it got a core, or left it because it had to wait or because others were to run. */
export const switchKinds = ['in', 'blocked', 'preempted'] as const;

export type SwitchKind = (typeof switchKinds)[number];

/** What an event record tells; its fields are described at EventColumns in frames.ts. */
export const eventKinds = {
  /** code: system call; result: what it returned, or -errno. */
  syscall: 1,
  /** The kernel reported a fd. code: readiness bits. */
  ready: 2,
  /** code: step. */
  step: 3,
  accepted: 4,
  closed: 5,
  coroutineCreated: 6,
  /** A coroutine ran from timeNs for durationNs. code: what it awaits then. */
  coroutineRan: 7,
  timerSet: 8,
  timerFired: 9,
  /** What the server did for a connection between its calls, from timeNs for durationNs: its handler. */
  handled: 10,
} as const;

export type EventKind = keyof typeof eventKinds;

/** Bits of a readiness report, whichever call made it. */
export const readinessBits = { readable: 1, writable: 2, error: 4, hangup: 8, completion: 16 } as const;

/** What a coroutine waits for when it yields. */
export const awaits = ['read', 'write', 'connect', 'timer', 'nothing'] as const;

/** Bytes of one record in the binary frames. */
export const recordBytes = { opened: 56, fdState: 32, threadState: 24, switch: 16, event: 32, fdShare: 40 } as const;

/** Where no system call, or no fd, belongs to a record. */
export const noSyscall = 0xffff;
export const noFd = -1;
