/** Phases that hold for a while, as the moments they are made of: what is changed, and what is changed back. */
import type { Client, Phase, ScenarioModel } from './settings.ts';

/** What a run begins with, as far as phases change it. */
export interface PhaseStart {
  readonly model: ScenarioModel;
  readonly connections: number;
  readonly clients: readonly Client[];
  readonly workUs: number;
  readonly waitMs: number;
  readonly chunks: number;
}

const lasting = ['switch', 'connections', 'clients', 'paused', 'workUs', 'waitMs', 'chunks'] as const;
type Lasting = (typeof lasting)[number];

const changedBy = (phase: Phase): Lasting[] => lasting.filter((key) => phase[key] !== undefined);

/** Steps of a ramp are at least so far apart, and at most so many. */
const rampStepSeconds = 0.25;
const mostRampSteps = 40;

/** From `from` connections to those of the phase. */
function rampSteps({ at, connections = 0, ramp = 0 }: Phase, from: number): Phase[] {
  const change = connections - from;
  const wanted = Math.min(Math.round(ramp / rampStepSeconds), mostRampSteps, Math.abs(change));
  const steps = Math.max(1, wanted);
  return Array.from({ length: steps }, (_, i) => ({
    at: Number((at + (ramp * (i + 1)) / steps).toFixed(3)),
    connections: Math.round(from + (change * (i + 1)) / steps),
  }));
}

/** Every moment at which something changes, in order, none with a `for`. */
export function unfoldPhases(phases: readonly Phase[], start: PhaseStart): Phase[] {
  const now: Record<Lasting, unknown> = { ...start, switch: start.model, paused: false };
  const ends: Phase[] = [];
  const moments: Phase[] = [];
  const endUntil = (at: number): void => {
    ends.sort((a, b) => a.at - b.at);
    while (ends[0] && ends[0].at <= at) {
      const end = ends.shift();
      if (!end) break;
      for (const key of changedBy(end)) now[key] = end[key];
      moments.push(end);
    }
  };
  for (const { for: seconds, ramp, ...whole } of phases) {
    endUntil(whole.at);
    const steps = ramp === undefined ? [] : rampSteps({ ...whole, ramp }, Number(now.connections));
    const { connections: _ramped, ...others } = whole;
    const phase: Phase = ramp === undefined ? whole : others;
    // What is done at once tells the label; a ramp alone tells it at its first step.
    const isRampAlone = changedBy(phase).length === 0 && phase.killWorker !== true;
    const label = isRampAlone && whole.label !== undefined ? { label: whole.label } : {};
    const changed = changedBy(whole);
    if (seconds !== undefined) {
      const before = Object.fromEntries(changed.map((key) => [key, now[key]])) as Partial<Phase>;
      const label = phase.label === undefined ? {} : { label: `end of ${phase.label}` };
      ends.push({ ...before, ...label, at: phase.at + seconds });
    }
    // Steps come in their time, between whatever else comes.
    ends.push(...steps.map((step, i) => (i === 0 ? { ...step, ...label } : step)));
    for (const key of changedBy(phase)) now[key] = phase[key];
    if (!isRampAlone) moments.push(phase);
  }
  endUntil(Infinity);
  return moments;
}

/** What cannot be in `phases`, and where: a key of the phase with this index. */
export function phaseMistakes(
  phases: readonly Phase[],
  durationSeconds: number,
): { readonly index: number; readonly key?: keyof Phase; readonly message: string }[] {
  return phases.flatMap((phase, index) => {
    const { at, for: seconds } = phase;
    const changed = changedBy(phase);
    const found: { index: number; key?: keyof Phase; message: string }[] = [];
    if (at >= durationSeconds) {
      found.push({
        ...{ index, key: 'at', message: `the phase at ${at} s begins after the run has ended (${durationSeconds} s)` },
      });
    } else if (seconds !== undefined && at + seconds >= durationSeconds) {
      const message = `the phase would last until ${at + seconds} s, and the run is over at ${durationSeconds} s: without "for" it lasts to the end`;
      found.push({ index, key: 'for', message });
    }
    if (phase.ramp !== undefined) {
      const end = at + phase.ramp;
      const message =
        phase.connections === undefined
          ? 'a ramp leads to a number of connections: say which with "connections"'
          : end > at + (seconds ?? Infinity)
            ? 'a ramp that takes longer than "for" would be cut off by it'
            : end >= durationSeconds
              ? `the ramp would end at ${end} s, and the run is over at ${durationSeconds} s`
              : undefined;
      if (message !== undefined) found.push({ index, key: 'ramp', message });
    }
    if (index > 0 && at < (phases[index - 1]?.at ?? 0)) {
      found.push({ index, key: 'at', message: 'phases are written in the order in which they come' });
    }
    if (changed.length === 0 && phase.killWorker !== true) {
      const message =
        'a phase changes something: switch, connections, clients, paused, workUs, waitMs, chunks or killWorker';
      found.push({ index, message });
    }
    if (seconds !== undefined && changed.length === 0 && phase.killWorker === true) {
      found.push({ index, key: 'for', message: 'a worker that was killed does not come back: leave out "for"' });
    }
    for (const earlier of phases.slice(0, index)) {
      const key = changed.find((each) => changedBy(earlier).includes(each));
      const lasts = Math.max(earlier.for ?? 0, key === 'connections' ? (earlier.ramp ?? 0) : 0);
      if (key === undefined || lasts === 0 || earlier.at + lasts <= at) continue;
      const message = `"${key}" is changed already by the phase at ${earlier.at} s, which lasts until ${earlier.at + lasts} s`;
      found.push({ index, key, message });
    }
    return found;
  });
}
