/**
 * All that is known of a run, as its frames brought it; live and replayed runs feed the same class. It lies outside
 * Vue's reactivity: who draws it asks to be told of changes and reads what it needs. Every part has a bound.
 */
import { externalId } from '../../shared/catalogue.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import { readySchema } from '../../shared/engine-messages.ts';
import {
  decodeCounters,
  decodeEvents,
  decodeFdShares,
  decodeFdStates,
  decodeHeartbeat,
  decodeJson,
  decodeLatency,
  decodeOpened,
  decodeSwitches,
  decodeThreads,
  decodeThreadStarted,
  decodeThreadStates,
  gaugeOf,
  type OpenedSocket,
} from '../../shared/telemetry/codec.ts';
import type { Annotation } from '../../shared/session/edits.ts';
import { detailLevels, frameKinds } from '../../shared/telemetry/wire.ts';
import { EventStore } from './history-events.ts';
import { MachineSeries } from './history-machine.ts';
import { Moments } from './history-moments.ts';
import { SocketStore, type SocketOfProcess } from './history-sockets.ts';
import { ThreadStore } from './history-threads.ts';
import { isCounterCounted } from '../../shared/telemetry/counted.ts';
import { unseenSeries } from './outside.ts';
import { CounterSeries, LatencySeries, StepSeries, type LatencyByKind } from './series.ts';

/** Processes whose figures are kept; the lab has none of its own. */
export type FigureSource = Exclude<FrameSource, 'lab'>;

/** Marks of the lab behind which nothing is as it was. */
const changeMarks: readonly string[] = ['change', 'reconnect'];

const makeCounters = (): Record<FigureSource, CounterSeries> => ({
  server: new CounterSeries(),
  clients: new CounterSeries(),
  upstream: new CounterSeries(),
});
const makeLatency = (): LatencyByKind => ({ corrected: new LatencySeries(), uncorrected: new LatencySeries() });

let epochs = 0;

/** All that a history knows. */
type Contents = Pick<
  TelemetryHistory,
  | 'counters'
  | 'latency'
  | 'steps'
  | 'sockets'
  | 'threads'
  | 'events'
  | 'moments'
  | 'machine'
  | 'oldestNs'
  | 'newestNs'
  | 'epoch'
  | 'runId'
> & {
  readonly startNs: number;
  readonly endedNs: number;
  readonly serverNs: number;
  readonly serverPid: number | undefined;
};

export class TelemetryHistory {
  /** Grows with every frame that was taken. */
  version = 0;
  /** Grows with every reset, and no two histories share one: what was read before is no longer so. */
  epoch = epochs++;
  /** Of which run it is; a seek in a session has another epoch of the same run. */
  runId = this.epoch;
  counters = makeCounters();
  latency = makeLatency();
  steps = new StepSeries();
  sockets = new SocketStore();
  threads = new ThreadStore();
  events = new EventStore();
  moments = new Moments();
  machine = new MachineSeries();
  /** CLOCK_MONOTONIC of the first and the newest frame; NaN before there is one. */
  oldestNs = Number.NaN;
  newestNs = Number.NaN;
  /** Of the newest frame of the server's process; NaN before it has told a time. */
  #serverNs = Number.NaN;
  #serverPid: number | undefined;
  #endedNs = Number.NaN;
  #startNs = Number.NaN;
  readonly #listeners = new Set<() => void>();

  /** Throws FrameError, or a schema's error, where the payload is not what its kind says. */
  take(source: FrameSource, kind: number, payload: Uint8Array): void {
    if (source !== 'lab') this.#takeFigures(source, kind, payload);
    if (source === 'server') this.#takeInsides(kind, payload);
    if (source === 'lab' && kind === frameKinds.machine) this.machine.take(payload);
    this.moments.take(source, kind, payload, this.newestNs);
    if (source === 'server' && kind === frameKinds.notice && this.moments.notices.at(-1)?.code === 'feedDropped') {
      this.threads.leaveOut(this.#serverNs);
    }
    if (kind === frameKinds.model) this.#noteServing();
    if (kind === frameKinds.model || kind === frameKinds.mark) {
      for (const { rates } of Object.values(this.counters)) rates.change(this.steadySinceNs);
    }
    this.#change();
  }

  /** The run is being stopped: what comes from now on is the end of engines, not of what was measured. */
  ends(): void {
    if (Number.isNaN(this.#endedNs)) this.#endedNs = this.newestNs;
  }

  /** The last moment that figures are told of. */
  get lastNs(): number {
    return Number.isNaN(this.#endedNs) ? this.newestNs : this.#endedNs;
  }

  /** Calls `listener` at every frame; it should do no more than note it. Returns how to end that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The run or session began then: time is told from here, also where this window has seen only the later part. */
  startsAt(timeNs: number): void {
    if (timeNs === this.#startNs) return;
    this.#startNs = timeNs;
    this.#change();
  }

  /** Where time is told from: the start of the run, or the first frame where nobody said when that was; NaN before it. */
  get originNs(): number {
    return Number.isNaN(this.#startNs) || !this.hasData ? this.oldestNs : this.#startNs;
  }

  /** The same for what draws an axis, which has a zero also where there is nothing yet. */
  get axisOriginNs(): number {
    return Number.isNaN(this.originNs) ? 0 : this.originNs;
  }

  /** What people wrote about the session that is shown; a reset forgets it like the rest. */
  annotate(annotations: readonly Annotation[]): void {
    this.moments.annotate(annotations);
    this.#change();
  }

  /** Of which stretches the session that is shown has no frames; a reset forgets it like the rest. */
  lacks(missing: Moments['missing']): void {
    this.moments.missing = missing;
    this.#change();
  }

  /** Forgets everything, for another run, or to be told the same one from another moment on. */
  reset(isSameRun = false): void {
    this.counters = makeCounters();
    this.latency = makeLatency();
    this.steps = new StepSeries();
    this.sockets = new SocketStore();
    this.threads = new ThreadStore();
    this.events = new EventStore();
    this.moments = new Moments();
    this.machine = new MachineSeries();
    this.oldestNs = Number.NaN;
    this.#startNs = Number.NaN;
    this.#endedNs = Number.NaN;
    this.newestNs = Number.NaN;
    this.#serverNs = Number.NaN;
    this.#serverPid = undefined;
    this.epoch = epochs++;
    if (!isSameRun) this.runId = this.epoch;
    this.#change();
  }

  /**
   * All that is known becomes the other's, and what the other knew this one's; who listens stays. So a run can be put
   * aside whole, and come back as it was.
   */
  exchange(other: TelemetryHistory): void {
    this.release();
    other.release();
    const mine = this.#contents();
    this.#put(other.#contents());
    other.#put(mine);
    this.#change();
    other.#change();
  }

  /**
   * For a picture that is held: what is there now stays as far as there is room for it, and what is only told as it is
   * now (figures of sockets, totals of threads) is told as of this moment. Frames are taken all the same.
   */
  hold(): void {
    this.sockets.hold();
    this.threads.hold();
    this.events.hold();
  }

  release(): void {
    this.sockets.release();
    this.threads.release();
    this.events.release();
  }

  #contents(): Contents {
    const { counters, latency, steps, sockets, threads, events, moments, machine } = this;
    const { oldestNs, newestNs, epoch, runId } = this;
    return {
      ...{ counters, latency, steps, sockets, threads, events, moments, machine, oldestNs, newestNs, epoch, runId },
      startNs: this.#startNs,
      endedNs: this.#endedNs,
      serverNs: this.#serverNs,
      serverPid: this.#serverPid,
    };
  }

  #put(contents: Contents): void {
    const { startNs, endedNs, serverNs, serverPid, ...rest } = contents;
    Object.assign(this, rest);
    this.#startNs = startNs;
    this.#endedNs = endedNs;
    this.#serverNs = serverNs;
    this.#serverPid = serverPid;
  }

  /** Bytes of all typed arrays; what objects take beside them is a small part. */
  get byteLength(): number {
    const { counters, latency, steps, sockets, threads, events } = this;
    return (
      counters.server.ring.byteLength +
      counters.clients.ring.byteLength +
      counters.upstream.ring.byteLength +
      latency.corrected.byteLength +
      latency.uncorrected.byteLength +
      steps.byteLength +
      sockets.byteLength +
      threads.byteLength +
      events.byteLength
    );
  }

  /** The oldest moment of which figures are still kept; NaN where there is none. */
  get keptSinceNs(): number {
    const { server, clients } = this.counters;
    const kept = [server.ring, clients.ring].filter(({ rows }) => rows > 0).map(({ oldestNs }) => oldestNs);
    // Before the rings are full nothing has gone, and what is no figure, such as a heartbeat, was first.
    const hasDropped = server.ring.first > 0 || clients.ring.first > 0;
    return hasDropped ? Math.min(...kept) : this.oldestNs;
  }

  get hasData(): boolean {
    return !Number.isNaN(this.newestNs);
  }

  /**
   * Whether a server of the user's own serves, of which figures that only a server can count are NaN (`outside.ts`). It
   * says so before its first figures, and serves its run from beginning to end: none of the lab takes over from it.
   */
  get isWatchedFromOutside(): boolean {
    return this.moments.models.at(-1)?.model === externalId;
  }

  /** Since when the same server serves under the same settings: what was before has other figures. */
  get steadySinceNs(): number {
    return this.steadySince(Number.POSITIVE_INFINITY);
  }

  /** The same as of a moment. */
  steadySince(atNs: number): number {
    const { marks, models } = this.moments;
    const changed = marks.findLast(
      ({ source, name, timeNs }) => source === 'lab' && changeMarks.includes(name) && timeNs <= atNs,
    );
    const began = models.findLast(({ timeNs }) => timeNs <= atNs);
    return Math.max(began?.timeNs ?? this.oldestNs, changed?.timeNs ?? Number.NEGATIVE_INFINITY);
  }

  /** Since when sockets are still told of, and figures: they are kept for different lengths. NaN where there are none. */
  get keptSince(): { readonly figuresNs: number; readonly socketsNs: number } {
    return { figuresNs: this.keptSinceNs, socketsNs: this.sockets.ticks.oldestNs };
  }

  #noteServing(): void {
    const isOutside = this.isWatchedFromOutside;
    // Of the user's own server nobody knows whether it forks: nginx does.
    this.sockets.hasForks ||= isOutside || this.moments.models.at(-1)?.model === 'blocking-fork';
    this.counters.server.unseen = isOutside ? unseenSeries : [];
    this.threads.isSeen = isOutside ? (name) => isCounterCounted('outside', name) : undefined;
  }

  #change(): void {
    this.version++;
    for (const listener of this.#listeners) listener();
  }

  #takeFigures(source: FigureSource, kind: number, payload: Uint8Array): void {
    if (kind === frameKinds.counters) {
      const frame = decodeCounters(payload);
      this.#see(frame.timeNs, source);
      this.counters[source].take(frame);
      if (source !== 'server') return;
      this.steps.take(frame);
      if (gaugeOf(frame, 'detailLevel') >= detailLevels.indexOf('fds')) this.sockets.passTo(frame.timeNs);
      else if (gaugeOf(frame, 'recordsSwitches') === 0) this.threads.loseSight(frame.timeNs);
    } else if (kind === frameKinds.latency) {
      const frame = decodeLatency(payload);
      this.#see(frame.timeNs, source);
      this.latency[frame.kind].take(frame);
    } else if (kind === frameKinds.heartbeat) {
      this.#see(decodeHeartbeat(payload).timeNs, source);
    }
  }

  #takeInsides(kind: number, payload: Uint8Array): void {
    switch (kind) {
      case frameKinds.ready: {
        const pid = readySchema.safeParse(decodeJson(payload)).data?.pid;
        // A session tells behind a gap how things stand: the same process is no new one.
        if (pid === undefined || pid !== this.#serverPid) this.#endServer();
        this.#serverPid = pid;
        break;
      }
      case frameKinds.finished:
        this.#endServer();
        break;
      case frameKinds.threadStarted:
        this.threads.takeStarted(decodeThreadStarted(payload), this.#serverNs);
        break;
      case frameKinds.threads:
        this.threads.takeTotals(decodeThreads(payload));
        break;
      case frameKinds.opened:
        this.sockets.takeOpened(decodeOpened(payload).map((socket) => this.#withPid(socket)));
        break;
      case frameKinds.fdShares:
        this.#seeThen(decodeFdShares(payload), (frame) => this.sockets.takeShares(frame));
        break;
      case frameKinds.fdStates:
        this.#seeThen(decodeFdStates(payload), (frame) => this.sockets.take(frame));
        break;
      case frameKinds.threadStates:
        this.#seeThen(decodeThreadStates(payload), (frame) => this.threads.takeStates(frame));
        break;
      case frameKinds.switches:
        this.#seeThen(decodeSwitches(payload), (frame) => this.threads.takeSwitches(frame));
        break;
      case frameKinds.events:
        this.#seeThen(decodeEvents(payload), (frame) =>
          this.events.take({ ...frame, threadId: this.threads.keyOf(frame.threadId) }),
        );
        break;
    }
  }

  /** Threads are told ahead of the sockets of their processes. */
  #withPid(socket: OpenedSocket): SocketOfProcess {
    const { processThreadId } = socket;
    return processThreadId === undefined
      ? socket
      : { ...socket, pid: this.threads.byId.get(this.threads.keyOf(processThreadId))?.tid ?? 0 };
  }

  /** What the process had is gone, whether or not its end was told. */
  #endServer(): void {
    this.threads.endProcess(this.#serverNs);
    this.sockets.endProcess(this.#serverNs);
    this.#serverNs = Number.NaN;
    this.#serverPid = undefined;
  }

  #seeThen<Frame extends { readonly timeNs: number }>(frame: Frame, take: (frame: Frame) => void): void {
    this.#see(frame.timeNs, 'server');
    take(frame);
  }

  #see(timeNs: number, source: FigureSource): void {
    if (source === 'server' && !(timeNs <= this.#serverNs)) this.#serverNs = timeNs;
    if (!(timeNs <= this.newestNs)) this.newestNs = timeNs;
    if (!(timeNs >= this.oldestNs)) this.oldestNs = timeNs;
  }
}
