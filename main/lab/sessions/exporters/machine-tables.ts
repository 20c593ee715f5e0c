/** Tables that stand beside the totals: rates of each interval, and what others took from the machine meanwhile. */
import { areCallsCounted, isCounterCounted } from '../../../../shared/telemetry/counted.ts';
import { counterNames, syscallNames } from '../../../../shared/telemetry/wire.ts';
import { columnsOf, snakeCase, timeAndSource, timeCell, type CellType, type Row, type Table } from './table.ts';

const numbers = (names: readonly string[]): Record<string, CellType> =>
  Object.fromEntries(names.map((name) => [name, 'number']));

/** A row a frame of counters but the first: what grew since the one before, divided by the time between the two. */
export const rates: Table = {
  name: 'rates',
  columns: columnsOf({
    ...{ ...timeAndSource, span_ns: 'integer' },
    ...numbers(counterNames.map((name) => `${snakeCase(name)}_per_s`)),
    ...numbers(syscallNames.map((name) => `syscall_${name}_per_s`)),
  }),
  types: ['counters'],
  *rows({ type, frame, source, isState }, context): Generator<Row> {
    if (type !== 'counters' || isState) return;
    const before = context.before(source);
    const spanNs = before ? frame.timeNs - before.timeNs : 0;
    if (!before || spanNs <= 0) return;
    const counting = context.names.counting(source);
    const rateOf = (to: number | undefined, from: number | undefined, isCounted: boolean): number | null =>
      to === undefined || (!isCounted && to === 0) ? null : ((to - (from ?? 0)) * 1e9) / spanNs;
    yield [
      ...[timeCell(frame.timeNs, context), source, Math.round(spanNs)],
      ...counterNames.map((name, i) => rateOf(frame.counters[i], before.counters[i], isCounterCounted(counting, name))),
      ...syscallNames.map((_, i) => rateOf(frame.syscalls[i], before.syscalls[i], areCallsCounted(counting))),
    ];
  },
};

/** A row a second. Shares are of the time of the server's CPUs, but for `ready_share`; see shared/machine-noise.ts. */
export const machine: Table = {
  name: 'machine',
  columns: columnsOf({
    ...{ ...timeAndSource, span_ns: 'integer' },
    ...numbers(['others_share', 'lab_share', 'steal_share', 'ready_share', 'pressure_share', 'runnable']),
    ...{ throttled_periods: 'integer', throttled_ms: 'number' },
  }),
  types: ['machine'],
  *rows({ type, frame, source }, context): Generator<Row> {
    if (type !== 'machine') return;
    const { othersShare, labShare, stealShare, readyShare, pressureShare, runnable } = frame;
    yield [
      ...[timeCell(frame.timeNs, context), source, Math.round(frame.seconds * 1e9)],
      ...[othersShare, labShare, stealShare, readyShare, pressureShare, runnable],
      ...[frame.throttledPeriods, frame.throttledMs],
    ];
  },
};
