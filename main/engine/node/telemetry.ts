/** The node model's frames: what it counted, and what the kernel knows of its process. */
import {
  encodeCounters,
  encodeHeartbeat,
  encodeJson,
  encodeThreads,
  encodeThreadStarted,
  type JsonFrameKind,
} from '../../../shared/telemetry/codec.ts';
import {
  counterNames,
  frameIntervalMs,
  frameKinds,
  gaugeNames,
  syscallNames,
  type CounterName,
  type GaugeName,
} from '../../../shared/telemetry/wire.ts';
import type { Counters } from './counters.ts';
import { OwnProcess } from './own-process.ts';

const heartbeatMs = 1000;
// Counting descriptors takes longer the more there are; at most this share of the time goes into it.
const countingShare = 0.02;
const mainThreadId = 1;

/** Nanoseconds of CLOCK_MONOTONIC, exact to 2^53: 104 days of uptime. */
export const nowNs = (): number => Number(process.hrtime.bigint());

/** System calls cannot be counted from inside: Node issues them in C++ below anything that a program can hook. */
export const notices = [
  {
    level: 'info',
    code: 'nodeSyscalls',
    text:
      'System calls, EAGAIN, wakeups and ready events of the node model cannot be counted from inside the process and ' +
      'are sent as 0; `strace -c -f -p PID` counts the calls. libuv may use an io_uring to batch epoll_ctl, so this is ' +
      'not pure epoll.',
  },
  {
    level: 'info',
    code: 'nodeTelemetry',
    text: 'The telemetry of the node model runs on its only JavaScript thread, so its CPU time includes it.',
  },
] as const;

export type Totals = Record<CounterName, number>;
export type Gauges = Record<GaugeName, number>;

export class Telemetry {
  private readonly counters: Counters;
  private readonly openConnections: () => number;
  private sequence = 0;
  private readonly ownProcess = new OwnProcess();
  private openFds = 0;
  private peakThreads = 0;
  private peakFds = 0;
  private countAgainNs = 0;
  private heartbeatAtNs = 0;
  private reported: Float64Array = new Float64Array(counterNames.length);
  private timer: NodeJS.Timeout | undefined;

  constructor(counters: Counters, openConnections: () => number) {
    this.counters = counters;
    this.openConnections = openConnections;
  }

  json(kind: JsonFrameKind, value: object): void {
    this.write(encodeJson(kind, value));
  }

  start(): void {
    this.write(encodeThreadStarted({ threadId: mainThreadId, tid: process.pid, name: 'main' }));
    for (const notice of notices) this.json(frameKinds.notice, { ...notice, timeNs: nowNs() });
    this.timer = setInterval(() => this.report(0), frameIntervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
    this.report(0);
  }

  totals(): Totals {
    const usage = process.resourceUsage();
    const totals = Object.fromEntries(counterNames.map((name) => [name, 0])) as Totals;
    return {
      ...totals,
      ...this.counters.values,
      cpuUserNs: usage.userCPUTime * 1000,
      cpuSystemNs: usage.systemCPUTime * 1000,
      voluntarySwitches: usage.voluntaryContextSwitches,
      involuntarySwitches: usage.involuntaryContextSwitches,
    };
  }

  gauges(exact = false): Gauges {
    const { rssBytes, threads } = this.ownProcess.memoryAndThreads();
    this.peakThreads = Math.max(this.peakThreads, threads);
    const startNs = nowNs();
    if (exact || startNs >= this.countAgainNs) {
      this.openFds = this.ownProcess.openFds();
      this.peakFds = Math.max(this.peakFds, this.openFds);
      const endNs = nowNs();
      this.countAgainNs = endNs + (endNs - startNs) / countingShare;
    }
    return {
      rssBytes,
      threads,
      openFds: this.openFds,
      openConnections: this.openConnections(),
      // The lab asks the kernel for the queues of a server that cannot ask itself.
      ...{ acceptQueue: 0, acceptBacklog: 0, listenOverflows: 0, ringBytes: 0, detailLevel: 0, recordsSwitches: 0 },
    };
  }

  /** The closing line of a server that runs alone. Only maxRssBytes is a true peak; threads and fds are sampled. */
  summary(startNs: number): object {
    this.gauges(true);
    const maxRssBytes = process.resourceUsage().maxRSS * 1024;
    const durationSeconds = (nowNs() - startNs) / 1e9;
    const { peakThreads, peakFds } = this;
    return { durationSeconds, ...this.totals(), maxRssBytes, peakThreads, peakFds, syscalls: {} };
  }

  /** Sends the counters; `snapshotId` is that of the command that this answers, or 0. */
  report(snapshotId: number): void {
    const timeNs = nowNs();
    const totals = this.totals();
    const gauges = this.gauges(snapshotId !== 0);
    const values = Float64Array.from(counterNames, (name) => totals[name]);
    this.write(
      encodeCounters({
        timeNs,
        sequence: this.sequence++,
        snapshotId,
        gauges: Float64Array.from(gaugeNames, (name) => gauges[name]),
        counters: values,
        syscalls: new Float64Array(syscallNames.length),
        stepHits: new Float64Array(0),
        stepNs: new Float64Array(0),
      }),
    );
    this.reportThread(timeNs, values);
    if (timeNs < this.heartbeatAtNs) return;
    this.heartbeatAtNs = timeNs + heartbeatMs * 1e6;
    this.write(encodeHeartbeat({ timeNs }));
  }

  /** Everything that the program counts happens on its main thread; libuv's pool only serves files and names. */
  private reportThread(timeNs: number, values: Float64Array): void {
    const own = new Set<string>(Object.keys(this.counters.values));
    const indexes = Uint16Array.from(
      [...values.keys()].filter((i) => own.has(counterNames[i] ?? '') && values[i] !== this.reported[i]),
    );
    this.reported = values;
    if (indexes.length === 0) return;
    const changed = Float64Array.from(indexes, (index) => values[index] ?? 0);
    const thread = { threadId: mainThreadId, hasEnded: false, indexes, values: changed };
    this.write(encodeThreads({ timeNs, threads: [thread] }));
  }

  private write(frame: Uint8Array): void {
    // A reader that is slow makes Node buffer; counters are cumulative, but dropping is the reader's to decide.
    process.stdout.write(frame);
  }
}
