/** Figures over time as the frames bring them: totals of a process, latencies of an interval, steps of a model. */
import { counterOf, gaugeOf, type Counters, type Latency } from '../../shared/telemetry/codec.ts';
import { bucketsOf, type Bucket, countIn, percentileOf } from '../../shared/telemetry/histogram-buckets.ts';
import {
  counterNames,
  frameIntervalMs,
  gaugeNames,
  syscallNames,
  type CounterName,
  type GaugeName,
  type LatencyKind,
  type SyscallName,
} from '../../shared/telemetry/wire.ts';
import { ByteLog } from './byte-log.ts';
import { MergedLatencies } from './merged-latencies.ts';
import { Rates } from './rates.ts';
import { SeriesRing } from './rings.ts';

/** Half an hour of frames. */
export const maxRows = (30 * 60 * 1000) / frameIntervalMs;

const firstGauge = counterNames.length;
const firstSyscall = firstGauge + gaugeNames.length;

const columnIndex = new Map<string, number>([
  ...counterNames.map((name, i) => [`counter.${name}`, i] as const),
  ...gaugeNames.map((name, i) => [`gauge.${name}`, firstGauge + i] as const),
  ...syscallNames.map((name, i) => [`syscall.${name}`, firstSyscall + i] as const),
]);

export type SeriesName = `counter.${CounterName}` | `gauge.${GaugeName}` | `syscall.${SyscallName}`;

/** The column of a name; every name of wire.ts has one. */
export const columnOf = (name: SeriesName): number => columnIndex.get(name) ?? 0;

const processNames = ['requests', 'cpuUserNs', 'cpuSystemNs'] as const satisfies readonly CounterName[];

/** Totals and gauges of one process. */
export class CounterSeries {
  readonly ring = new SeriesRing(columnIndex.size, maxRows);
  readonly rates = new Rates(this.ring);
  latest: Counters | undefined;
  /** What nobody can count of the process: whatever its frames say, it is NaN in the rows from now on. */
  unseen: readonly SeriesName[] = [];

  take(frame: Counters): void {
    // A frame that answers a snapshot comes between two others, and a rate over so short a time is mostly noise.
    if (frame.snapshotId !== 0) return;
    const row = this.ring.append(frame.timeNs);
    if (row < 0) return;
    // A process's requests and CPU time never go back: these are another's.
    if (this.latest !== undefined && processNames.some((name) => counterOf(frame, name) < this.total(name))) {
      this.rates.begin(row);
    }
    this.latest = frame;
    this.ring.setAll(0, row, frame.counters, counterNames.length);
    this.ring.setAll(firstGauge, row, frame.gauges, gaugeNames.length);
    this.ring.setAll(firstSyscall, row, frame.syscalls, syscallNames.length);
    for (const name of this.unseen) this.ring.set(columnOf(name), row, Number.NaN);
  }

  total(name: CounterName): number {
    return this.latest === undefined ? 0 : counterOf(this.latest, name);
  }

  gauge(name: GaugeName): number {
    return this.latest === undefined ? 0 : gaugeOf(this.latest, name);
  }

  /** The newest value up to a moment; 0 before the first. */
  valueAt(name: SeriesName, timeNs: number): number {
    const { ring } = this;
    const row = Math.min(ring.end, ring.lowerBound(timeNs + 1)) - 1;
    return row < ring.first ? 0 : ring.at(columnOf(name), row);
  }

  /** Growth per second between two moments, from the frames that enclose them; NaN where there are not two. */
  rateBetween(name: SeriesName, fromNs: number, toNs: number): number {
    const { ring } = this;
    const begin = Math.max(ring.first, ring.lowerBound(fromNs) - 1);
    const end = Math.min(ring.end - 1, ring.lowerBound(toNs));
    if (end <= begin) return Number.NaN;
    const column = columnOf(name);
    const grown = ring.at(column, end) - ring.at(column, begin);
    return grown < 0 ? Number.NaN : (grown * 1e9) / (ring.timeAt(end) - ring.timeAt(begin));
  }
}

export const latencyColumns = ['p50', 'p90', 'p99', 'p999', 'max', 'count'] as const;
export type LatencyColumn = (typeof latencyColumns)[number];
const percentiles = [50, 90, 99, 99.9] as const;

/** Encoded histograms that are kept to be merged; about half an hour of ordinary ones. */
const histogramBudgetBytes = 24 << 20;
const countColumn = latencyColumns.indexOf('count');

/** Rows that are merged together: more than half a second of them. */
const blockRows = 16;

/** Latencies of each interval, in ns, and the histograms behind them: percentiles are never averaged. */
export class LatencySeries {
  readonly ring = new SeriesRing(latencyColumns.length, maxRows);
  /** Of each row. */
  readonly #encoded = new ByteLog();
  /** Merged, by their first row, once a stretch that was read covers them: to read half a minute is not to unpack it. */
  readonly #blocks = new Map<number, Float64Array>();
  #blockBytes = 0;
  /** Every percentile of a readout asks for the same rows, and the next readout for most of them. */
  #latest: { readonly begin: number; readonly end: number; readonly merged: MergedLatencies } | undefined;

  get byteLength(): number {
    return this.ring.byteLength + this.#encoded.byteLength + this.#blockBytes;
  }

  take(frame: Latency): void {
    const row = this.ring.append(frame.timeNs);
    if (row < 0) return;
    const buckets = bucketsOf(frame.encoded);
    const highest = buckets.at(-1);
    if (highest !== undefined) {
      percentiles.forEach((percentile, i) => this.ring.set(i, row, percentileOf(buckets, percentile)));
      this.ring.set(percentiles.length, row, highest.toNs);
      this.ring.set(countColumn, row, countIn(buckets));
    }
    this.#keep(frame.encoded);
  }

  /**
   * All latencies between two moments, merged exactly; undefined where some of them are no longer kept. To be read at
   * once: the next call may change it.
   */
  between(fromNs: number, toNs: number): MergedLatencies | undefined {
    const begin = this.ring.lowerBound(fromNs);
    const end = this.ring.lowerBound(toNs + 1);
    if (begin === end) return new MergedLatencies();
    if (this.#latest?.begin === begin && this.#latest.end === end) return this.#latest.merged;
    if (this.#encoded.first > begin) return undefined;
    const merged = this.#moved(begin, end) ?? this.#mergedAnew(begin, end);
    this.#latest = { begin, end, merged };
    return merged;
  }

  /** The latest stretch, with what it has lost taken away and what is new added; undefined where that is no less work. */
  #moved(begin: number, end: number): MergedLatencies | undefined {
    const { begin: wasBegin, end: wasEnd, merged } = this.#latest ?? { begin: 0, end: 0 };
    const isKept = Math.min(wasBegin, begin) >= this.#encoded.first;
    const changedRows = Math.abs(begin - wasBegin) + Math.abs(end - wasEnd);
    if (merged === undefined || !isKept || changedRows * 2 > end - begin || begin >= wasEnd || wasBegin >= end) {
      return undefined;
    }
    const add = (from: number, to: number, times: 1 | -1): void => {
      for (let row = from; row < to; row++) merged.add(this.#bucketsAt(row), times);
    };
    add(wasBegin, begin, -1);
    add(begin, wasBegin, 1);
    add(wasEnd, end, 1);
    add(end, wasEnd, -1);
    return merged;
  }

  #mergedAnew(begin: number, end: number): MergedLatencies {
    const merged = new MergedLatencies();
    for (let row = begin; row < end;) {
      const isWholeBlock = row % blockRows === 0 && row + blockRows <= end;
      if (isWholeBlock) {
        const pairs = this.#block(row);
        for (let i = 0; i < pairs.length; i += 2) merged.addValue(pairs[i] ?? 0, pairs[i + 1] ?? 0);
      } else merged.add(this.#bucketsAt(row));
      row += isWholeBlock ? blockRows : 1;
    }
    return merged;
  }

  /** A column's value in ns; NaN where nothing was measured in the interval. */
  at(column: LatencyColumn, row: number): number {
    if (this.ring.at(countColumn, row) === 0) return Number.NaN;
    return this.ring.at(latencyColumns.indexOf(column), row);
  }

  #block(firstRow: number): Float64Array {
    let block = this.#blocks.get(firstRow);
    if (block === undefined) {
      block = this.#merge(firstRow, firstRow + blockRows);
      this.#blocks.set(firstRow, block);
      this.#blockBytes += block.byteLength;
    }
    return block;
  }

  /** Rows that are kept, as pairs of a value and how often it came. */
  #merge(begin: number, end: number): Float64Array {
    const counts = new Map<number, number>();
    for (let row = begin; row < end; row++) {
      for (const { toNs, count } of this.#bucketsAt(row)) counts.set(toNs, (counts.get(toNs) ?? 0) + count);
    }
    const pairs = new Float64Array(2 * counts.size);
    let at = 0;
    for (const [value, count] of counts) {
      pairs[at++] = value;
      pairs[at++] = count;
    }
    return pairs;
  }

  #bucketsAt(row: number): readonly Bucket[] {
    const bytes = this.#encoded.at(row);
    return bytes === undefined || this.ring.at(countColumn, row) === 0 ? [] : bucketsOf(bytes);
  }

  #keep(bytes: Uint8Array): void {
    const log = this.#encoded;
    const was = log.first;
    log.append(bytes);
    log.dropUntil(this.ring.first);
    while (log.byteLength > histogramBudgetBytes && log.nextPiece > log.first) log.dropUntil(log.nextPiece);
    for (let row = was; row < log.first; row++) {
      this.#blockBytes -= this.#blocks.get(row)?.byteLength ?? 0;
      this.#blocks.delete(row);
    }
  }
}

export type LatencyByKind = Readonly<Record<LatencyKind, LatencySeries>>;

/** Steps are read beside source lines, not drawn, so that two samples a second are enough. */
const stepIntervalNs = 500e6;
const maxStepRows = 2 * 30 * 60;

export interface StepFigures {
  readonly hits: number;
  readonly hitsPerSecond: number;
  /** Share of the time between the two moments that threads spent from this step to the next, summed over threads. */
  readonly shareOfTime: number;
}

/** Hits and time of each step by its global index. */
export class StepSeries {
  #ring = new SeriesRing(0, maxStepRows);
  #steps = 0;

  get byteLength(): number {
    return this.#ring.byteLength;
  }

  take(frame: Counters): void {
    const steps = frame.stepHits.length;
    if (steps === 0) return;
    if (steps !== this.#steps) {
      this.#steps = steps;
      this.#ring = new SeriesRing(2 * steps, maxStepRows, 128);
    }
    if (this.#ring.rows > 0 && frame.timeNs - this.#ring.newestNs < stepIntervalNs) return;
    const row = this.#ring.append(frame.timeNs);
    if (row < 0) return;
    this.#ring.setAll(0, row, frame.stepHits);
    this.#ring.setAll(steps, row, frame.stepNs);
  }

  /** Between two moments, by default over the last second. */
  figures(index: number, toNs = this.#ring.newestNs, fromNs = toNs - 1e9): StepFigures {
    const ring = this.#ring;
    const end = Math.min(ring.end - 1, ring.lowerBound(toNs));
    const begin = Math.max(ring.first, Math.min(end - 1, ring.lowerBound(fromNs)));
    if (index >= this.#steps || end <= begin) return { hits: 0, hitsPerSecond: 0, shareOfTime: 0 };
    const ns = ring.timeAt(end) - ring.timeAt(begin);
    const grown = (column: number): number => Math.max(0, ring.at(column, end) - ring.at(column, begin));
    const hits = grown(index);
    return { hits, hitsPerSecond: (hits * 1e9) / ns, shareOfTime: grown(this.#steps + index) / ns };
  }
}
