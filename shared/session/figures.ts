/** The figures of a session: of its measured interval where it has one, as those of a run are, else of the whole recording. */
import type { MachineNoise } from '../machine-noise.ts';
import type { Served } from '../statistics/served.ts';
import { measuredCounts, type Measured, type MeasuredCount, type MeasuredPeak } from './measured.ts';
import { durationSecondsOf, hasServer, highestOf, isWatchedFromOutside, sumOf, type Overview } from './overview.ts';

export interface SessionFigures {
  readonly of: 'measured' | 'whole';
  readonly seconds: number;
  readonly counts: Readonly<Record<MeasuredCount, number>>;
  readonly peaks: Readonly<Record<MeasuredPeak, number>>;
  readonly latency: Overview['latency'];
  readonly profiles: Measured['profiles'];
  /** Replies as the clients counted them where there are clients, else as the server did. */
  readonly requests: number;
  /** What a cost of the server is divided by: its own count of requests, or its clients' where it has none. */
  readonly served: number;
  /** Clients that wanted a reply, and those of them that got one; undefined where nobody says. */
  readonly clients: Served | undefined;
  readonly noise: MachineNoise | undefined;
}

const rest = (
  { counts, profiles }: Pick<SessionFigures, 'counts' | 'profiles'>,
  overview: Overview,
): Pick<SessionFigures, 'requests' | 'served' | 'clients'> => {
  const told = profiles.flatMap((profile) => profile.counts ?? []);
  const areAllTold = told.length > 0 && told.length === profiles.length;
  const sum = (key: 'replies' | 'asked' | 'answered'): number => sumOf(told.map((each) => each[key]));
  const replies = areAllTold ? sum('replies') : counts.clientRequests;
  return {
    requests: replies > 0 ? replies : counts.serverRequests,
    served: isWatchedFromOutside(overview) ? replies : counts.serverRequests,
    clients: areAllTold ? { asked: sum('asked'), answered: sum('answered') } : undefined,
  };
};

/** As a whole: with connecting, warming up and what came behind the interval. */
export function wholeFigures(overview: Overview): SessionFigures {
  const { columns, latency } = overview;
  const counts = Object.fromEntries(measuredCounts.map((name) => [name, sumOf(columns[name])])) as Record<
    MeasuredCount,
    number
  >;
  const peaks = {
    ...{ rssBytes: highestOf(columns.rssBytes), threads: highestOf(columns.threads) },
    ...{ openFds: highestOf(columns.openFds), openConnections: highestOf(columns.openConnections) },
  };
  const shape = { counts, peaks, latency, profiles: [] };
  const seconds = durationSecondsOf(overview);
  return { of: 'whole', seconds, ...shape, ...rest(shape, overview), noise: undefined };
}

export function figuresOf(overview: Overview): SessionFigures {
  const { measured } = overview;
  if (!measured) return wholeFigures(overview);
  return { of: 'measured', ...measured, ...rest(measured, overview), noise: measured.noise };
}

/** Undefined where there is nothing to divide by, or no server to be asked. */
export const perRequestOf = (overview: Overview, { served }: SessionFigures, amount: number): number | undefined =>
  hasServer(overview) && served > 0 ? amount / served : undefined;

export const ofWhat = ({ of, seconds }: SessionFigures): string =>
  of === 'measured'
    ? `Of the measured interval, ${seconds.toFixed(2)} s: without connecting and warming up.`
    : 'Of the whole recording, with connecting and warming up: it has no mark of a measured interval.';
