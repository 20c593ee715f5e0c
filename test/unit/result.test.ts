import { describe, expect, it } from 'vitest';
import { LatencyTotals, summarise } from '../../main/lab/latency.ts';
import { emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { errorsBetween, Peaks, serverFigures, syscallsBetween } from '../../main/lab/result.ts';
import { ThreadTotals } from '../../main/lab/thread-totals.ts';
import { counterEntry, type Counters } from '../../shared/telemetry/codec.ts';
import {
  counterNames,
  gaugeNames,
  syscallNames,
  type CounterName,
  type GaugeName,
  type SyscallName,
} from '../../shared/telemetry/wire.ts';

type Named<K extends string> = Partial<Record<K, number>>;

const values = <K extends string>(names: readonly K[], given: Named<K>): Float64Array =>
  Float64Array.from(names, (name) => given[name] ?? 0);

function frame(
  seconds: number,
  counters: Named<CounterName>,
  syscalls: Named<SyscallName> = {},
  gauges: Named<GaugeName> = {},
  hits: number[] = [],
): Counters {
  return {
    ...{
      timeNs: seconds * 1e9,
      sequence: 0,
      snapshotId: 0,
      stepHits: Float64Array.from(hits),
      stepNs: new Float64Array(hits.length),
    },
    counters: values(counterNames, counters),
    syscalls: values(syscallNames, syscalls),
    gauges: values(gaugeNames, gauges),
  };
}

const ready = {
  ...{ role: 'serve', pid: 42, options: { batch: 8 }, sourceFile: 'models/x.cpp', notices: [] },
  steps: [
    { index: 1, line: 30, label: 'second' },
    { index: 0, line: 10, label: 'first' },
  ],
};

const from = frame(
  10,
  { requests: 100, cpuUserNs: 1e9, cpuSystemNs: 1e9, voluntarySwitches: 5, errorReset: 2 },
  { read: 50, write: 50 },
  {},
  [1, 10],
);
const to = frame(
  12,
  {
    requests: 1100,
    cpuUserNs: 1.5e9,
    cpuSystemNs: 2.5e9,
    voluntarySwitches: 105,
    involuntarySwitches: 100,
    errorReset: 5,
  },
  { read: 1050, write: 1250, epoll_wait: 300 },
  {},
  [4, 15],
);

describe('the figures between two counter frames', () => {
  const figures = serverFigures(from, to, { ready, peaks: new Peaks(), threads: [] });

  it('are differences, and per request by the count of the same process', () => {
    expect(figures).toMatchObject({
      syscalls: { write: 1200, read: 1000, epoll_wait: 300 },
      syscallsPerRequest: 2.5,
      cpuSeconds: { user: 0.5, system: 1.5 },
      cpuMicrosPerRequest: 2000,
      switchesPerRequest: 0.2,
      contextSwitches: { voluntary: 100, involuntary: 100 },
    });
  });

  it('leave out system calls that did not occur, and begin with the most frequent', () => {
    expect(Object.keys(syscallsBetween(from, to))).toEqual(['write', 'read', 'epoll_wait']);
  });

  it('have the hits of each step in the order of the source', () => {
    expect(figures.steps).toEqual([
      { line: 10, label: 'first', hits: 3 },
      { line: 30, label: 'second', hits: 5 },
    ]);
  });

  it('have every kind of error, also those that did not occur', () => {
    expect(errorsBetween(from, to)).toMatchObject({ reset: 3, connect: 0, mismatch: 0, selectRange: 0 });
  });

  it('cost nothing per request where there was no request', () => {
    const idle = serverFigures(from, { ...to, counters: from.counters }, { ready, peaks: new Peaks(), threads: [] });
    expect([idle.syscallsPerRequest, idle.cpuMicrosPerRequest, idle.switchesPerRequest]).toEqual([0, 0, 0]);
  });

  it('have the highest gauges since the interval began', () => {
    const peaks = new Peaks();
    peaks.see(frame(0, {}, {}, { threads: 99 }));
    peaks.restart();
    for (const threads of [3, 7, 5]) peaks.see(frame(0, {}, {}, { threads, rssBytes: 1000 * threads }));
    expect([peaks.of('threads'), peaks.of('rssBytes'), peaks.of('openFds')]).toEqual([7, 7000, 0]);
  });
});

describe('the totals of threads', () => {
  it('are groups of like names, since the interval began', () => {
    const totals = new ThreadTotals();
    const set = (threadId: number, name: CounterName, value: number): void =>
      totals.changed({
        timeNs: 0,
        threads: [
          { threadId, hasEnded: false, indexes: Uint16Array.of(counterEntry(name)), values: Float64Array.of(value) },
        ],
      });
    for (const [threadId, name] of [
      [1, 'acceptor'],
      [2, 'connection 17'],
      [3, 'connection 18'],
    ] as const) {
      totals.started({ threadId, tid: threadId, name });
    }
    set(2, 'requests', 10);
    totals.restart();
    set(2, 'requests', 15);
    set(3, 'requests', 4);
    set(3, 'cpuUserNs', 2e9);
    expect(totals.groups()).toMatchObject([
      { name: 'acceptor', threads: 1, requests: 0 },
      { name: 'connection', threads: 2, requests: 9, cpuSeconds: 2 },
    ]);
  });
});

describe('latency', () => {
  // HdrHistogram V2 by hand: cookie, payload length, normalizing offset, digits, lowest, highest, ratio, then ZigZag
  // LEB128 counts: 1000 zeros (-1000 is 1999: cf 0f), then the count 3 (6: 06) of the value 1000.
  const header = '1c849313 00000003 00000000 00000003 0000000000000001 00000346 30b8a000 3ff0000000000000';
  const encoded = (payload: string): Uint8Array =>
    Uint8Array.from(Buffer.from((header + payload).replaceAll(' ', ''), 'hex'));
  const threeOfMicrosecond = encoded('cf 0f 06');

  it('is decoded from an engine’s histogram and merged exactly', () => {
    const totals = new LatencyTotals();
    totals.add({ timeNs: 0, kind: 'corrected', encoded: threeOfMicrosecond });
    totals.add({ timeNs: 0, kind: 'corrected', encoded: threeOfMicrosecond });
    expect(summarise(totals.corrected)).toEqual({ p50: 1, p90: 1, p99: 1, p999: 1, max: 1, mean: 1, count: 6 });
    expect(summarise(totals.uncorrected).count).toBe(0);
    totals.restart();
    expect(summarise(totals.corrected).count).toBe(0);
  });

  it('is in microseconds with three decimals, right to three significant digits up to an hour', () => {
    const histogram = emptyHistogram();
    histogram.recordValue(1234);
    histogram.recordValue(3.5e12);
    const { p50, max } = summarise(histogram);
    expect(p50).toBe(1.234);
    expect(max / 3.5e9).toBeCloseTo(1, 3);
  });

  it('is refused where it is cut or something else', () => {
    const totals = new LatencyTotals();
    const add = (bytes: Uint8Array): void => totals.add({ timeNs: 0, kind: 'corrected', encoded: bytes });
    expect(() => add(threeOfMicrosecond.subarray(0, 42))).toThrow('cannot be read');
    expect(() => add(new Uint8Array(40))).toThrow('cannot be read');
  });
});
