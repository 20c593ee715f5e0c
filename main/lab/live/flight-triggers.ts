/** Watches frames for what a flight recorder is armed against. Says at most one thing a frame, with its figure. */
import type { FlightKept, FlightSettings } from '../../../shared/contract/flight.ts';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import { errorCounter } from '../../../shared/run-result.ts';
import { counterOf, decodeCounters, decodeFdStates, decodeLatency } from '../../../shared/telemetry/codec.ts';
import { addEncoded, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { errorKinds, fdFlags, fdRoles, frameKinds } from '../../../shared/telemetry/wire.ts';

export type Trip = Pick<FlightKept, 'trigger' | 'sentence' | 'timeNs'>;

const secondNs = 1e9;
/** The p99 of fewer is one request's luck. */
const fewestOfP99 = 100;

export class FlightTriggers {
  readonly #settings: FlightSettings;
  readonly #second = emptyHistogram();
  #secondEndNs = 0;
  readonly #errors = new Map<FrameSource, number>();

  constructor(settings: FlightSettings) {
    this.#settings = settings;
  }

  take(source: FrameSource, kind: number, payload: Uint8Array): Trip | undefined {
    const { p99Ms, onError, starvedMs } = this.#settings;
    if (kind === frameKinds.latency && p99Ms !== undefined) return this.#latency(payload, p99Ms);
    if (kind === frameKinds.fdStates && starvedMs !== undefined && source === 'server') {
      return starved(payload, starvedMs);
    }
    if (kind === frameKinds.ready) this.#errors.set(source, 0);
    if (kind === frameKinds.counters && onError) return this.#count(source, payload);
    return undefined;
  }

  #latency(payload: Uint8Array, p99Ms: number): Trip | undefined {
    const { timeNs, kind, encoded } = decodeLatency(payload);
    if (kind !== 'corrected') return undefined;
    let trip: Trip | undefined;
    if (timeNs >= this.#secondEndNs) {
      const measuredMs = this.#second.getValueAtPercentile(99) / 1e6;
      if (this.#second.totalCount >= fewestOfP99 && measuredMs > p99Ms) {
        const sentence = `The p99 of one second was ${measuredMs.toFixed(1)} ms, above ${p99Ms} ms.`;
        trip = { trigger: 'p99', sentence, timeNs };
      }
      this.#second.reset();
      this.#secondEndNs = timeNs + secondNs;
    }
    addEncoded(this.#second, encoded);
    return trip;
  }

  /** Those of the time before it was armed are not news. */
  #count(source: FrameSource, payload: Uint8Array): Trip | undefined {
    const frame = decodeCounters(payload);
    const counts = errorKinds.map((kind) => ({ kind, count: counterOf(frame, errorCounter(kind)) }));
    const sum = counts.reduce((total, { count }) => total + count, 0);
    const before = this.#errors.get(source);
    this.#errors.set(source, sum);
    if (before === undefined || sum <= before) return undefined;
    const kinds = counts.flatMap(({ kind, count }) => (count > 0 ? [`${kind} ${count}`] : [])).join(', ');
    const grown = sum - before;
    const sentence = `The ${source} met ${grown} ${grown === 1 ? 'error' : 'errors'} (so far: ${kinds}).`;
    return { trigger: 'error', sentence, timeNs: frame.timeNs };
  }
}

/** The longest that a client's socket has been ready and not served. */
function starved(payload: Uint8Array, starvedMs: number): Trip | undefined {
  const frame = decodeFdStates(payload);
  let worst = -1;
  let worstUs = starvedMs * 1000;
  for (let row = 0; row < frame.count; row++) {
    const isWaiting = ((frame.flags[row] ?? 0) & fdFlags.waiting) !== 0;
    const isClient = fdRoles[frame.roles[row] ?? -1] === 'client';
    const waitingUs = frame.waitingUs[row] ?? 0;
    if (!isWaiting || !isClient || waitingUs < worstUs) continue;
    worst = row;
    worstUs = waitingUs;
  }
  if (worst < 0) return undefined;
  const what = `fd ${frame.fds[worst] ?? -1} (connection ${frame.connectionIds[worst] ?? 0})`;
  const sentence = `${what} was ready and not served for ${(worstUs / 1000).toFixed(1)} ms, above ${starvedMs} ms.`;
  return { trigger: 'starved', sentence, timeNs: frame.timeNs };
}
