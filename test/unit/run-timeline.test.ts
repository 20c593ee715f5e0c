import { describe, expect, it } from 'vitest';
import { RunTimeline, timelineStepSeconds } from '../../main/lab/compare/run-timeline.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import { encodeCounters, encodeJson, encodeLatency } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds, type CounterName } from '../../shared/telemetry/wire.ts';
import { countersFrame, latencyBytes } from './session-frames.ts';

const startNs = 7_000_000_000_000;
const at = (seconds: number): number => startNs + Math.round(seconds * 1e9);

class Run {
  readonly made: RunTimeline;
  constructor(durationSeconds: number) {
    this.made = new RunTimeline(durationSeconds);
  }
  #put(source: FrameSource, bytes: Uint8Array): this {
    const kind = new DataView(bytes.buffer, bytes.byteOffset).getUint16(4, true);
    this.made.frame(source, { kind, payload: bytes.subarray(frameHeaderBytes) });
    return this;
  }
  counters(source: FrameSource, seconds: number, counters: Partial<Record<CounterName, number>>): this {
    return this.#put(source, encodeCounters(countersFrame(at(seconds), counters)));
  }
  latency(seconds: number, valuesUs: readonly number[], kind: 'corrected' | 'uncorrected' = 'corrected'): this {
    const encoded = latencyBytes(valuesUs.map((us) => us * 1000));
    return this.#put('clients', encodeLatency({ timeNs: at(seconds), kind, encoded }));
  }
  steady(): this {
    return this.#put('clients', encodeJson(frameKinds.mark, { name: 'steady', timeNs: startNs }));
  }
  newServer(): this {
    return this.#put('server', encodeJson(frameKinds.ready, {}));
  }
}

describe('a run over time', () => {
  it('has steps of a fifth of a second or longer, at most forty', () => {
    expect([1, 8, 10, 60].map(timelineStepSeconds)).toEqual([0.2, 0.2, 0.3, 1.5]);
  });

  it('counts from the steady mark on, and divides what grew within a step by its length', () => {
    const run = new Run(0.6).counters('clients', -1, { requests: 1000 }).counters('clients', -0.1, { requests: 5000 });
    run.steady();
    // From 5000 at -0.1 s to 5300 at 0.05 s: 200 of them were before the interval.
    run.counters('clients', 0.05, { requests: 5300 }).counters('clients', 0.2, { requests: 5600 });
    run.counters('clients', 0.4, { requests: 5600 }).counters('clients', 0.61, { requests: 7700 });
    const { seconds, requestsPerSecond } = run.made.timeline;
    expect(seconds).toEqual([0.2, 0.4, 0.6]);
    expect(requestsPerSecond.map((each) => each && Math.round(each))).toEqual([2000, 0, 10_000]);
  });

  it('has the p99 of each step alone, and none of the warm-up', () => {
    const run = new Run(0.4).latency(-0.2, [9e6]).steady();
    run.latency(0.1, [100, 100]).latency(0.2, [100, 500]).latency(0.2, [7e5], 'uncorrected').latency(0.401, [80]);
    const [first, second] = run.made.timeline.p99Us;
    expect(first).toBeCloseTo(500, -1);
    expect(second).toBeCloseTo(80, 0);
    const silent = new Run(0.4).steady();
    expect(silent.made.timeline.p99Us).toEqual([null, null]);
  });

  it('goes on with the CPU time of the server that was before, where another took over', () => {
    const run = new Run(0.6).counters('server', 0, { cpuUserNs: 5e7, cpuSystemNs: 5e7 }).steady();
    run.counters('server', 0.2, { cpuUserNs: 1e8, cpuSystemNs: 1e8 }).newServer();
    run.counters('server', 0.4, { cpuUserNs: 1e8 }).counters('server', 0.6, { cpuUserNs: 1e8 });
    expect(run.made.timeline.cpuCores.map((each) => each?.toFixed(3))).toEqual(['0.500', '0.500', '0.000']);
  });

  it('has no CPU time where the server told none, and nothing of a run that never was steady', () => {
    const run = new Run(0.4).steady().counters('server', -0.1, { cpuUserNs: 1e8 });
    run.counters('server', 0.1, { cpuUserNs: 3e8 }).counters('server', 0.3, { cpuUserNs: 3e8 });
    const { cpuCores, requestsPerSecond } = run.made.timeline;
    expect(cpuCores[0]?.toFixed(3)).toBe('0.500');
    expect(cpuCores[1]).toBeNull();
    expect(requestsPerSecond).toEqual([null, null]);
    expect(new Run(0.4).made.timeline.seconds).toEqual([]);
  });
});
