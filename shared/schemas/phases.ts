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
  for (const { for: seconds, ...phase } of phases) {
    endUntil(phase.at);
    const changed = changedBy(phase);
    if (seconds !== undefined) {
      const before = Object.fromEntries(changed.map((key) => [key, now[key]])) as Partial<Phase>;
      const label = phase.label === undefined ? {} : { label: `end of ${phase.label}` };
      ends.push({ ...before, ...label, at: phase.at + seconds });
    }
    for (const key of changed) now[key] = phase[key];
    moments.push(phase);
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
      if (key === undefined || earlier.for === undefined || earlier.at + earlier.for <= at) continue;
      const message = `"${key}" is changed already by the phase at ${earlier.at} s, which lasts until ${earlier.at + earlier.for} s`;
      found.push({ index, key, message });
    }
    return found;
  });
}
