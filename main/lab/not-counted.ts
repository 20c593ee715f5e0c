/** Figures of a result that its server does not count: null, and not 0. The rule is `shared/telemetry/counted.ts`. */
import type { InsideFigure, NotCounted } from '../../shared/run-result.ts';
import { areCallsCounted, countingOf, isCounterCounted } from '../../shared/telemetry/counted.ts';
import type { CounterName } from '../../shared/telemetry/wire.ts';

/** Figures that are one counter's growth. */
const ofCounters = {
  ...({
    eagain: 'eagain',
    wakeups: 'wakeups',
    readyEvents: 'readyEvents',
    accepts: 'accepts',
    closes: 'closes',
  } as const),
  ...({ coroutineSwitches: 'coroutineSwitches' } as const),
} as const satisfies Partial<Record<InsideFigure, CounterName>>;

const reason = 'the model node does not count it: its system calls are libuv’s';

/** What a server of the lab under this model does not count: to be spread over its figures. */
export function notCounted(model: string): NotCounted {
  const counting = countingOf(model);
  if (counting === 'all') return {};
  const counters = Object.entries(ofCounters).filter(([, counter]) => !isCounterCounted(counting, counter));
  const names = [
    ...counters.map(([figure]) => figure as InsideFigure),
    ...(areCallsCounted(counting) ? [] : (['syscalls', 'syscallsPerRequest', 'telemetry'] as const)),
  ];
  return {
    ...Object.fromEntries(names.map((name) => [name, null])),
    notAvailable: Object.fromEntries(names.map((name) => [name, reason])),
  };
}
