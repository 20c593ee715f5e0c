/**
 * What a run measured: the JSON that `fdscope run --json` prints. Other programs read it; keys are only ever added.
 *
 * Every figure is the difference between two moments: for a run from the clients' `steady` mark to their `loadDone`
 * mark, for `serve` from ready to the end. Where a figure comes from is said at each key.
 */
import type { ModelId, ServerId } from './catalogue.ts';
import type { MachineNoise } from './machine-noise.ts';
import type { Handler, ModelOptions, Protocol } from './schemas/settings.ts';
import type { ClientProfile } from './telemetry/profiles.ts';
import type { CounterName, ErrorKind } from './telemetry/wire.ts';

/** Microseconds. Percentiles are exact to three significant digits, as the histograms are. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
  /** Replies counted, with requests that were given up and those that were open at the end, each as at least its age. */
  readonly count: number;
}

export interface ResultNotice {
  readonly level: 'info' | 'warning' | 'error';
  readonly code: string;
  readonly text: string;
  readonly source: 'server' | 'clients' | 'upstream' | 'lab';
}

export interface StepHits {
  /** Line in the model's source file. */
  readonly line: number;
  readonly label: string;
  readonly hits: number;
}

/** Something that was changed while the run went on. */
export interface RunMoment {
  /** Seconds since the measured interval began, when it was over or was refused. */
  readonly atSeconds: number;
  /** In words: "epoll-et took over from epoll-lt". */
  readonly what: string;
  /** What the scenario calls it. */
  readonly label?: string;
  /** Why it was not done; the run went on as before. */
  readonly refused?: string;
  /** Of another model. `live`: connections stayed open; `reconnect`: the models cannot hand over. */
  readonly switch?: {
    readonly model: ModelId;
    readonly previous: ModelId;
    readonly how: 'live' | 'reconnect';
    /** How long nobody served. */
    readonly pauseMs: number;
    readonly keptConnections: number;
  };
}

/** Threads whose names differ in numbers only, such as "connection 1" and "connection 2", are one group. */
export interface ThreadGroup {
  readonly name: string;
  readonly threads: number;
  /** Null where nobody but the server itself could say. */
  readonly requests: number | null;
  readonly cpuSeconds: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

export interface Machine {
  readonly kernel: string;
  readonly cpuModel: string;
  /** CPUs that the lab may use. */
  readonly cpus: number;
  /** CPU lists that server and clients were pinned to; empty where not pinned. */
  readonly serverCpus: string;
  readonly clientCpus: string;
}

/** What only a server of the lab can say of itself: its counters. */
interface InsideFigures {
  /** System calls through the engine's traced wrappers, by name; those that occurred. */
  readonly syscalls: Readonly<Record<string, number>>;
  /** Divided by the server's own count of requests; 0 where there were none. */
  readonly syscallsPerRequest: number;
  readonly eagain: number;
  readonly wakeups: number;
  readonly readyEvents: number;
  readonly accepts: number;
  readonly closes: number;
  readonly coroutineSwitches: number;
  readonly peakConnections: number;
  readonly steps: readonly StepHits[];
  /** CPU time of the server's own telemetry threads, which is part of `cpuSeconds`. */
  readonly telemetry: { readonly cpuSeconds: number };
  readonly sourceFile: string;
}

/** What the kernel says of the server's process, so that anybody's server has it. */
export interface OutsideFigures {
  /** Divided by the server's own count of requests, or that of the clients where it has none; 0 where there were none. */
  readonly cpuMicrosPerRequest: number;
  readonly switchesPerRequest: number;
  /** Of the server's whole process, its children included. Source: getrusage; of an external one /proc. */
  readonly contextSwitches: { readonly voluntary: number; readonly involuntary: number };
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  /** Highest value seen in the counter frames of the interval, 50 ms apart. `peakThreads` includes the three or four of telemetry and supervision. */
  readonly maxRssBytes: number;
  readonly peakThreads: number;
  readonly peakFds: number;
  readonly threads: readonly ThreadGroup[];
  readonly pid: number;
  readonly options: ModelOptions;
}

export interface ServerFigures extends InsideFigures, OutsideFigures {}

type OrNull<T> = { readonly [K in keyof T]: T[K] | null };

export type Errors = Readonly<Record<ErrorKind, number>>;

interface Subject<Model> {
  readonly model: Model;
  readonly protocol: Protocol;
  readonly handler: Handler;
}

interface Interval {
  /** Length of the measured interval. */
  readonly durationSeconds: number;
  readonly notices: readonly ResultNotice[];
}

/** `serve`: everything as the server counted it. */
export interface ServeResult extends Subject<ModelId>, Interval, OutsideFigures, OrNull<InsideFigures> {
  /** As in RunResult. */
  readonly notAvailable?: RunResult['notAvailable'];
  readonly host: string;
  readonly port: number;
  /** Replies that the server sent whole. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: Errors;
  /** As in RunResult. */
  readonly noise?: MachineNoise;
  readonly machine: Machine;
}

export type WaitedFor = 'connect' | 'firstByte' | 'reply' | 'closing';

/** What a request that is open at the end has waited so far is in the latencies, where it is above their 99th percentile. */
export interface ClientsAtEnd {
  /** Clients that wanted at least one reply, and those of them that got one within the interval. */
  readonly asked: number;
  readonly answered: number;
  /** Requests sent and not answered, connections neither open nor refused, requests due and not sent. */
  readonly waiting: number;
  readonly connecting: number;
  readonly unsent: number;
  readonly oldestMs: number;
}

export interface HeldRate {
  /** Requests a second that were due by the schedule, and that were sent. */
  readonly askedPerSecond: number;
  readonly sentPerSecond: number;
  readonly due: number;
  readonly sent: number;
  /** By how much those that were sent came late, on average. */
  readonly meanLateMs: number;
}

/** The clients of one profile: what a slow client gets is not what the others get. */
export interface ProfileFigures {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly requestsSent: number;
  /** Of all kinds together. */
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly latency: { readonly corrected: LatencySummary; readonly uncorrected: LatencySummary };
  /** Null where the load engine was too busy to say. */
  readonly clientsAtEnd: ClientsAtEnd | null;
}

interface ClientFigures {
  readonly connections: number;
  /** Replies that the clients received whole and checked. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly requestsSent: number;
  /** As the clients met them. */
  readonly errors: Errors;
  readonly latency: {
    /** From the moment a request was meant to be sent; where its connection was opened for it, from then. */
    readonly corrected: LatencySummary;
    /** From the moment it was sent. */
    readonly uncorrected: LatencySummary;
  };
  /** Replies by what they said: "200", "503", or "-" and the first word of a RESP error. The codes that occurred. */
  readonly replies: Readonly<Record<string, number>>;
  /** By profile; those that did anything. Clients that changed it meanwhile are in both. */
  readonly profiles: Readonly<Partial<Record<ClientProfile, ProfileFigures>>>;
  /** Where the clients stood at the end; null where the load engine was too busy to say. */
  readonly clientsAtEnd: ClientsAtEnd | null;
  /** Connections that the server ended, as it had announced or between two requests. */
  readonly serverCloses: number;
  /** Requests that crossed such an end and got no reply; not errors. Those that may safely be repeated were. */
  readonly closedEarly: number;
  readonly requestsRetried: number;
  /** What the time limit ended, by what it waited for: they add up to `errors.timeout`. */
  readonly timeouts: Readonly<Record<WaitedFor, number>>;
  /** Of an open loop; null where there is none. */
  readonly rate: HeldRate | null;
  /** CPU time of the load engine divided by the interval and its threads; near 1 the clients are the limit. */
  readonly clientCpuShare: number;
}

/** Further figures of a run that only a server of the lab can give. */
interface InsideRunFigures extends InsideFigures {
  /** What the server received and sent towards its clients and its upstream. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Replies by the server's count; differs from `requests` by those under way at either end of the interval. */
  readonly serverRequests: number;
  readonly serverErrors: Errors;
}
export type InsideFigure = keyof InsideRunFigures;

/** Figures that are null, and why. */
export type NotCounted = { readonly [K in keyof InsideFigures]?: null } & {
  readonly notAvailable?: Readonly<Partial<Record<InsideFigure | 'idleRssBytes', string>>>;
};

/**
 * `run`: requests, errors and latency from the clients, everything else from the server. What only a server of the lab
 * can say is null for the user's own (`external`), and `notAvailable` says why: it is not zero, it is not known.
 */
export interface RunResult
  extends Subject<ServerId>, Interval, ClientFigures, OutsideFigures, OrNull<InsideRunFigures> {
  /** What the scenario calls this model, where that is not the model's id. */
  readonly label?: string;
  readonly variant?: string;
  /** Resident memory of the server when it was ready and nobody had connected yet; null where it ran before. */
  readonly idleRssBytes: number | null;
  /** Each figure that is null, and why. */
  readonly notAvailable?: Readonly<Partial<Record<InsideFigure | 'idleRssBytes', string>>>;
  /**
   * What was changed while it ran. Then the figures are those of the whole interval, whoever served; `model`, `options`,
   * `connections`, `steps` and `sourceFile` are those at its beginning.
   */
  readonly moments?: readonly RunMoment[];
  /** What others took from the run meanwhile. Not given where it was not watched. */
  readonly noise?: MachineNoise;
  /** Where server and clients were, where that was not here alone. */
  readonly places?: readonly PlaceResult[];
  readonly machine: Machine;
}

/** A place of a run, and how its clock (CLOCK_MONOTONIC) was beside the lab's in the end. */
interface PlaceAbout {
  readonly name: string;
  readonly kind: string;
  readonly host: string;
  /** As `uname -m` says. */
  readonly machine: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly clock: {
    /** To be added to a time of the lab's, within the bound. */
    readonly offsetNs: number;
    readonly boundNs: number;
    /** How much faster it goes, in parts per million; null where the run was too short to say. */
    readonly driftPpm: number | null;
    readonly driftBoundPpm: number | null;
    readonly roundTrips: number;
  };
}

/** What the clients of a place did in the measured interval. */
interface ClientPlaceResult extends PlaceAbout {
  readonly role: 'clients';
  readonly connections: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly requestsSent: number;
  /** From the first connection to the end, warm-up included: what a server counts. */
  readonly whole: { readonly requests: number; readonly requestsSent: number };
  readonly errors: Errors;
  readonly latency: { readonly corrected: LatencySummary; readonly uncorrected: LatencySummary };
  readonly clientCpuShare: number;
  readonly rate: HeldRate | null;
  /** It was lost within the interval: its figures are up to what it told last. */
  readonly lost?: { readonly atSeconds: number; readonly why: string };
}

export type PlaceResult = ClientPlaceResult | (PlaceAbout & { readonly role: 'server' });

/** TLS handshakes, each whole, none resumed; those before the measured interval are among them. */
export interface TlsFigures {
  /** Of the first: "TLSv1.3", "TLS_AES_256_GCM_SHA384", and what ALPN chose, "" for nothing. */
  readonly version: string;
  readonly cipher: string;
  readonly protocol: string;
  /** Whether certificates were checked. */
  readonly verified: boolean;
  readonly handshakes: number;
  /** Counted as errors of the kind `connect`, too. */
  readonly failed: number;
  /** µs of the clients' own CPU time for each; that of the server is in the server's. 0 where there were none. */
  readonly cpuMicrosEach: number;
  /** µs, from the open connection to the end of the handshake. */
  readonly times: Omit<LatencySummary, 'count'>;
}

/** `load`: the clients' part. */
export interface LoadResult extends Interval, ClientFigures {
  readonly target: string;
  readonly protocol: Protocol;
  /** As the clients received and sent. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuSeconds: { readonly user: number; readonly system: number };
  /** Of https. */
  readonly tls?: TlsFigures;
  /** What was connected to, where that is not `target`. */
  readonly connectedTo?: string;
  /** Of a run of so many requests: how many those were to be, and how many were asked, answered or not. */
  readonly requestLimit?: { readonly requests: number; readonly asked: number };
  readonly places?: readonly PlaceResult[];
  readonly machine: Machine;
}

/** The counter that holds a kind of error. */
export const errorCounter = (kind: ErrorKind): CounterName =>
  `error${kind.charAt(0).toUpperCase()}${kind.slice(1)}` as CounterName;

/** Replies that say no: an HTTP status of 4xx or 5xx, a RESP error, which codes name as "-ERR". */
export const isRefusal = (code: string): boolean => code.startsWith('-') || code >= '400';
