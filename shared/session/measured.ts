/** Of a session: the time that its figures are of, from the clients' mark `steady` to their `loadDone`. */
import type { Overview } from './overview.ts';

export interface MeasuredStretch {
  readonly fromNs: number;
  readonly toNs: number;
}

/** In the order of time, and apart from each other; none where the session has no such mark. */
export function measuredStretches({ moments, endedNs }: Pick<Overview, 'moments' | 'endedNs'>): MeasuredStretch[] {
  const times = (name: string): number[] =>
    moments.filter((each) => each.kind === 'mark' && each.name === name).map(({ timeNs }) => timeNs);
  const ends = times('loadDone');
  const begun = times('steady');
  return begun.map((fromNs, i) => {
    const next = begun[i + 1] ?? Infinity;
    return { fromNs, toNs: Math.min(ends.find((end) => end > fromNs) ?? endedNs, next, endedNs) };
  });
}
