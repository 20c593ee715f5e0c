/** The load engine with everything that its frames say, kept for the result. */
import {
  isRefusal,
  type ClientsAtEnd,
  type Errors,
  type HeldRate,
  type LatencySummary,
  type ProfileFigures,
  type TlsFigures,
  type WaitedFor,
} from '../../shared/run-result.ts';
import type { ClientStock, Mark, ProfileCounts, Ready } from '../../shared/engine-messages.ts';
import type { RequestSettings } from '../../shared/schemas/request.ts';
import type { Protocol } from '../../shared/schemas/settings.ts';
import type { Counters } from '../../shared/telemetry/codec.ts';
import { clientProfiles, type ClientProfile } from '../../shared/telemetry/profiles.ts';
import type { CountedClient } from './client-mix.ts';
import { engineCommand, secureEngineCommand } from './engine-location.ts';
import { EngineProcess, type EngineEvents } from './engine-process.ts';
import { LabError, orInterrupted } from './errors.ts';
import { LatencyTotals, summarise } from './latency.ts';
import type { Notices } from './notices.ts';
import { cpuSecondsBetween, errorsBetween, growth, ratio, secondsBetween } from './result.ts';

/** The load engine's own settings; see `fdscope-engine load`. */
export interface LoadConfig {
  readonly target: string;
  readonly protocol: Protocol;
  readonly handler: 'echo' | 'respond';
  readonly responseBytes: number;
  readonly requestBytes?: number | undefined;
  readonly check: 'exact' | 'framing';
  readonly path: string;
  /** What the field Host says; "localhost" where it is not given. */
  readonly authority?: string | undefined;
  readonly request?: RequestSettings | undefined;
  /** TLS under the connections: whose certificate it must be, whether it is checked, and what is trusted as well. */
  readonly tls?: { readonly host: string; readonly verify: boolean; readonly caFile?: string | undefined } | undefined;
  /** So many and no more, from the first connection on, without a warm-up. */
  readonly requests?: number | undefined;
  readonly threads: number;
  readonly cpus: string;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly timeoutMs: number;
  readonly sourceAddresses?: number | undefined;
  readonly allowRemote: boolean;
  readonly clients: readonly CountedClient[];
  /** Measuring begins when the command `begin` says, not after a warm-up. */
  readonly awaitsBegin?: boolean;
  /** CLOCK_MONOTONIC of where it runs: even schedules of open loops count from there. */
  readonly scheduleFromNs?: number;
}

/** A load engine, or several that are led as one. */
export interface LoadEngine {
  readonly pid: number;
  readonly ready: Promise<Ready>;
  on<K extends keyof EngineEvents>(event: K, listener: (...args: EngineEvents[K]) => void): unknown;
  mark(name: string): Promise<Mark>;
  during<T>(work: Promise<T>): Promise<T>;
  command(cmd: string, fields?: Readonly<Record<string, unknown>>): Promise<void>;
  snapshot(): Promise<Counters>;
  stop(): Promise<unknown>;
}

export const loadArguments = (config: LoadConfig): string[] => [
  'load',
  '--config',
  JSON.stringify(config),
  '--frames',
  '1',
];

/** Opening all connections may take so long, besides ramps and warm-up. */
const connectMs = 60_000;
/** The load engine tells the end of its measured time itself; it may be late by so much. */
const doneMs = 30_000;

/** What became of the clients' requests, beside their replies and errors: part of a result. */
export interface ClientAccount {
  readonly replies: Readonly<Record<string, number>>;
  readonly profiles: Readonly<Partial<Record<ClientProfile, ProfileFigures>>>;
  readonly clientsAtEnd: ClientsAtEnd | null;
  readonly serverCloses: number;
  readonly closedEarly: number;
  readonly requestsRetried: number;
  readonly timeouts: Readonly<Record<WaitedFor, number>>;
  readonly rate: HeldRate | null;
}

export interface ClientFiguresOnly {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly requestsSent: number;
  readonly account: ClientAccount;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: Errors;
  readonly latency: { readonly corrected: LatencySummary; readonly uncorrected: LatencySummary };
  readonly clientCpuShare: number;
  readonly cpuSeconds: { readonly user: number; readonly system: number };
}

function atEndOf(stock: ClientStock | undefined): ClientsAtEnd | null {
  if (!stock) return null;
  const { oldestNs, ...counts } = stock;
  return { ...counts, oldestMs: oldestNs / 1e6 };
}

const refusalsAmong = (replies: Readonly<Record<string, number>>): number =>
  Object.entries(replies).reduce((sum, [code, count]) => sum + (isRefusal(code) ? count : 0), 0);

export class MeasuredClients<Engine extends LoadEngine = LoadEngine> {
  readonly engine: Engine;
  readonly latency = new LatencyTotals();
  readonly #byProfile = new Map<ClientProfile, LatencyTotals>();
  readonly #steady: Promise<Mark>;
  readonly #done: Promise<Mark>;
  #atSteady: Mark | undefined;
  #atEnd: Mark | undefined;
  readonly #config: LoadConfig;
  readonly #signal: AbortSignal | undefined;

  /** With a load engine on this machine, started now. */
  static here(config: LoadConfig, notices: Notices, signal: AbortSignal | undefined): MeasuredClients<EngineProcess> {
    const engine = new EngineProcess(
      'The load engine',
      config.tls ? secureEngineCommand() : engineCommand(),
      loadArguments(config),
    );
    return new MeasuredClients(config, notices, signal, engine);
  }

  constructor(config: LoadConfig, notices: Notices, signal: AbortSignal | undefined, engine: Engine) {
    this.#config = config;
    this.#signal = signal;
    this.engine = engine;
    this.#steady = this.engine.mark('steady');
    this.#done = this.engine.mark('loadDone');
    // In the very turn of the mark: latencies that come behind it belong to the measured interval.
    this.engine.on('mark', (mark) => {
      if (mark.name === 'loadDone') this.#atEnd = mark;
      if (mark.name !== 'steady') return;
      this.#atSteady = mark;
      this.latency.restart();
      this.#byProfile.clear();
    });
    this.engine.on('latency', (frame) => {
      this.latency.add(frame);
      if (frame.profile === undefined) return;
      const own = this.#byProfile.get(frame.profile) ?? new LatencyTotals();
      this.#byProfile.set(frame.profile, own);
      own.add(frame);
    });
    this.engine.on('notice', (notice) => notices.add('clients', notice));
    void this.engine.ready
      .then((ready) => ready.notices.forEach((notice) => notices.add('clients', notice)))
      .catch(() => {}); // whoever awaits the marks sees the fault
  }

  /** Resolves at the mark `steady`. */
  async steady(): Promise<void> {
    await this.#await(this.#steady, connectMs + this.#config.warmupMs, 'open its connections and warm up');
  }

  /** Resolves at the mark `loadDone`. */
  async done(): Promise<void> {
    await this.#await(this.#done, this.#config.durationMs + doneMs, 'come to its end');
  }

  async #await(mark: Promise<unknown>, limitMs: number, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new LabError('failed', `The load engine did not ${what} within ${Math.round(limitMs / 1000)} s.`));
      }, limitMs);
    });
    try {
      await orInterrupted(this.engine.during(Promise.race([mark, late])), this.#signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** When the measured interval began; NaN before. */
  get steadyNs(): number {
    return this.#atSteady?.timeNs ?? NaN;
  }

  /** Whether the measured interval has begun and not ended. */
  get isMeasuring(): boolean {
    return this.#atSteady !== undefined && this.#atEnd === undefined;
  }

  /** What a profile got by the last frame of latencies, since the engine began. */
  repliesOf(profile: ClientProfile): number {
    const before = this.#atSteady?.profiles?.[profile]?.replies ?? 0;
    return before + (this.#byProfile.get(profile)?.uncorrected.totalCount ?? 0);
  }

  /** Of a run of so many requests: how many were asked. */
  get asked(): number {
    return this.#atEnd?.asked ?? 0;
  }

  /** Undefined without TLS, and where the load engine was too busy to say. */
  get tls(): TlsFigures | undefined {
    const told = this.#atEnd?.tls;
    if (!told) return undefined;
    const { cpuNs, ...figures } = told;
    return { ...figures, cpuMicrosEach: ratio(cpuNs / 1000, told.handshakes) };
  }

  #account(from: Counters, to: Counters, seconds: number): ClientAccount {
    const before = this.#atSteady?.replies ?? {};
    const codes = Object.entries(this.#atEnd?.replies ?? {}).map(
      ([code, n]) => [code, n - (before[code] ?? 0)] as const,
    );
    const stock = this.#atEnd?.clients;
    const [due, sent] = [growth(from, to, 'requestsDue'), growth(from, to, 'requestsDueSent')];
    return {
      replies: Object.fromEntries(codes.filter(([, n]) => n > 0)),
      profiles: this.#profiles(seconds),
      clientsAtEnd: atEndOf(stock),
      serverCloses: growth(from, to, 'serverCloses'),
      closedEarly: growth(from, to, 'closedEarly'),
      requestsRetried: growth(from, to, 'requestsRetried'),
      timeouts: {
        connect: growth(from, to, 'timeoutConnect'),
        firstByte: growth(from, to, 'timeoutFirstByte'),
        reply: growth(from, to, 'timeoutReply'),
        closing: growth(from, to, 'timeoutClosing'),
      },
      rate:
        due === 0
          ? null
          : {
              ...{ due, sent, askedPerSecond: ratio(due, seconds), sentPerSecond: ratio(sent, seconds) },
              meanLateMs: ratio(growth(from, to, 'lateNs') / 1e6, sent),
            },
    };
  }

  #profiles(seconds: number): ClientAccount['profiles'] {
    const found = clientProfiles.flatMap((profile) => {
      const to = this.#atEnd?.profiles?.[profile];
      if (!to) return [];
      const from = this.#atSteady?.profiles?.[profile];
      const grown = (key: Exclude<keyof ProfileCounts, 'clients'>): number => to[key] - (from?.[key] ?? 0);
      const latency = this.#byProfile.get(profile) ?? new LatencyTotals();
      const figures: ProfileFigures = {
        ...{ requests: grown('replies'), requestsPerSecond: ratio(grown('replies'), seconds) },
        ...{ requestsSent: grown('sent'), errors: grown('errors') },
        ...{ bytesIn: grown('bytesIn'), bytesOut: grown('bytesOut') },
        latency: { corrected: summarise(latency.corrected), uncorrected: summarise(latency.uncorrected) },
        clientsAtEnd: atEndOf(to.clients),
      };
      return [[profile, figures] as const];
    });
    return Object.fromEntries(found);
  }

  /** Between the two marks, which the latencies are of as well; a snapshot may come late on a busy machine. */
  #seconds(from: Counters, to: Counters): number {
    const [begin, end] = [this.#atSteady, this.#atEnd];
    return begin && end ? (end.timeNs - begin.timeNs) / 1e9 : secondsBetween(from, to);
  }

  /** After the engine has ended: it sends the last histograms before it does. */
  figures(from: Counters, to: Counters): ClientFiguresOnly {
    const seconds = this.#seconds(from, to);
    const cpuSeconds = cpuSecondsBetween(from, to);
    const account = this.#account(from, to, seconds);
    const sum = (key: 'requests' | 'requestsSent' | 'bytesIn' | 'bytesOut'): number =>
      Object.values(account.profiles).reduce((all, profile) => all + profile[key], 0);
    const requests = sum('requests');
    // Of the same interval as the replies that they are among.
    const errors = { ...errorsBetween(from, to), reply: refusalsAmong(account.replies) };
    return {
      ...{ requests, requestsPerSecond: ratio(requests, seconds), requestsSent: sum('requestsSent'), account },
      ...{ bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut'), errors },
      latency: { corrected: summarise(this.latency.corrected), uncorrected: summarise(this.latency.uncorrected) },
      clientCpuShare: ratio(cpuSeconds.user + cpuSeconds.system, secondsBetween(from, to) * this.#config.threads),
      cpuSeconds,
    };
  }
}
