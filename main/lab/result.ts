/** From two counter frames to the figures between them. */
import type { Errors, ServerFigures, StepHits, ThreadGroup } from '../../shared/run-result.ts';
import { errorCounter } from '../../shared/run-result.ts';
import { counterOf, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { errorKinds, gaugeNames, syscallNames, type CounterName, type GaugeName } from '../../shared/telemetry/wire.ts';
import type { Ready } from '../../shared/engine-messages.ts';

/** A counter's growth between two frames of one engine. */
export const growth = (from: Counters, to: Counters, name: CounterName): number =>
  counterOf(to, name) - counterOf(from, name);

export const secondsBetween = (from: Counters, to: Counters): number => (to.timeNs - from.timeNs) / 1e9;

/** Counters of an engine that has only just begun, at `timeNs`. */
export const nothingYet = (timeNs: number): Counters => ({
  ...{ timeNs, sequence: 0, snapshotId: 0, gauges: new Float64Array(), counters: new Float64Array() },
  ...{ syscalls: new Float64Array(), stepHits: new Float64Array(), stepNs: new Float64Array() },
});

/** 0 where there is nothing to divide by: a server without requests has no cost per request. */
export const ratio = (value: number, by: number): number => (by > 0 ? value / by : 0);

export const errorsBetween = (from: Counters, to: Counters): Errors =>
  Object.fromEntries(errorKinds.map((kind) => [kind, growth(from, to, errorCounter(kind))])) as Errors;

export const cpuSecondsBetween = (from: Counters, to: Counters): { user: number; system: number } => ({
  user: growth(from, to, 'cpuUserNs') / 1e9,
  system: growth(from, to, 'cpuSystemNs') / 1e9,
});

/** System calls that occurred, most frequent first. */
export function syscallsBetween(from: Counters, to: Counters): Record<string, number> {
  const counts = syscallNames.map((name, i) => [name, (to.syscalls[i] ?? 0) - (from.syscalls[i] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]));
}

/** Highest gauges over the frames of an interval. */
export class Peaks {
  readonly #values = new Map<GaugeName, number>();

  see(frame: Counters): void {
    for (const name of gaugeNames) this.#values.set(name, Math.max(this.of(name), gaugeOf(frame, name)));
  }

  of(name: GaugeName): number {
    return this.#values.get(name) ?? 0;
  }

  restart(): void {
    this.#values.clear();
  }
}

const telemetryGroups = new Set(['telemetry', 'commands', 'supervisor']);

/** The server's part of a result. */
export function serverFigures(
  from: Counters,
  to: Counters,
  { ready, peaks, threads }: { ready: Ready; peaks: Peaks; threads: readonly ThreadGroup[] },
): ServerFigures {
  const requests = growth(from, to, 'requests');
  const syscalls = syscallsBetween(from, to);
  const cpuSeconds = cpuSecondsBetween(from, to);
  const voluntary = growth(from, to, 'voluntarySwitches');
  const involuntary = growth(from, to, 'involuntarySwitches');
  const steps: StepHits[] = ready.steps.map(({ index, line, label }) => ({
    line,
    label,
    hits: (to.stepHits[index] ?? 0) - (from.stepHits[index] ?? 0),
  }));
  const syscallCount = Object.values(syscalls).reduce((sum, count) => sum + count, 0);
  const telemetry = threads.filter((group) => telemetryGroups.has(group.name));
  return {
    syscalls,
    syscallsPerRequest: ratio(syscallCount, requests),
    cpuMicrosPerRequest: ratio((cpuSeconds.user + cpuSeconds.system) * 1e6, requests),
    switchesPerRequest: ratio(voluntary + involuntary, requests),
    eagain: growth(from, to, 'eagain'),
    wakeups: growth(from, to, 'wakeups'),
    readyEvents: growth(from, to, 'readyEvents'),
    accepts: growth(from, to, 'accepts'),
    closes: growth(from, to, 'closes'),
    contextSwitches: { voluntary, involuntary },
    coroutineSwitches: growth(from, to, 'coroutineSwitches'),
    cpuSeconds,
    maxRssBytes: peaks.of('rssBytes'),
    peakThreads: peaks.of('threads'),
    peakFds: peaks.of('openFds'),
    peakConnections: peaks.of('openConnections'),
    steps: steps.sort((a, b) => a.line - b.line),
    threads,
    telemetry: { cpuSeconds: telemetry.reduce((sum, group) => sum + group.cpuSeconds, 0) },
    pid: ready.pid,
    options: ready.options,
    sourceFile: ready.sourceFile ?? '',
  };
}
