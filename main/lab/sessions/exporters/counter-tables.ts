/** Tables of what adds up: counters by process, by thread and by step, and latencies by interval. */
import { firstStepEntry, firstSyscallEntry, gaugeOf } from '../../../../shared/telemetry/codec.ts';
import { areCallsCounted, isCounterCounted, isGaugeCounted } from '../../../../shared/telemetry/counted.ts';
import { counterNames, gaugeNames, syscallNames } from '../../../../shared/telemetry/wire.ts';
import { countIn, percentileOf } from '../../../../shared/telemetry/histogram-buckets.ts';
import { columnsOf, snakeCase, timeAndSource, timeCell, type CellType, type Row, type Table } from './table.ts';

const integers = (names: readonly string[]): Record<string, CellType> =>
  Object.fromEntries(names.map((name) => [name, 'integer']));

/** Names without a unit are counts since the process began. Empty: nobody counted it. */
export const counters: Table = {
  name: 'counters',
  columns: columnsOf({
    ...timeAndSource,
    ...integers(counterNames.map(snakeCase)),
    ...integers(gaugeNames.map(snakeCase)),
    ...integers(syscallNames.map((name) => `syscall_${name}`)),
  }),
  types: ['counters'],
  *rows({ type, frame, source, isState }, context): Generator<Row> {
    if (type !== 'counters' || isState) return;
    const counting = context.names.counting(source);
    const facts = {
      detailLevel: gaugeOf(frame, 'detailLevel'),
      recordsSwitches: gaugeOf(frame, 'recordsSwitches') > 0,
    };
    const cells = <Name>(
      names: readonly Name[],
      values: Float64Array,
      isCounted: (name: Name) => boolean,
    ): (number | null)[] =>
      // An older engine does not have the newest of them.
      names.map((name, i) => {
        const value = values[i] ?? null;
        // What has grown was counted before, at another level.
        return value === 0 && !isCounted(name) ? null : value;
      });
    yield [
      ...[timeCell(frame.timeNs, context), source],
      ...cells(counterNames, frame.counters, (name) => isCounterCounted(counting, name, facts)),
      ...cells(gaugeNames, frame.gauges, (name) => isGaugeCounted(counting, name, facts)),
      ...cells(syscallNames, frame.syscalls, () => areCallsCounted(counting)),
    ];
  },
};

/** A row for each counter of a thread that changed. */
export const threads: Table = {
  name: 'threads',
  columns: columnsOf({
    ...timeAndSource,
    ...{ thread_id: 'integer', tid: 'integer', thread: 'text', counter: 'text', value: 'integer' },
  }),
  types: ['threads'],
  *rows({ type, frame, source, isState }, context): Generator<Row> {
    if (type !== 'threads' || isState) return;
    const time = timeCell(frame.timeNs, context);
    for (const { threadId, indexes, values } of frame.threads) {
      const thread = context.names.thread(source, threadId);
      const named = [time, source, threadId, thread?.tid ?? null, thread?.name ?? null];
      for (const [i, entry] of indexes.entries()) {
        yield [...named, entryName(entry, (index) => context.names.step(source, index)?.label), values[i] ?? null];
      }
    }
  },
};

function entryName(entry: number, stepLabel: (index: number) => string | undefined): string {
  if (entry < firstSyscallEntry) return snakeCase(counterNames[entry] ?? '');
  if (entry < firstStepEntry) return `syscall_${syscallNames[entry - firstSyscallEntry]}`;
  const index = entry - firstStepEntry;
  return `step_${index}${index < 0 ? '' : `: ${stepLabel(index) ?? 'unknown'}`}`;
}

/** How often each marked line of the model's source was reached, and the time until the next one was. */
export const steps: Table = {
  name: 'steps',
  columns: columnsOf({
    ...timeAndSource,
    ...{ model: 'text', step: 'integer', line: 'integer', label: 'text', hits: 'integer', spent_ns: 'integer' },
  }),
  types: ['counters'],
  *rows({ type, frame, source, isState }, context): Generator<Row> {
    if (type !== 'counters' || isState) return;
    for (const [index, hits] of frame.stepHits.entries()) {
      const step = context.names.step(source, index);
      if (!step) continue;
      const model = context.names.model(source) ?? null;
      const time = timeCell(frame.timeNs, context);
      yield [time, source, model, index, step.line, step.label, hits, frame.stepNs[index] ?? null];
    }
  },
};

const percentiles = { p50_ns: 50, p90_ns: 90, p99_ns: 99, p999_ns: 99.9 } as const;

/** A row an interval, clock and profile of clients. Percentiles cannot be added up or averaged: for other spans, sum the counts of latency_buckets. */
export const latency: Table = {
  name: 'latency',
  columns: columnsOf({
    ...timeAndSource,
    ...{ clock: 'text', profile: 'text', count: 'integer', min_ns: 'integer' },
    ...integers(Object.keys(percentiles)),
    max_ns: 'integer',
  }),
  types: ['latency'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'latency') return;
    const { buckets } = frame;
    const first = buckets[0];
    const values = first
      ? [first.fromNs, ...Object.values(percentiles).map((percentile) => percentileOf(buckets, percentile))]
      : Object.keys({ min: 0, ...percentiles }).map(() => null);
    yield [
      ...[timeCell(frame.timeNs, context), source, frame.kind, frame.profile ?? null, countIn(buckets)],
      ...values,
      buckets.at(-1)?.toNs ?? null,
    ];
  },
};

/** The histograms themselves: how many latencies of an interval lay within from_ns and to_ns, both inclusive. */
export const latencyBuckets: Table = {
  name: 'latency_buckets',
  columns: columnsOf({
    ...timeAndSource,
    clock: 'text',
    profile: 'text',
    from_ns: 'integer',
    to_ns: 'integer',
    count: 'integer',
  }),
  types: ['latency'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'latency') return;
    const time = timeCell(frame.timeNs, context);
    for (const { fromNs, toNs, count } of frame.buckets) {
      yield [time, source, frame.kind, frame.profile ?? null, fromNs, toNs, count];
    }
  },
};
