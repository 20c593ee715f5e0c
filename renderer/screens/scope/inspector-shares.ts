/** How long what was picked was in which state, over the stretch that is shown or selected. */
import { threadStates } from '../../../shared/telemetry/wire.ts';
import { duration, moment, percent } from '../../stores/format.ts';
import type { Tenant } from '../../stores/history-sockets.ts';
import type { ThreadRecord } from '../../stores/history-threads.ts';
import type { TelemetryHistory } from '../../stores/history.ts';
import { firstSeen, socketStates, stateCode, timedCount } from '../../stores/socket-states.ts';
import { timesOfRows } from '../../tracks/socket-moment.ts';
import { seenExplanation, wordsOf } from '../../tracks/socket-words.ts';
import { timeInStates } from '../../tracks/thread-states.ts';
import { threadWords } from '../../tracks/timeline-track.ts';
import type { ToldStretch } from './inspector-moment.ts';
import type { Fact, ToldPart } from './inspector-told.ts';

const leastNs = 0.5;

/** `sum`: of all states. */
const timeFacts = (times: readonly { readonly name: string; readonly ns: number }[], sum: number): Fact[] =>
  times
    .filter(({ ns }) => ns >= leastNs)
    .sort((a, b) => b.ns - a.ns)
    .map(({ name, ns }) => ({ name, value: `${duration(ns)}, ${percent(ns / sum)}` }));

function headingOf({ words, fromNs, toNs }: ToldStretch, originNs: number): string {
  return `Over the ${words}, ${moment(Math.max(fromNs, originNs), originNs)} to ${moment(toNs, originNs)}`;
}

/** Of a connection, as far as it was open in the stretch. */
export function socketShares(history: TelemetryHistory, tenant: Tenant | undefined, over: ToldStretch): ToldPart {
  const { sockets, isWatchedFromOutside, originNs } = history;
  const heading = headingOf(over, originNs);
  const fromNs = Math.max(over.fromNs, tenant?.openedNs ?? over.toNs);
  const toNs = Math.min(over.toNs, tenant?.closedNs ?? over.toNs);
  if (tenant === undefined || toNs <= fromNs) return { heading, sentence: 'It was not open then.', facts: [] };
  const { times, isMeasured } = timesOfRows(sockets, Uint32Array.of(tenant.row), fromNs, toNs);
  const labelOf = (code: number): string => wordsOf(socketStates[code] ?? 'none', isWatchedFromOutside).label;
  const first = isMeasured ? 0 : firstSeen;
  const states = Array.from(times.subarray(first, isMeasured ? timedCount : times.length), (ns, code) => ({
    name: isMeasured ? labelOf(code) : `${labelOf(code)}, seen`,
    ns: code === stateCode.none ? 0 : ns,
  }));
  const sum = states.reduce((all, { ns }) => all + ns, 0);
  if (sum < leastNs) return { heading, sentence: 'Nobody looked then.', facts: [] };
  const [waitingNs = 0, unsureNs = 0] = [times[stateCode.waiting], times[stateCode.unsure]];
  const bound = `Data waited for ${duration(waitingNs)} at least and ${duration(waitingNs + unsureNs)} at most: of “${labelOf(stateCode.unsure)}” nobody can say which it was.`;
  return {
    heading,
    sentence: '',
    facts: timeFacts(states, sum),
    ...(isMeasured ? unsureNs >= leastNs && { note: bound } : !isWatchedFromOutside && { note: seenExplanation }),
  };
}

export function threadShares(history: TelemetryHistory, thread: ThreadRecord, over: ToldStretch): ToldPart {
  const { threads, originNs } = history;
  const times = timeInStates(threads, thread, over.fromNs, over.toNs, over.toNs);
  const states = threadStates.map((state, i) => ({ name: threadWords[state], ns: times[i] ?? 0 }));
  const sum = states.reduce((all, { ns }) => all + ns, 0);
  return {
    heading: headingOf(over, originNs),
    sentence: sum < leastNs ? 'It was not there then.' : '',
    facts: timeFacts(states, sum),
  };
}
