/** The lab's end of the contract, over any wire: one for each window. Checks what comes in and what goes out. */
import type { z } from 'zod';
import type { Message } from '../../../shared/contract/channels.ts';
import { parseMessage } from '../../../shared/contract/client.ts';
import {
  events,
  requests,
  type EventName,
  type EventPayload,
  type Verb,
  type Verbs,
} from '../../../shared/contract/contract.ts';
import type { Wire } from '../../../shared/contract/wire.ts';
import { problemsIn } from '../../../shared/schemas/problems.ts';
import { faultOf, LabError } from '../errors.ts';
import type { BenchRoom } from '../bench/bench-room.ts';
import type { Experiments } from '../experiments/experiments.ts';
import { FrameFeed } from '../live/frame-feed.ts';
import type { LiveLab } from '../live/live-lab.ts';
import type { ExportJobs } from '../sessions/exporters/jobs.ts';
import { Desk, Turns } from './turns.ts';

/** A window that asks so many things at once is not asking any more. */
const mostUnanswered = 256;
/** Frames that have not left: beyond that they are merged until some have. */
const mostUnsentBytes = 1 << 20;
/** Events that have not left: a window that leaves so many unread, some minutes of them, is not there any more. */
const mostUnreadEvents = 1000;

/** These end something, or hold it: they wait for nothing but their turn. */
const urgentVerbs: ReadonlySet<string> = new Set<Verb>([
  'live.stop',
  'experiment.cancel',
  'sessions.cancelExport',
  'recording.stop',
  'replay.pause',
  'replay.close',
  'flight.keep',
]);

/** What of the running lab tells a window of things that it has not asked for. */
export type Told = Pick<LiveLab, 'frames' | 'onState'> & {
  readonly replay: Pick<LiveLab['replay'], 'onState'>;
  readonly flight: Pick<LiveLab['flight'], 'on'>;
  readonly sessions: Pick<LiveLab['sessions'], 'onChanged'>;
};

/** What of a lab is served beside its verbs. */
export interface ServedLab {
  readonly live: Told;
  readonly experiments: Pick<Experiments, 'subscribe'>;
  readonly exports: Pick<ExportJobs, 'onProgress'>;
  readonly bench: Pick<BenchRoom, 'subscribe'>;
}

/** Of all windows of this process, which share its one event loop. */
const turns = new Turns();

/** Serves until the wire closes. Nothing that comes over the wire throws. */
export function serveContract(wire: Wire, verbs: Verbs, { live, experiments, exports, bench }: ServedLab): void {
  const desk = new Desk(turns);
  let unsentBytes = 0;
  let unreadEvents = 0;
  const feed = new FrameFeed(
    (batch) => {
      unsentBytes += batch.length;
      wire.send(batch, () => {
        unsentBytes -= batch.length;
        feed.goOn();
      });
    },
    () => unsentBytes < mostUnsentBytes,
  );
  const send = (message: Message, flushed: () => void): void => wire.send(JSON.stringify(message), flushed);

  function tell<N extends EventName>(name: N, payload: EventPayload<N>): void {
    const checked = events[name].safeParse(payload);
    if (!checked.success) {
      // Whoever changed the lab's state has done nothing wrong, and must not hear of it.
      wire.close(`What the lab would tell (${name}) is not as agreed: this is a fault of fdscope.`);
      return;
    }
    unreadEvents++;
    send({ type: 'event', name, payload: checked.data }, () => unreadEvents--);
    if (unreadEvents > mostUnreadEvents) wire.close('The window does not read any more.');
  }

  async function answer(id: number, verb: string, params: unknown): Promise<void> {
    try {
      send({ type: 'result', id, result: await resultOf(verbs, verb, params) }, desk.owe());
    } catch (error) {
      send({ type: 'fault', id, fault: faultOf(error) }, desk.owe());
    }
  }

  wire.onMessage((text) => {
    const message = typeof text === 'string' ? parseMessage(text) : undefined;
    if (message?.type === 'request' && desk.open < mostUnanswered) {
      const { id, verb, params } = message;
      desk.ask(() => answer(id, verb, params), urgentVerbs.has(verb));
    } else if (message?.type === 'credit') feed.credit(message.bytes);
    else wire.close('A message was not one of the contract, or too many were unanswered.');
  });
  const ends = [
    live.onState((state) => tell('live.state', state)),
    live.replay.onState((state) => tell('replay.state', state)),
    live.flight.on({ state: (state) => tell('flight.state', state), kept: (kept) => tell('flight.kept', kept) }),
    live.sessions.onChanged((files) => tell('sessions.changed', { files })),
    exports.onProgress((progress) => tell('sessions.exporting', progress)),
    experiments.subscribe({
      state: (state) => tell('experiment.state', state),
      run: (run) => tell('experiment.run', run),
    }),
    bench.subscribe({ state: (state) => tell('bench.state', state), step: (told) => tell('bench.step', told) }),
    live.frames.subscribe(feed),
    () => feed.close(),
    () => desk.close(),
  ];
  wire.onClosed(() => {
    for (const end of ends) end();
  });
}

async function resultOf(verbs: Verbs, verb: string, params: unknown): Promise<unknown> {
  if (!isVerb(verb)) throw new LabError('bad-input', `The lab has no verb "${verb}".`);
  const { params: accepted, result: promised }: { params: z.ZodType; result: z.ZodType } = requests[verb];
  const checked = accepted.safeParse(params);
  if (!checked.success) {
    const [first] = problemsIn(accepted, params, checked.error);
    throw new LabError('bad-input', first?.sentence ?? `What ${verb} was given is not valid.`);
  }
  // Which parameters belong to which verb is what the schema has just established.
  const work = verbs[verb] as (params: unknown) => unknown;
  const result = promised.safeParse(await work(checked.data));
  if (result.success) return result.data;
  throw new Error(`The lab's answer to ${verb} is not as agreed: ${result.error.message}`);
}

const isVerb = (name: string): name is Verb => Object.hasOwn(requests, name);
