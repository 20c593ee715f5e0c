/**
 * Frames of a server that nobody runs, for the bench of the drawing alone: a machine that carries ten thousand
 * connections and two thousand threads would be measured along with it. They go through the real codec.
 */
import { decompress } from 'hdr-histogram-js/dist/JsHistogram.encoding.js';
import {
  encodeCounters,
  encodeEvents,
  encodeFdShares,
  encodeFdStates,
  encodeLatency,
  encodeOpened,
  encodeSwitches,
  encodeThreadStarted,
  encodeThreadStates,
  type Counters,
  type FdShares,
  type FdStates,
} from '../../../shared/telemetry/codec.ts';
import { JsHistogram } from 'hdr-histogram-js';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import { emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import {
  counterNames,
  detailLevels,
  eventKinds,
  fdFlags,
  fdRoles,
  frameHeaderBytes,
  frameIntervalMs,
  gaugeNames,
  syscallNames,
  shareNames,
  threadStates,
  tcpStates,
  type ShareName,
} from '../../../shared/telemetry/wire.ts';

export interface Payload {
  readonly source: FrameSource;
  readonly kind: number;
  readonly payload: Uint8Array;
}

const tickNs = frameIntervalMs * 1e6;
/** Of all sockets, those that do something in an interval: one in four, as under a load with pauses to think. */
const activeShare = 0.25;
const perFrame = { events: 400, switches: 400, latencies: 800 } as const;
const firstFd = 8;
const readCall = syscallNames.indexOf('read');

export class SyntheticServer {
  readonly #fds: number;
  readonly #threads: number;
  #tick = 0;
  /** Numbers that look random and are the same in every run. */
  #seed = 12345;
  readonly #totals: Record<'server' | 'clients', Counters>;

  constructor(size: { readonly fds: number; readonly threads: number }) {
    this.#fds = size.fds;
    this.#threads = size.threads;
    const zero = (): Counters => ({
      timeNs: 0,
      sequence: 0,
      snapshotId: 0,
      gauges: new Float64Array(gaugeNames.length),
      counters: new Float64Array(counterNames.length),
      syscalls: new Float64Array(syscallNames.length),
      stepHits: new Float64Array(8),
      stepNs: new Float64Array(8),
    });
    this.#totals = { server: zero(), clients: zero() };
  }

  /** All frames of the next interval. */
  next(): Payload[] {
    const timeNs = 1e9 + this.#tick * tickNs;
    const frames: { source: FrameSource; bytes: Uint8Array }[] = [];
    const add = (source: FrameSource, bytes: Uint8Array): void => void frames.push({ source, bytes });
    if (this.#tick === 0) this.#begin(add, timeNs);
    add('server', this.#counters('server', timeNs));
    add('clients', this.#counters('clients', timeNs));
    const states = this.#fdStates(timeNs);
    add('server', encodeFdShares(this.#shares(states)));
    add('server', encodeFdStates(states));
    add('server', this.#switches(timeNs));
    add('server', this.#events(timeNs));
    add('clients', this.#latency('corrected', timeNs));
    add('clients', this.#latency('uncorrected', timeNs));
    this.#tick++;
    return frames.map(({ source, bytes }) => ({
      source,
      kind: new DataView(bytes.buffer, bytes.byteOffset).getUint16(4, true),
      payload: bytes.subarray(frameHeaderBytes),
    }));
  }

  #begin(add: (source: FrameSource, bytes: Uint8Array) => void, timeNs: number): void {
    const sockets = Array.from({ length: this.#fds }, (_, i) => ({
      timeNs,
      connectionId: i + 1,
      fd: firstFd + i,
      role: 'client' as const,
      local: '127.0.0.1:8080',
      peer: `127.0.0.1:${20_000 + (i % 40_000)}`,
    }));
    add('server', encodeOpened(timeNs, sockets));
    for (let i = 0; i < this.#threads; i++) {
      add('server', encodeThreadStarted({ threadId: i + 1, tid: 1000 + i, name: `worker ${i}` }));
    }
    const count = this.#threads;
    const columns = {
      threadIds: Uint32Array.from({ length: count }, (_, i) => i + 1),
      states: new Uint8Array(count).fill(threadStates.indexOf('blocked')),
      syscalls: new Uint16Array(count).fill(readCall),
      fds: Int32Array.from({ length: count }, (_, i) => firstFd + i),
      sinceNs: new Float64Array(count).fill(timeNs),
    };
    add('server', encodeThreadStates({ timeNs, count, ...columns }));
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#seed / 0x7fffffff;
  }

  #counters(source: 'server' | 'clients', timeNs: number): Uint8Array {
    const totals = this.#totals[source];
    for (const values of [totals.counters, totals.syscalls, totals.stepHits, totals.stepNs]) {
      for (let i = 0; i < values.length; i++)
        values[i] = (values[i] ?? 0) + Math.floor((40 + (i % 7) * 150) * (0.8 + 0.4 * this.#random()));
    }
    totals.gauges[gaugeNames.indexOf('openConnections')] = this.#fds;
    totals.gauges[gaugeNames.indexOf('rssBytes')] = 50 << 20;
    totals.gauges[gaugeNames.indexOf('detailLevel')] = detailLevels.indexOf('events');
    return encodeCounters({ ...totals, timeNs, sequence: this.#tick });
  }

  #fdStates(timeNs: number): FdStates {
    const count = Math.floor(this.#fds * activeShare);
    const columns = {
      connectionIds: new Uint32Array(count),
      fds: new Int32Array(count),
      flags: new Uint16Array(count),
      roles: new Uint8Array(count).fill(fdRoles.indexOf('client')),
      tcpStates: new Uint8Array(count).fill(tcpStates.indexOf('ESTABLISHED')),
      receiveQueueBytes: new Uint32Array(count),
      sendQueueBytes: new Uint32Array(count),
      waitingUs: new Uint32Array(count),
      bytesIn: new Uint32Array(count).fill(100),
      bytesOut: new Uint32Array(count).fill(200),
    };
    const step = Math.max(1, Math.floor(this.#fds / count));
    for (let i = 0; i < count; i++) {
      const socket = (i * step + this.#tick) % this.#fds;
      const chance = this.#random();
      columns.connectionIds[i] = socket + 1;
      columns.fds[i] = firstFd + socket;
      let flags: number = fdFlags.reportedReadable | fdFlags.read | fdFlags.wrote;
      if (socket % 1000 < 8 && chance > 0.3) flags = fdFlags.writeBlocked;
      else if (chance > 0.97) {
        flags = fdFlags.waiting | (chance > 0.985 ? fdFlags.reportedReadable : 0);
        columns.waitingUs[i] = 20_000;
      } else if (chance > 0.7) flags |= fdFlags.eagain;
      columns.flags[i] = flags;
    }
    return { timeNs, count, ...columns };
  }

  /** Times that fit what happened: some microseconds of service, and what was ready waited for its turn. */
  #shares({ timeNs, count, connectionIds, roles, flags }: FdStates): FdShares {
    const ns = new Float64Array(count * shareNames.length);
    const indexOf = Object.fromEntries(shareNames.map((name, i) => [name, i])) as Record<ShareName, number>;
    for (let i = 0; i < count; i++) {
      const at = i * shareNames.length;
      const set = flags[i] ?? 0;
      let idleNs = tickNs;
      const spend = (state: ShareName, time: number): void => {
        ns[at + indexOf[state]] = time;
        idleNs -= time;
      };
      if (set & fdFlags.writeBlocked) spend('writeBlocked', tickNs);
      else if (set & fdFlags.waiting) spend(set & fdFlags.reportedReadable ? 'reported' : 'waiting', tickNs / 2);
      else {
        spend('serving', 15_000 + Math.floor(20_000 * this.#random()));
        spend('reported', Math.floor(5e6 * this.#random() ** 3));
        spend('unsure', Math.floor(1e6 * this.#random()));
      }
      ns[at + indexOf.idle] = idleNs;
    }
    return { timeNs, spanNs: tickNs, count, connectionIds, roles, endStates: new Uint8Array(count), ns };
  }

  #switches(timeNs: number): Uint8Array {
    const count = perFrame.switches;
    const timesNs = Float64Array.from({ length: count }, (_, i) => timeNs - tickNs + (i * tickNs) / count);
    const threadIds = Uint32Array.from({ length: count }, (_, i) => 1 + (((i >> 1) + this.#tick * 7) % this.#threads));
    const kinds = Uint8Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 0 : this.#random() > 0.8 ? 2 : 1));
    return encodeSwitches({ timeNs, count, timesNs, threadIds, kinds });
  }

  #events(timeNs: number): Uint8Array {
    const count = perFrame.events;
    const fill = (value: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => value(i));
    return encodeEvents({
      timeNs,
      threadId: 1 + (this.#tick % this.#threads),
      dropped: 0,
      count,
      timesNs: Float64Array.from(fill((i) => timeNs - tickNs + (i * tickNs) / count)),
      durationsNs: Float64Array.from(fill(() => 5_000)),
      kinds: Uint16Array.from(fill((i) => (i % 3 === 0 ? eventKinds.ready : eventKinds.syscall))),
      codes: Uint16Array.from(fill((i) => (i % 3 === 0 ? 1 : readCall))),
      fds: Int32Array.from(fill((i) => firstFd + (i % this.#fds))),
      results: Int32Array.from(fill(() => 100)),
      connectionIds: Uint32Array.from(fill((i) => 1 + (i % this.#fds))),
    });
  }

  #latency(kind: 'corrected' | 'uncorrected', timeNs: number): Uint8Array {
    const histogram = emptyHistogram();
    if (!(histogram instanceof JsHistogram)) throw new Error('Histograms of WebAssembly are not encoded here.');
    for (let i = 0; i < perFrame.latencies; i++) histogram.recordValue(50_000 + Math.floor(this.#random() ** 4 * 5e6));
    const compressed = Uint8Array.from(atob(histogram.encodeIntoCompressedBase64()), (letter) => letter.charCodeAt(0));
    return encodeLatency({ timeNs, kind, encoded: decompress(compressed) });
  }
}
