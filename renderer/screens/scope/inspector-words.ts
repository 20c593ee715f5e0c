/** What is selected, told in words and figures. Read from the history a few times a second, not bound to it. */
import {
  eventKinds,
  fdFlags,
  frameIntervalMs,
  noFd,
  noSyscall,
  syscallNames,
  tcpStates,
  threadStates,
} from '../../../shared/telemetry/wire.ts';
import { bytes, duration, moment, short } from '../../stores/format.ts';
import type { EventRecord, EventsOf } from '../../stores/history-events.ts';
import type { Tenant } from '../../stores/history-sockets.ts';
import type { ThreadRecord } from '../../stores/history-threads.ts';
import type { TelemetryHistory } from '../../stores/history.ts';
import { notFromOutside } from '../../stores/outside.ts';
import type { Picked, PickedEvent, PickedSocket, PickedThread } from '../../stores/selection.ts';
import { isOfLab } from '../../stores/threads-of-lab.ts';
import { eventLines, eventName } from '../../tracks/event-slices.ts';
import { momentLines, socketMoment, type SocketMoment } from '../../tracks/socket-moment.ts';
import { fdWords, wordsOf } from '../../tracks/socket-words.ts';
import { stretchAt } from '../../tracks/thread-states.ts';
import { threadWords } from '../../tracks/timeline-track.ts';
import { momentHeading } from './inspector-moment.ts';
import { socketShares, threadShares } from './inspector-shares.ts';
import type { Told, ToldEvent, ToldPart, ToldWhen } from './inspector-told.ts';

const mostEvents = 14;
const mostNewest = 5;
const noneRecorded = 'No call or report of it was recorded around this moment.';
const eventsNeedDetail = 'Its system calls are recorded at the detail level "events".';
/** Around a moment events of others are looked for so far. */
const aroundNs = 1e9;
/** What opened is told at the tick behind it. */
const tickNs = frameIntervalMs * 1e6;

export function tell(history: TelemetryHistory, picked: Picked, when: ToldWhen): Told {
  if (picked.kind === 'socket') return tellSocket(history, picked, when);
  if (picked.kind === 'thread') return tellThread(history, picked, when);
  return tellEvent(history, picked, when);
}

function textOf(history: TelemetryHistory, whose: EventsOf, event: EventRecord): string {
  // Whose connection it is goes without saying among events of one.
  const lines = eventLines(event).filter((line) => 'threadId' in whose || !line.startsWith('connection'));
  return [nameOf(history, event), ...lines].join(', ');
}

/** Around the moment, by their distance from it. */
function eventsAround(history: TelemetryHistory, whose: EventsOf, when: ToldWhen, picked?: EventRecord): ToldEvent[] {
  const { at, now } = when;
  const events = history.events.nearestTo(whose, at.timeNs, mostEvents, now.timeNs);
  const lastBefore = events.findLast((event) => event.timeNs <= at.timeNs);
  return events.map((event) => ({
    when: distance(event.timeNs - at.timeNs),
    text: textOf(history, whose, event),
    failed: event.result < 0,
    isLastBefore: event === lastBefore,
    isPicked: picked !== undefined && isSame(event, picked),
  }));
}

/** The newest up to now, by the time of the run. */
function newestEvents(history: TelemetryHistory, whose: EventsOf, { now }: ToldWhen): ToldEvent[] {
  return history.events.newestOf(whose, mostNewest, now.timeNs).map((event) => ({
    when: moment(event.timeNs, history.originNs, 4),
    text: textOf(history, whose, event),
    failed: event.result < 0,
    isLastBefore: false,
    isPicked: false,
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

const roleWords = { listener: 'Listening socket', client: 'Connection', upstream: 'Upstream connection' } as const;

function tellSocket(history: TelemetryHistory, { row, role, fd }: PickedSocket, when: ToldWhen): Told {
  const { sockets } = history;
  const { timeNs } = when.at;
  const found = sockets.tenantAt(row, timeNs);
  // Of a row that changed hands often the earliest are forgotten: who came later was not there then.
  const tenant = found !== undefined && found.openedNs - tickNs <= timeNs ? found : undefined;
  return {
    title: `${roleWords[role]}, ${tenant ? fdWords(tenant, sockets) : `fd ${fd}`}`,
    parts: [
      socketThen(history, row, tenant, when),
      socketNow(history, tenant, when),
      socketShares(history, tenant, when.over),
    ],
  };
}

function socketThen(history: TelemetryHistory, row: number, tenant: Tenant | undefined, when: ToldWhen): ToldPart {
  const { sockets, isWatchedFromOutside, originNs } = history;
  const { timeNs } = when.at;
  const heading = momentHeading(when.at, originNs);
  if (tenant === undefined) {
    return { heading, sentence: 'Who had this descriptor then is no longer kept.', facts: [] };
  }
  const { connectionId, closedNs } = tenant;
  const known = socketMoment(sockets, row, timeNs);
  const open = known === undefined ? 'Not known: nobody looked.' : momentWords(known, isWatchedFromOutside);
  const closed = `It was closed by then, at ${moment(closedNs, originNs)}.`;
  const none = connectionId === 0 ? 'A listening socket has no conversation of its own.' : whyNoEvents(history, timeNs);
  return {
    heading,
    sentence: closedNs < timeNs ? closed : open,
    facts: [
      { name: 'local', value: tenant.local || '–' },
      { name: 'peer', value: tenant.peer || '–' },
      ...(tenant.pid > 0 ? [{ name: 'process', value: `pid ${tenant.pid}` }] : []),
      // From outside a socket is there at one look and was not at the one before.
      { name: isWatchedFromOutside ? 'first seen' : 'opened', value: moment(tenant.openedNs, originNs) },
    ],
    events: connectionId === 0 ? [] : eventsAround(history, { connectionId }, when),
    eventsNote: none,
  };
}

/** Of several states each with its time, else the state with what it means. */
function momentWords(known: SocketMoment, isWatchedFromOutside: boolean): string {
  const [first = '', ...others] = momentLines(known, isWatchedFromOutside);
  const isList = known.by === 'tick' && known.times.length > 1;
  return isList ? `${first} ${others.join(', ')}.` : [first, ...others].join(' ');
}

function socketNow(history: TelemetryHistory, tenant: Tenant | undefined, when: ToldWhen): ToldPart {
  const { sockets, isWatchedFromOutside, originNs } = history;
  const { timeNs, words: heading } = when.now;
  if (tenant === undefined) return { heading, sentence: 'Not known.', facts: [] };
  const { row, connectionId, closedNs } = tenant;
  if (closedNs <= timeNs) {
    const heir = sockets.tenantAt(row, timeNs);
    const isTaken = heir !== undefined && heir.connectionId !== connectionId && heir.closedNs > timeNs;
    const withServer = closedNs >= history.lastNs ? ', with its server' : '';
    const taken = isTaken ? ` Its descriptor is now that of connection ${heir.connectionId}.` : '';
    return { heading, sentence: `Closed since ${moment(closedNs, originNs)}${withServer}.${taken}`, facts: [] };
  }
  const known = socketMoment(sockets, row, timeNs);
  const [state = 'not known: nobody looked.'] = known === undefined ? [] : momentLines(known, isWatchedFromOutside);
  const figures = sockets.figures(row);
  return {
    heading,
    sentence: `Open; ${known?.by === 'tick' && known.times.length > 1 ? `mostly ${mostlyWords(history, known)}` : state}`,
    facts: [
      { name: 'TCP state', value: tcpStates[figures.tcpState] ?? 'unknown' },
      { name: 'receive queue', value: queueWords(figures.flags, figures.receiveQueueBytes) },
      { name: 'send queue', value: queueWords(figures.flags, figures.sendQueueBytes) },
      {
        name: isWatchedFromOutside ? 'data waits' : 'ready, not served',
        value: figures.waitingUs > 0 ? duration(figures.waitingUs * 1000) : 'no',
      },
      { name: 'received', value: bytes(figures.bytesIn) },
      { name: 'sent', value: bytes(figures.bytesOut) },
    ],
    events: connectionId === 0 ? [] : newestEvents(history, { connectionId }, when),
  };
}

function mostlyWords({ isWatchedFromOutside }: TelemetryHistory, known: SocketMoment): string {
  const state = known.by === 'look' ? known.state : (known.times[0]?.state ?? 'none');
  return `${wordsOf(state, isWatchedFromOutside).label} in the last ${duration(known.toNs - known.fromNs)}.`;
}

const queueWords = (flags: number, size: number): string =>
  flags & fdFlags.queuesKnown ? bytes(size) : `${bytes(size)} when last read`;

function tellThread(history: TelemetryHistory, { threadId }: PickedThread, when: ToldWhen): Told {
  const thread = history.threads.byId.get(threadId);
  if (!thread) {
    const sentence = 'It ended so long ago that nothing of it is kept.';
    return { title: `Thread ${threadId}`, parts: [{ heading: when.now.words, sentence, facts: [] }] };
  }
  const lab = isOfLab(history, thread.name) ? ', of the lab' : '';
  return {
    title: `${thread.name}, tid ${thread.tid || 'not known'}${lab}`,
    parts: [
      threadThen(history, thread, when),
      threadNow(history, thread, when),
      threadShares(history, thread, when.over),
    ],
  };
}

function threadState(history: TelemetryHistory, thread: ThreadRecord, timeNs: number, nowNs: number): string {
  const stretch = stretchAt(history.threads, thread, timeNs, nowNs);
  const state = threadWords[threadStates[stretch?.state ?? 0] ?? 'unknown'];
  const call = stretch && stretch.syscall !== noSyscall ? syscallNames[stretch.syscall] : undefined;
  const fdText = stretch && stretch.fd !== noFd ? ` on fd ${stretch.fd}` : '';
  const since = stretch ? `, for ${duration(timeNs - stretch.fromNs)} already` : '';
  return `${state.charAt(0).toUpperCase()}${state.slice(1)}${call ? ` (${call}${fdText})` : ''}${since}.`;
}

function threadThen(history: TelemetryHistory, thread: ThreadRecord, when: ToldWhen): ToldPart {
  const { timeNs } = when.at;
  const heading = momentHeading(when.at, history.originNs);
  const { threadId, startedNs, endedNs } = thread;
  const has = endedNs < timeNs ? 'It had ended by then.' : startedNs > timeNs ? 'It had not begun by then.' : undefined;
  return {
    heading,
    sentence: has ?? threadState(history, thread, timeNs, Math.max(timeNs, when.now.timeNs)),
    facts: [],
    events: eventsAround(history, { threadId }, when),
    eventsNote: whyNoEvents(history, timeNs),
  };
}

function threadNow(history: TelemetryHistory, thread: ThreadRecord, when: ToldWhen): ToldPart {
  const { threads, originNs } = history;
  const { threadId, endedNs } = thread;
  const { timeNs, words: heading } = when.now;
  const total = threads.total.bind(threads, threadId);
  const calls = threads.syscallTotals(threadId);
  const topCalls = syscallNames
    .map((name, i) => ({ name, count: calls[i] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 4);
  return {
    heading,
    sentence:
      endedNs <= timeNs ? `Ended at ${moment(endedNs, originNs)}.` : threadState(history, thread, timeNs, timeNs),
    facts: [
      { name: 'CPU, user', value: duration(total('cpuUserNs')) },
      { name: 'CPU, system', value: duration(total('cpuSystemNs')) },
      { name: 'voluntary switches', value: short(total('voluntarySwitches')) },
      { name: 'involuntary switches', value: short(total('involuntarySwitches')) },
      { name: 'requests', value: short(total('requests')) },
      ...topCalls.map(({ name, count }) => ({ name: `${name} calls`, value: short(count) })),
    ],
    note: 'Counts since the thread began.',
    events: newestEvents(history, { threadId }, when),
  };
}

/** Where others' events are there, the detail level is not what is missing. */
function whyNoEvents({ events, threads, isWatchedFromOutside }: TelemetryHistory, timeNs: number): string {
  if (isWatchedFromOutside) return notFromOutside;
  let seen = 0;
  for (const threadId of threads.byId.keys()) {
    events.visit(threadId, timeNs - aroundNs, timeNs + aroundNs, () => {
      seen++;
      return false;
    });
    if (seen > 0) return noneRecorded;
  }
  return eventsNeedDetail;
}

function tellEvent(history: TelemetryHistory, { event, timeNs }: PickedEvent, when: ToldWhen): Told {
  const thread = history.threads.byId.get(event.threadId);
  const { connectionId, threadId } = event;
  const said = eventLines(event);
  return {
    title: nameOf(history, event),
    parts: [
      {
        // A call lasts microseconds.
        heading: `At ${moment(timeNs, history.originNs, 6)}`,
        sentence: `On ${thread?.name ?? `thread ${threadId}`}${said.length > 0 ? `: ${said.join(', ')}` : ''}.`,
        facts: [],
        note:
          connectionId > 0
            ? 'What follows is of its connection, on whichever thread.'
            : 'It belongs to no connection; what follows is of its thread.',
        events: eventsAround(history, connectionId > 0 ? { connectionId } : { threadId }, when, event),
        eventsNote: 'Nothing else of it is kept.',
      },
    ],
  };
}
