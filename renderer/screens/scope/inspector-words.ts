/** What is selected, told in words and figures. Read from the history a few times a second, not bound to it. */
import {
  eventKinds,
  fdFlags,
  noFd,
  noSyscall,
  syscallNames,
  tcpStates,
  threadStates,
} from '../../../shared/telemetry/wire.ts';
import { bytes, duration, moment, percent, short } from '../../stores/format.ts';
import type { EventRecord, EventsOf } from '../../stores/history-events.ts';
import type { TelemetryHistory } from '../../stores/history.ts';
import { notFromOutside } from '../../stores/outside.ts';
import type { Picked, PickedEvent, PickedSocket, PickedThread } from '../../stores/selection.ts';
import { eventLines, eventName } from '../../tracks/event-slices.ts';
import { momentLines, socketMoment } from '../../tracks/socket-moment.ts';
import { fdWords } from '../../tracks/socket-words.ts';
import { stretchAt, timeInStates } from '../../tracks/thread-states.ts';
import { threadWords } from '../../tracks/timeline-track.ts';
import type { ToldMoment } from './inspector-moment.ts';

export interface ToldEvent {
  /** From the moment on, such as "−1.20 ms"; of the newest events, the time of the run. */
  readonly when: string;
  readonly text: string;
  readonly failed: boolean;
  /** The last that began before the moment, or at it. */
  readonly isLastBefore: boolean;
  /** What was picked. */
  readonly isPicked: boolean;
}

export interface Told {
  readonly title: string;
  /** What it was doing at the moment, in a sentence. */
  readonly sentence: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly events: readonly ToldEvent[];
  /** What the facts are of. */
  readonly note?: string;
  /** Why there are no events, where there are none. */
  readonly eventsNote: string;
}

const mostEvents = 14;
const noneRecorded = 'No call or report of it was recorded around this moment.';
const eventsNeedDetail = 'Its system calls are recorded at the detail level "events".';
/** Shares of a thread's time are those of the second before the moment. */
const shareNs = 1e9;

export function tell(history: TelemetryHistory, picked: Picked, at: ToldMoment): Told {
  if (picked.kind === 'socket') return tellSocket(history, picked, at);
  if (picked.kind === 'thread') return tellThread(history, picked, at);
  return tellEvent(history, picked, at);
}

function toldEvents(history: TelemetryHistory, whose: EventsOf, at: ToldMoment, picked?: EventRecord): ToldEvent[] {
  const isNewest = at.from === 'newest';
  const events = isNewest
    ? history.events.newestOf(whose, mostEvents)
    : history.events.nearestTo(whose, at.timeNs, mostEvents);
  const lastBefore = isNewest ? undefined : events.findLast((event) => event.timeNs <= at.timeNs);
  return events.map((event) => ({
    when: isNewest ? `${((event.timeNs - history.originNs) / 1e9).toFixed(4)} s` : distance(event.timeNs - at.timeNs),
    // Whose connection it is goes without saying among events of one.
    text: [
      nameOf(history, event),
      ...eventLines(event).filter((line) => 'threadId' in whose || !line.startsWith('connection')),
    ].join(', '),
    failed: event.result < 0,
    isLastBefore: event === lastBefore,
    isPicked: picked !== undefined && isSame(event, picked),
  }));
}

/** A step by what the model's source calls it. */
function nameOf({ moments }: TelemetryHistory, event: EventRecord): string {
  if (event.kind !== eventKinds.step) return eventName(event);
  return moments.modelAt(event.timeNs)?.steps.find(({ index }) => index === event.code)?.label ?? eventName(event);
}

const distance = (ns: number): string => (ns === 0 ? '0' : `${ns < 0 ? '−' : '+'}${duration(Math.abs(ns))}`);

const isSame = (a: EventRecord, b: EventRecord): boolean =>
  a.timeNs === b.timeNs && a.threadId === b.threadId && a.kind === b.kind && a.code === b.code;

const whenWords = (at: ToldMoment, history: TelemetryHistory): string =>
  at.from === 'newest' ? 'Now' : `At ${moment(at.timeNs, history.originNs)}`;

const roleWords = { listener: 'Listening socket', client: 'Connection', upstream: 'Upstream connection' } as const;

function tellSocket(history: TelemetryHistory, { row, role, fd }: PickedSocket, at: ToldMoment): Told {
  const { sockets, isWatchedFromOutside } = history;
  const { timeNs } = at;
  const tenant = sockets.tenantAt(row, timeNs);
  const known = socketMoment(sockets, row, timeNs);
  const words = known === undefined ? ['not known: nobody looked.'] : momentLines(known, isWatchedFromOutside);
  const figures = sockets.figures(row);
  const isNow = tenant !== undefined && sockets.latestTenant(row)?.connectionId === tenant.connectionId;
  const connectionId = tenant?.connectionId ?? 0;
  const facts = [
    { name: 'local', value: tenant?.local ?? '–' },
    { name: 'peer', value: tenant?.peer ?? '–' },
    ...(tenant && tenant.pid > 0 ? [{ name: 'process', value: `pid ${tenant.pid}` }] : []),
    // From outside a socket is there at one look and was not at the one before.
    {
      name: isWatchedFromOutside ? 'first seen' : 'opened',
      value: tenant ? moment(tenant.openedNs, history.originNs) : '–',
    },
    {
      name: 'closed',
      value: tenant && Number.isFinite(tenant.closedNs) ? moment(tenant.closedNs, history.originNs) : 'still open',
    },
  ];
  const newest = [
    { name: 'TCP state', value: tcpStates[figures.tcpState] ?? 'unknown' },
    { name: 'receive queue', value: queueWords(figures.flags, figures.receiveQueueBytes) },
    { name: 'send queue', value: queueWords(figures.flags, figures.sendQueueBytes) },
    {
      name: isWatchedFromOutside ? 'data waits' : 'ready, not served',
      value: figures.waitingUs > 0 ? duration(figures.waitingUs * 1000) : 'no',
    },
    { name: 'received', value: bytes(figures.bytesIn) },
    { name: 'sent', value: bytes(figures.bytesOut) },
  ];
  return {
    title: `${roleWords[role]}, ${tenant ? fdWords(tenant, sockets) : `fd ${fd}`}`,
    sentence: `${whenWords(at, history)}: ${words.join(' ')}`,
    facts: isNow ? [...facts, ...newest] : facts,
    events: connectionId === 0 ? [] : toldEvents(history, { connectionId }, at),
    eventsNote:
      connectionId === 0 ? 'A listening socket has no conversation of its own.' : whyNoEvents(history, timeNs),
  };
}

const queueWords = (flags: number, size: number): string =>
  flags & fdFlags.queuesKnown ? bytes(size) : `${bytes(size)} when last read`;

function tellThread(history: TelemetryHistory, { threadId }: PickedThread, at: ToldMoment): Told {
  const { threads } = history;
  const { timeNs } = at;
  const thread = threads.byId.get(threadId);
  if (!thread) {
    return {
      title: `Thread ${threadId}`,
      sentence: 'It ended so long ago that nothing of it is kept.',
      facts: [],
      events: [],
      eventsNote: '',
    };
  }
  const stretch = stretchAt(threads, thread, timeNs, history.newestNs);
  const stateName = threadStates[stretch?.state ?? 0] ?? 'unknown';
  const call = stretch && stretch.syscall !== noSyscall ? syscallNames[stretch.syscall] : undefined;
  const fdText = stretch && stretch.fd !== noFd ? ` on fd ${stretch.fd}` : '';
  const since = stretch ? `, for ${duration(timeNs - stretch.fromNs)} already` : '';
  const shares = timeInStates(threads, thread, timeNs - shareNs, timeNs, history.newestNs);
  const known = shares.reduce((sum, ns) => sum + ns, 0);
  const total = threads.total.bind(threads, threadId);
  const calls = threads.syscallTotals(threadId);
  const topCalls = syscallNames
    .map((name, i) => ({ name, count: calls[i] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 4);
  return {
    title: `${thread.name}, tid ${thread.tid || 'not known'}`,
    sentence: `${whenWords(at, history)}: ${threadWords[stateName]}${call ? ` (${call}${fdText})` : ''}${since}.`,
    facts: [
      ...threadStates.flatMap((state, i) =>
        (shares[i] ?? 0) > 0 ? [{ name: threadWords[state], value: percent((shares[i] ?? 0) / known) }] : [],
      ),
      { name: 'CPU, user', value: duration(total('cpuUserNs')) },
      { name: 'CPU, system', value: duration(total('cpuSystemNs')) },
      { name: 'voluntary switches', value: short(total('voluntarySwitches')) },
      { name: 'involuntary switches', value: short(total('involuntarySwitches')) },
      { name: 'requests', value: short(total('requests')) },
      ...topCalls.map(({ name, count }) => ({ name: `${name} calls`, value: short(count) })),
    ],
    note: 'Shares are of the second before the moment; counts since the thread began.',
    events: toldEvents(history, { threadId }, at),
    eventsNote: whyNoEvents(history, timeNs),
  };
}

/** Where others' events are there, the detail level is not what is missing. */
function whyNoEvents({ events, threads, isWatchedFromOutside }: TelemetryHistory, timeNs: number): string {
  if (isWatchedFromOutside) return notFromOutside;
  let seen = 0;
  for (const threadId of threads.byId.keys()) {
    events.visit(threadId, timeNs - shareNs, timeNs + shareNs, () => {
      seen++;
      return false;
    });
    if (seen > 0) return noneRecorded;
  }
  return eventsNeedDetail;
}

function tellEvent(history: TelemetryHistory, { event, timeNs }: PickedEvent, at: ToldMoment): Told {
  const thread = history.threads.byId.get(event.threadId);
  const { connectionId, threadId } = event;
  const said = eventLines(event);
  return {
    title: nameOf(history, event),
    // A call lasts microseconds.
    sentence: `At ${moment(timeNs, history.originNs, 6)} on ${thread?.name ?? `thread ${threadId}`}${said.length > 0 ? `: ${said.join(', ')}` : ''}.`,
    facts: [],
    note:
      connectionId > 0
        ? 'What follows is of its connection, on whichever thread.'
        : 'It belongs to no connection; what follows is of its thread.',
    events: toldEvents(history, connectionId > 0 ? { connectionId } : { threadId }, at, event),
    eventsNote: 'Nothing else of it is kept.',
  };
}
