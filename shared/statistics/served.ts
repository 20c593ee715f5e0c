/** Which part of its clients a server served: latencies are of those only. */
import type { RunResult } from '../run-result.ts';

export interface Served {
  /** Clients that wanted a reply, and those of them that got one in the measured time; of all runs together. */
  readonly asked: number;
  readonly answered: number;
}

/** From this difference of two parts on, the latencies are those of different clients. */
const mostDifference = 0.01;

/** Undefined where no run says. */
export function servedOf(runs: readonly (Pick<RunResult, 'clientsAtEnd'> | null)[]): Served | undefined {
  const told = runs.flatMap((run) => run?.clientsAtEnd ?? []);
  if (told.length === 0) return undefined;
  return {
    asked: told.reduce((sum, { asked }) => sum + asked, 0),
    answered: told.reduce((sum, { answered }) => sum + answered, 0),
  };
}

/** 0 to 1; 1 where nobody asked. */
export const servedShare = ({ asked, answered }: Served): number => (asked > 0 ? answered / asked : 1);

/** Of parts, 0 to 1. */
export const shareDiffers = (a: number, b: number): boolean => Math.abs(a - b) > mostDifference;

export const servedDiffer = (a: Served | undefined, b: Served | undefined): boolean =>
  a !== undefined && b !== undefined && shareDiffers(servedShare(a), servedShare(b));

export const servedText = (label: string, served: Served | undefined): string =>
  served ? `${label} answered ${served.answered} of ${served.asked} clients` : `${label} does not say whom it answered`;
