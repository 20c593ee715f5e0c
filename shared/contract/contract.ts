/** The contract as a whole: the channel maps of all rooms, joined. */
import { benchEvents, benchRequests } from './bench.ts';
import type { CheckedParamsOf, EventOf, ParamsOf, ResultOf } from './channels.ts';
import { experimentEvents, experimentRequests } from './experiments.ts';
import { glossaryRequests } from './glossary.ts';
import { labRequests } from './lab.ts';
import { lessonRequests } from './lessons.ts';
import { liveEvents, liveRequests } from './live.ts';
import { scenarioRequests } from './scenarios.ts';
import { sessionEvents, sessionRequests } from './sessions.ts';

export const requests = {
  ...labRequests,
  ...liveRequests,
  ...sessionRequests,
  ...scenarioRequests,
  ...experimentRequests,
  ...benchRequests,
  ...lessonRequests,
  ...glossaryRequests,
} as const;
export const events = { ...liveEvents, ...sessionEvents, ...experimentEvents, ...benchEvents } as const;

export type Verb = keyof typeof requests;
export type EventName = keyof typeof events;
export type Params<V extends Verb> = ParamsOf<typeof requests, V>;
export type CheckedParams<V extends Verb> = CheckedParamsOf<typeof requests, V>;
export type Result<V extends Verb> = ResultOf<typeof requests, V>;

/** What a host does for each verb. */
export type Verbs = { readonly [V in Verb]: (params: CheckedParams<V>) => Promise<Result<V>> | Result<V> };
export type EventPayload<N extends EventName> = EventOf<typeof events, N>;
