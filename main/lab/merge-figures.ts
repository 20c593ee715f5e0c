/** The figures of servers that followed one another in one run, as those of one. */
import type { Errors, ServerFigures, ThreadGroup } from '../../shared/run-result.ts';
import { ratio } from './result.ts';

/** What was counted while one server process was there. */
export interface ServerPart {
  readonly figures: ServerFigures;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: Errors;
}

type Counts = Readonly<Record<string, number>>;

const sumOf = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((sum, item) => sum + value(item), 0);

const sumCounts = (counts: readonly Counts[]): Record<string, number> => {
  const names = [...new Set(counts.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(names.map((name) => [name, sumOf(counts, (each) => each[name] ?? 0)]));
};

function mergeThreads(groups: readonly ThreadGroup[]): ThreadGroup[] {
  const names = [...new Set(groups.map(({ name }) => name))];
  return names.map((name) => {
    const same = groups.filter((group) => group.name === name);
    return {
      name,
      threads: sumOf(same, (group) => group.threads),
      requests: sumOf(same, (group) => group.requests ?? 0),
      cpuSeconds: sumOf(same, (group) => group.cpuSeconds),
      voluntarySwitches: sumOf(same, (group) => group.voluntarySwitches),
      involuntarySwitches: sumOf(same, (group) => group.involuntarySwitches),
    };
  });
}

/** Sums of what was counted, highest peaks, ratios of the sums; what can only be said of one is said of the first. */
export function mergeParts(parts: readonly [ServerPart, ...ServerPart[]]): ServerPart {
  const [first, ...later] = parts;
  if (later.length === 0) return first;
  const all = parts.map(({ figures }) => figures);
  const requests = sumOf(parts, (part) => part.requests);
  const syscalls = Object.fromEntries(
    Object.entries(sumCounts(all.map((each) => each.syscalls))).sort((a, b) => b[1] - a[1]),
  );
  const cpuSeconds = {
    user: sumOf(all, (each) => each.cpuSeconds.user),
    system: sumOf(all, (each) => each.cpuSeconds.system),
  };
  const contextSwitches = {
    voluntary: sumOf(all, (each) => each.contextSwitches.voluntary),
    involuntary: sumOf(all, (each) => each.contextSwitches.involuntary),
  };
  const sum = (key: 'eagain' | 'wakeups' | 'readyEvents' | 'accepts' | 'closes' | 'coroutineSwitches'): number =>
    sumOf(all, (each) => each[key]);
  const peak = (key: 'maxRssBytes' | 'peakThreads' | 'peakFds' | 'peakConnections'): number =>
    Math.max(...all.map((each) => each[key]));
  return {
    figures: {
      ...first.figures,
      ...{ syscalls, cpuSeconds, contextSwitches },
      syscallsPerRequest: ratio(
        sumOf(Object.values(syscalls), (count) => count),
        requests,
      ),
      cpuMicrosPerRequest: ratio((cpuSeconds.user + cpuSeconds.system) * 1e6, requests),
      switchesPerRequest: ratio(contextSwitches.voluntary + contextSwitches.involuntary, requests),
      ...{ eagain: sum('eagain'), wakeups: sum('wakeups'), readyEvents: sum('readyEvents') },
      ...{ accepts: sum('accepts'), closes: sum('closes'), coroutineSwitches: sum('coroutineSwitches') },
      ...{ maxRssBytes: peak('maxRssBytes'), peakThreads: peak('peakThreads') },
      ...{ peakFds: peak('peakFds'), peakConnections: peak('peakConnections') },
      threads: mergeThreads(all.flatMap((each) => each.threads)),
      telemetry: { cpuSeconds: sumOf(all, (each) => each.telemetry.cpuSeconds) },
    },
    requests,
    bytesIn: sumOf(parts, (part) => part.bytesIn),
    bytesOut: sumOf(parts, (part) => part.bytesOut),
    errors: sumCounts(parts.map((part) => part.errors)) as Errors,
  };
}
