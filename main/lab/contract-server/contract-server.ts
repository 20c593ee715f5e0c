/** The lab's end of the contract, over any wire: one for each window. Checks what comes in and what goes out. */
import type { z } from 'zod';
import type { Message } from '../../../shared/contract/channels.ts';
import { parseMessage } from '../../../shared/contract/client.ts';
import { events, requests, type EventName, type EventPayload, type Verb } from '../../../shared/contract/contract.ts';
import type { Wire } from '../../../shared/contract/wire.ts';
import { problemsIn } from '../../../shared/schemas/problems.ts';
import { faultOf, LabError } from '../errors.ts';
import type { BenchRoom } from '../bench/bench-room.ts';
import type { Experiments } from '../experiments/experiments.ts';
import { FrameFeed } from '../live/frame-feed.ts';
import type { LiveLab } from '../live/live-lab.ts';
import type { ExportJobs } from '../sessions/exporters/jobs.ts';
import type { Verbs } from './verbs.ts';

/** A window that asks so many things at once is not asking any more. */
const mostUnanswered = 256;

/** What of the running lab tells a window of things that it has not asked for. */
export type Told = Pick<LiveLab, 'frames' | 'onState'> & {
  readonly replay: Pick<LiveLab['replay'], 'onState'>;
  readonly flight: Pick<LiveLab['flight'], 'on'>;
  readonly sessions: Pick<LiveLab['sessions'], 'onChanged'>;
};

/** Serves until the wire closes. */
export function serveContract(
  wire: Wire,
  verbs: Verbs,
  {
    live,
    experiments,
    exports,
    bench,
  }: {
    live: Told;
    experiments: Pick<Experiments, 'subscribe'>;
    exports: Pick<ExportJobs, 'onProgress'>;
    bench: Pick<BenchRoom, 'subscribe'>;
  },
): void {
  const feed = new FrameFeed((batch) => wire.send(batch));
  const send = (message: Message): void => wire.send(JSON.stringify(message));
  const tell = <N extends EventName>(name: N, payload: EventPayload<N>): void =>
    send({ type: 'event', name, payload: events[name].parse(payload) });
  let unanswered = 0;

  async function answer(id: number, verb: string, params: unknown): Promise<void> {
    unanswered++;
    try {
      send({ type: 'result', id, result: await resultOf(verbs, verb, params) });
    } catch (error) {
      send({ type: 'fault', id, fault: faultOf(error) });
    } finally {
      unanswered--;
    }
  }

  wire.onMessage((text) => {
    const message = typeof text === 'string' ? parseMessage(text) : undefined;
    if (message?.type === 'request' && unanswered < mostUnanswered)
      void answer(message.id, message.verb, message.params);
    else if (message?.type === 'credit') feed.credit(message.bytes);
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
