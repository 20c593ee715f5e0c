/**
 * The frames of one source, merged into what a reader needs who comes back later. Memory is bounded by what the engine
 * has open now and what the reader knew, not by time: counters are cumulative, so the newest are enough; histograms
 * are added; of sockets and threads each has one record. Events and context switches are left out, and counted.
 */
import type { Histogram } from 'hdr-histogram-js';
import type { Latency } from '../../../shared/telemetry/frames.ts';
import {
  decodeEvents,
  decodeLatency,
  decodeSwitches,
  encodeFrame,
  encodeJson,
  encodeLatency,
} from '../../../shared/telemetry/codec.ts';
import { addEncoded, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { encodeHistogram } from '../latency.ts';
import { MergedSockets } from './merged-sockets.ts';
import { MergedThreads } from './merged-threads.ts';

/** JSON frames tell of moments, of which there are few; the oldest go where there are more. */
const mostMoments = 1000;

export class MergedFrames {
  readonly #sockets = new MergedSockets();
  readonly #threads = new MergedThreads();
  #moments: Uint8Array[] = [];
  #counters: Uint8Array | undefined;
  /** By kind and profile. */
  readonly #latency = new Map<string, Omit<Latency, 'encoded'> & { readonly histogram: Histogram }>();
  #events = 0;
  #switches = 0;

  /** Throws FrameError where the payload is not what its kind says. */
  take(kind: number, payload: Uint8Array): void {
    switch (kind) {
      case frameKinds.counters:
        this.#counters = encodeFrame(kind, payload);
        break;
      case frameKinds.threadStarted:
        this.#threads.takeStarted(payload);
        break;
      case frameKinds.threads:
        this.#threads.takeTotals(payload);
        break;
      case frameKinds.threadStates:
        this.#threads.takeStates(payload);
        break;
      case frameKinds.opened:
        this.#sockets.takeOpened(payload);
        break;
      case frameKinds.fdStates:
        this.#sockets.takeStates(payload);
        break;
      case frameKinds.latency:
        this.#takeLatency(payload);
        break;
      case frameKinds.fdShares:
        this.#sockets.takeShares(payload);
        break;
      case frameKinds.events: {
        const { count, dropped } = decodeEvents(payload);
        this.#events += count + dropped;
        break;
      }
      case frameKinds.switches:
        this.#switches += decodeSwitches(payload).count;
        break;
      case frameKinds.heartbeat:
        break;
      case frameKinds.ready:
        // Another process: what the one before had open is gone.
        this.#sockets.clear();
        this.#threads.clear();
        this.#counters = undefined;
        this.#keep(encodeFrame(kind, payload));
        break;
      case frameKinds.finished:
        this.#sockets.clear();
        this.#threads.clear();
        this.#keep(encodeFrame(kind, payload));
        break;
      default:
        this.#keep(encodeFrame(kind, payload));
    }
  }

  /** All that was merged, and forgets it. */
  drain(): Uint8Array[] {
    const frames = [...this.#moments, ...this.#missing(), ...this.#threads.frames(), ...this.#sockets.frames()];
    for (const { histogram, ...whose } of this.#latency.values()) {
      frames.push(encodeLatency({ ...whose, encoded: encodeHistogram(histogram) }));
    }
    if (this.#counters) frames.push(this.#counters);
    this.clear();
    return frames;
  }

  clear(): void {
    this.#sockets.clear();
    this.#threads.clear();
    this.#moments = [];
    this.#counters = undefined;
    this.#latency.clear();
    this.#events = 0;
    this.#switches = 0;
  }

  #keep(frame: Uint8Array): void {
    this.#moments.push(frame);
    if (this.#moments.length > mostMoments) this.#moments.shift();
  }

  #takeLatency(payload: Uint8Array): void {
    const { encoded, ...whose } = decodeLatency(payload);
    const key = `${whose.kind} ${whose.profile ?? ''}`;
    const histogram = this.#latency.get(key)?.histogram ?? emptyHistogram();
    addEncoded(histogram, encoded);
    this.#latency.set(key, { ...whose, histogram });
  }

  #missing(): Uint8Array[] {
    if (this.#events + this.#switches === 0) return [];
    const said = [
      ...(this.#events > 0 ? [`${this.#events} events`] : []),
      ...(this.#switches > 0 ? [`${this.#switches} context switches`] : []),
    ].join(' and ');
    const text = `This window took no frames for a while: ${said} are not shown. Counters are complete.`;
    return [encodeJson(frameKinds.notice, { level: 'info', code: 'feedDropped', text })];
  }
}
