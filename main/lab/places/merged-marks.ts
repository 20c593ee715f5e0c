/** What several load engines say of one moment, as if one had said it. Sums, so that totals are exact. */
import type { ClientStock, Mark, ProfileCounts } from '../../../shared/engine-messages.ts';
import type { Counters } from '../../../shared/telemetry/codec.ts';

const sumStocks = (stocks: readonly ClientStock[]): ClientStock | undefined =>
  stocks.length === 0
    ? undefined
    : stocks.reduce((a, b) => ({
        asked: a.asked + b.asked,
        answered: a.answered + b.answered,
        waiting: a.waiting + b.waiting,
        connecting: a.connecting + b.connecting,
        unsent: a.unsent + b.unsent,
        oldestNs: Math.max(a.oldestNs, b.oldestNs),
      }));

const there = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined);

function sumProfile(counts: readonly ProfileCounts[]): ProfileCounts {
  const sum = (key: Exclude<keyof ProfileCounts, 'clients'>): number =>
    counts.reduce((all, each) => all + each[key], 0);
  const clients = sumStocks(there(counts.map((each) => each.clients)));
  return {
    ...{ sent: sum('sent'), replies: sum('replies'), errors: sum('errors') },
    ...{ bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut') },
    ...(clients ? { clients } : {}),
  };
}

export function mergeMarks(name: string, marks: readonly Mark[], timeNs: number): Mark {
  const replies: Record<string, number> = {};
  for (const mark of marks) {
    for (const [code, count] of Object.entries(mark.replies ?? {})) replies[code] = (replies[code] ?? 0) + count;
  }
  const profiles = [...new Set(marks.flatMap((mark) => Object.keys(mark.profiles ?? {})))];
  const clients = sumStocks(there(marks.map((mark) => mark.clients)));
  const asked = there(marks.map((mark) => mark.asked));
  return {
    ...{ name, timeNs, replies },
    profiles: Object.fromEntries(
      profiles.map((profile) => [profile, sumProfile(there(marks.map((mark) => mark.profiles?.[profile])))]),
    ),
    ...(clients ? { clients } : {}),
    ...(asked.length > 0 ? { asked: asked.reduce((sum, each) => sum + each, 0) } : {}),
  };
}

function sumArrays(arrays: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(Math.max(0, ...arrays.map(({ length }) => length)));
  for (const array of arrays) array.forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value));
  return sum;
}

/** Sums of counters and of gauges: connections, memory and threads of all. */
export const sumCounters = (frames: readonly Counters[], timeNs: number): Counters => ({
  timeNs,
  sequence: Math.max(0, ...frames.map(({ sequence }) => sequence)),
  snapshotId: 0,
  gauges: sumArrays(frames.map(({ gauges }) => gauges)),
  counters: sumArrays(frames.map(({ counters }) => counters)),
  syscalls: sumArrays(frames.map(({ syscalls }) => syscalls)),
  stepHits: sumArrays(frames.map(({ stepHits }) => stepHits)),
  stepNs: sumArrays(frames.map(({ stepNs }) => stepNs)),
});
