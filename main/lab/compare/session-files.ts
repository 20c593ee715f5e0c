/**
 * Two session files side by side. Each is one run: its seconds are no repeats of it, as what slows a machine for a while
 * is in many of them. So they say how steady a run was, and never whether a difference is more than noise.
 */
import type { SessionDetails } from '../../../shared/contract/sessions.ts';
import { compareSessions, type Comparison } from '../../../shared/session/compare.ts';
import { measuredStretches } from '../../../shared/session/measured.ts';
import { isWatchedFromOutside, requestsOf, type Overview } from '../../../shared/session/overview.ts';
import { median } from '../../../shared/expectations/evaluate.ts';
import { detailsOf } from '../sessions/card.ts';

/** Of the whole seconds in which the clients measured; of all seconds where the session has no such marks. */
export interface Steadiness {
  readonly measure: 'requestsPerSecond' | 'cpuUsPerRequest';
  readonly label: string;
  readonly seconds: number;
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface ComparedFile {
  readonly file: string;
  readonly name: string;
  readonly models: readonly string[];
  readonly steadiness: readonly Steadiness[];
}

export interface ComparedFiles extends Comparison {
  readonly files: readonly [ComparedFile, ComparedFile];
  /** What can be said of noise, and what cannot. */
  readonly noise: readonly string[];
}

export const isSessionFile = (text: string): boolean => text.endsWith('.fdscope');

/** Indexes of the seconds that lie wholly within the measured interval. */
function measuredSeconds(overview: Overview): readonly number[] {
  const { startedNs, columns } = overview;
  const all = columns.serverRequests.map((_, second) => second);
  const intervals = measuredStretches(overview).map(({ fromNs, toNs }) => ({
    ...{ from: (fromNs - startedNs) / 1e9, to: (toNs - startedNs) / 1e9 },
  }));
  if (intervals.length === 0) return all;
  return all.filter((second) => intervals.some(({ from, to }) => second >= from && second + 1 <= to));
}

export function steadinessOf(overview: Overview): Steadiness[] {
  const seconds = measuredSeconds(overview);
  const { serverCpuNs, serverRequests, clientRequests } = overview.columns;
  const counted = isWatchedFromOutside(overview) ? clientRequests : serverRequests;
  const requests = requestsOf(overview);
  const told = (measure: Steadiness['measure'], label: string, values: readonly number[]): Steadiness[] =>
    values.length === 0
      ? []
      : [
          {
            ...{ measure, label, seconds: values.length, median: median(values) },
            ...{ least: Math.min(...values), most: Math.max(...values) },
          },
        ];
  const costs = seconds.flatMap((second) => {
    const served = counted[second] ?? 0;
    return served > 0 ? [(serverCpuNs[second] ?? 0) / 1000 / served] : [];
  });
  return [
    ...told(
      'requestsPerSecond',
      'requests per second',
      seconds.map((second) => requests[second] ?? 0),
    ),
    ...told('cpuUsPerRequest', 'CPU µs per request', costs),
  ];
}

const number = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en-US');

function overlapSentence(a: ComparedFile, b: ComparedFile, measure: Steadiness['measure']): string[] {
  const [one, other] = [a, b].map(({ steadiness }) => steadiness.find((each) => each.measure === measure));
  if (!one || !other) return [];
  const range = ({ least, most, seconds }: Steadiness): string =>
    `${number(least)} to ${number(most)} in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  const isApart = one.least > other.most || other.least > one.most;
  const found = isApart
    ? 'no second of one is like one of the other, in these two runs'
    : 'some seconds of both are alike, so that these two runs do not show a difference';
  return [`${one.label}: A ${range(one)}, B ${range(other)}: ${found}.`];
}

export const noiseOf = (a: ComparedFile, b: ComparedFile): string[] => [
  ...overlapSentence(a, b, 'requestsPerSecond'),
  ...overlapSentence(a, b, 'cpuUsPerRequest'),
  'Each file is one run, and the seconds of a run are no independent repeats of it: they cannot tell a difference from noise. `fdscope compare` with both models and six repeats can.',
];

export const comparedFileOf = (file: string, { card, overview }: SessionDetails): ComparedFile => ({
  ...{ file, name: card.name, models: card.models, steadiness: steadinessOf(overview) },
});

/** `a` is what `b` is compared with; with what its report is made of. Throws LabError where a file is no session. */
export async function compareFiles(
  a: string,
  b: string,
): Promise<{ readonly compared: ComparedFiles; readonly sessions: readonly [SessionDetails, SessionDetails] }> {
  const [first, second] = await Promise.all([detailsOf(a), detailsOf(b)]);
  const files = [comparedFileOf(a, first), comparedFileOf(b, second)] as const;
  const { differences, isSameSetting, caveats } = compareSessions(first, second);
  const compared = { files, differences, isSameSetting, noise: noiseOf(...files), caveats };
  return { compared, sessions: [first, second] };
}
