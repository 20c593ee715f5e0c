/** What is selected, told in words and figures. Read from the history a few times a second, not bound to it. */
import { fdFlags, noFd, noSyscall, syscallNames, tcpStates, threadStates } from '../../../shared/telemetry/wire.ts';
import { bytes, duration, moment, percent, short } from '../../stores/format.ts';
import type { TelemetryHistory } from '../../stores/history.ts';
import { shownOf, socketStates } from '../../stores/history-sockets.ts';
import type { Picked, PickedEvent, PickedSocket, PickedThread } from '../../stores/selection.ts';
import { eventLines, eventName } from '../../tracks/event-slices.ts';
import { socketWords } from '../../tracks/socket-words.ts';
import { stretchAt, timeInStates } from '../../tracks/thread-states.ts';
import { threadWords } from '../../tracks/timeline-track.ts';

export interface Told {
  readonly title: string;
  /** What it was doing at the moment, in a sentence. */
  readonly sentence: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly events: readonly { readonly when: string; readonly text: string; readonly failed: boolean }[];
  /** Why there are no events, where there are none. */
  readonly eventsNote: string;
}

const mostEvents = 14;
/** Shares of a thread's time are those of the second before the moment. */
const shareNs = 1e9;

export function tell(history: TelemetryHistory, picked: Picked): Told {
  if (picked.kind === 'socket') return tellSocket(history, picked);
  if (picked.kind === 'thread') return tellThread(history, picked);
  return tellEvent(history, picked);
}

const roleWords = { listener: 'Listening socket', client: 'Connection', upstream: 'Upstream connection' } as const;

function tellSocket(history: TelemetryHistory, { row, role, timeNs, fd }: PickedSocket): Told {
  const { sockets } = history;
  const tenant = sockets.tenantAt(row, timeNs);
  const cell = sockets.ticks.column(sockets.ticks.tickAt(timeNs))?.[row] ?? 0;
  const state = socketStates[shownOf(cell)] ?? 'none';
  const words = socketWords[state];
  const figures = sockets.figures(row);
  const isNow = tenant !== undefined && sockets.latestTenant(row)?.connectionId === tenant.connectionId;
  const connectionId = tenant?.connectionId ?? 0;
  const facts = [
    { name: 'local', value: tenant?.local ?? '–' },
    { name: 'peer', value: tenant?.peer ?? '–' },
    { name: 'opened', value: tenant ? moment(tenant.openedNs, history.originNs) : '–' },
    {
      name: 'closed',
      value: tenant && Number.isFinite(tenant.closedNs) ? moment(tenant.closedNs, history.originNs) : 'still open',
    },
  ];
  const newest = [
    { name: 'TCP state', value: tcpStates[figures.tcpState] ?? 'unknown' },
    { name: 'receive queue', value: queueWords(figures.flags, figures.receiveQueueBytes) },
    { name: 'send queue', value: queueWords(figures.flags, figures.sendQueueBytes) },
    { name: 'ready, not served', value: figures.waitingUs > 0 ? duration(figures.waitingUs * 1000) : 'no' },
    { name: 'received', value: bytes(figures.bytesIn) },
    { name: 'sent', value: bytes(figures.bytesOut) },
  ];
  const events = connectionId === 0 ? [] : history.events.ofConnection(connectionId, Infinity, mostEvents);
  return {
    title: `${roleWords[role]}, fd ${tenant?.fd ?? fd}`,
    sentence: `At ${moment(timeNs, history.originNs)}: ${words.label}. ${words.explanation}`,
    facts: isNow ? [...facts, ...newest] : facts,
    events: events.map((event) => ({
      when: moment(event.timeNs, history.originNs),
      text: [eventName(event), ...eventLines(event).filter((line) => !line.startsWith('connection'))].join(', '),
      failed: event.result < 0,
    })),
    eventsNote:
      connectionId === 0
        ? 'A listening socket has no conversation of its own.'
        : 'System calls are recorded at the detail level "events".',
  };
}

const queueWords = (flags: number, size: number): string =>
  flags & fdFlags.queuesKnown ? bytes(size) : `${bytes(size)} when last read`;

function tellThread(history: TelemetryHistory, { threadId, timeNs }: PickedThread): Told {
  const { threads } = history;
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
    sentence: `At ${moment(timeNs, history.originNs)}: ${threadWords[stateName]}${call ? ` (${call}${fdText})` : ''}${since}.`,
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
    events: [],
    eventsNote: 'Shares are of the second before the moment; counts since the thread began.',
  };
}

function tellEvent(history: TelemetryHistory, { event, timeNs }: PickedEvent): Told {
  const thread = history.threads.byId.get(event.threadId);
  const [first, ...others] = eventLines(event);
  return {
    title: eventName(event),
    sentence: `At ${moment(timeNs, history.originNs)} on ${thread?.name ?? `thread ${event.threadId}`}${first ? `: ${[first, ...others].join(', ')}` : ''}.`,
    facts: [],
    events: (event.connectionId > 0 ? history.events.ofConnection(event.connectionId, Infinity, mostEvents) : []).map(
      (each) => ({
        when: moment(each.timeNs, history.originNs),
        text: [eventName(each), ...eventLines(each)].join(', '),
        failed: each.result < 0,
      }),
    ),
    eventsNote: event.connectionId > 0 ? '' : 'It belongs to no connection.',
  };
}
