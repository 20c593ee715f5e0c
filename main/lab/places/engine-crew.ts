/**
 * The load engines of several places, led as one: marks when all have reached them, counters summed, latencies of all.
 * A place that is lost in mid-run counts up to what it told last, and the others go on.
 */
import { EventEmitter } from 'node:events';
import type { Mark, Ready } from '../../../shared/engine-messages.ts';
import { errorCounter } from '../../../shared/run-result.ts';
import { counterOf, type Counters, type Latency } from '../../../shared/telemetry/codec.ts';
import type { ClientProfile } from '../../../shared/telemetry/profiles.ts';
import { errorKinds } from '../../../shared/telemetry/wire.ts';
import type { CountedClient } from '../client-mix.ts';
import { defaultPatience, EngineProcess, nextMark, type EngineEvents } from '../engine-process.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { loadArguments, MeasuredClients, type LoadConfig } from '../measured-clients.ts';
import { Notices } from '../notices.ts';
import { labNowNs } from './clock.ts';
import { keepLease } from './lease.ts';
import { mergeMarks, sumCounters } from './merged-marks.ts';
import type { OpenPlace } from './open-place.ts';
import { shareClients, shareLoad } from './shares.ts';

/** Logging in and starting a program elsewhere takes longer than here. */
export const placePatience = { ...defaultPatience, readyMs: 30_000 };
/** From the word that all begin to measure until they do, at least: it has to reach them. */
const leastNoticeNs = 250e6;

export interface CrewMember {
  readonly place: OpenPlace;
  readonly config: LoadConfig;
  readonly engine: EngineProcess;
  /** Its own account. */
  readonly clients: MeasuredClients;
  readonly marks: Map<string, Mark>;
  /** Latencies of its measured interval that came before that of all had begun. */
  readonly early: Latency[];
  readonly snapshots: Counters[];
  lost: { readonly atNs: number; readonly why: string } | undefined;
}

export class EngineCrew extends EventEmitter<EngineEvents> {
  readonly members: readonly CrewMember[];
  readonly ready: Promise<Ready>;
  readonly pid = 0;
  readonly #warmupMs: number;
  readonly #profiles: readonly ClientProfile[];
  readonly #told = new Set<string>();
  #isStopping = false;
  #fail: (error: LabError) => void = () => {};
  readonly #failure: Promise<never>;

  /** Starts them all. Throws LabError where a place would have nothing to do. */
  constructor(config: LoadConfig, places: readonly OpenPlace[], signal: AbortSignal | undefined) {
    super();
    this.#warmupMs = config.warmupMs;
    this.#profiles = [...new Set(config.clients.map(({ profile }) => profile))];
    this.#failure = new Promise<never>((_, reject) => (this.#fail = reject));
    this.#failure.catch(() => {}); // whoever waits in during() sees it
    const weights = places.map(({ name, settings }) => ({ name, weight: settings.weight }));
    const fromNs = labNowNs();
    const shares = shareLoad(config, weights);
    this.members = places.map((place, i) => {
      const { config: own, scheduleLagNs } = shares[i] ?? { config, scheduleLagNs: 0 };
      const placed: LoadConfig = {
        ...own,
        ...{ cpus: place.settings.cores ?? '', awaitsBegin: own.requests === undefined },
        scheduleFromNs: place.timeThere(fromNs + scheduleLagNs),
      };
      const name = `The load engine at ${place.name}`;
      const engine = new EngineProcess(name, place.command(loadArguments(placed)), [], placePatience);
      keepLease(engine);
      const clients = new MeasuredClients(placed, new Notices(), signal, engine);
      const member: CrewMember = {
        ...{ place, config: placed, engine, clients, marks: new Map(), early: [], snapshots: [], lost: undefined },
      };
      this.#listen(member);
      return member;
    });
    this.ready = Promise.all(this.members.map(({ engine }) => engine.ready)).then(() => ({
      ...{ role: 'load', pid: 0, options: {}, steps: [], notices: [] },
    }));
    this.ready.catch(() => {});
  }

  get #active(): CrewMember[] {
    return this.members.filter(({ lost }) => lost === undefined);
  }

  /** Rejects where one fails before it measures, and where all are lost. */
  async during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure]);
  }

  mark(name: string): Promise<Mark> {
    return nextMark(this, name);
  }

  /** To all; changed clients are shared like those at the beginning. */
  async command(cmd: string, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const clients = cmd === 'clients' ? (fields.clients as CountedClient[]) : undefined;
    const weights = this.members.map(({ place }) => place.settings.weight);
    const shared = clients === undefined ? undefined : shareClients(clients, weights);
    if (shared?.some((own) => own.length === 0)) {
      throw new LabError('bad-input', 'So few clients leave a place without any.');
    }
    await Promise.all(
      this.members.map(async ({ engine, lost }, i) => {
        if (!lost) await engine.command(cmd, shared ? { ...fields, clients: shared[i] } : fields);
      }),
    );
  }

  async snapshot(): Promise<Counters> {
    const frames = await Promise.all(
      this.members.map(async (member) => {
        const frame = await this.#lookAt(member);
        member.snapshots.push(frame);
        return frame;
      }),
    );
    return this.#sum(frames);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.members.map(({ engine }) => engine.stop()));
  }

  async #lookAt({ engine, lost }: CrewMember): Promise<Counters> {
    const last = engine.lastCounters;
    if (lost && last) return last;
    try {
      return await engine.snapshot();
    } catch (error) {
      if (engine.lastCounters && this.#active.length > 0) return engine.lastCounters;
      throw error;
    }
  }

  #sum(frames: readonly Counters[]): Counters {
    const times = this.members.flatMap(({ place, lost }, i) => {
      const frame = frames[i];
      return lost || !frame ? [] : [place.timeHere(frame.timeNs)];
    });
    return sumCounters(frames, times.length > 0 ? Math.max(...times) : labNowNs());
  }

  #listen(member: CrewMember): void {
    const { engine, place } = member;
    engine.on('mark', (mark) => {
      member.marks.set(mark.name, mark);
      if (mark.name === 'connected') this.#beginWhenConnected();
      else this.#tellWhenAll(mark.name);
    });
    engine.on('latency', (frame) => {
      if (!member.marks.has('steady')) return;
      if (this.#told.has('steady')) this.emit('latency', frame);
      else member.early.push(frame);
    });
    engine.on('counters', () => {
      if (this.#active[0] !== member) return;
      const frames = this.members.flatMap(({ engine: { lastCounters } }) => lastCounters ?? []);
      if (frames.length === this.members.length) this.emit('counters', this.#sum(frames));
    });
    engine.on('notice', (notice) => this.emit('notice', { ...notice, text: `${place.name}: ${notice.text}` }));
    void engine.ended.then(({ fault, finished }) => {
      if (this.#isStopping || member.marks.has('loadDone')) return;
      const why = fault
        ? sentenceOf(fault)
        : `${engine.name} ended before its time (${finished?.reason ?? 'no reason'}).`;
      this.#lose(member, why);
    });
  }

  #lose(member: CrewMember, why: string): void {
    if (!member.clients.isMeasuring || !this.#told.has('steady')) {
      this.#fail(new LabError('failed', why));
      return;
    }
    member.lost = { atNs: labNowNs(), why };
    if (this.#active.length === 0) {
      this.#fail(new LabError('failed', `Every client place was lost. ${why}`));
      return;
    }
    // What it told last stands for its end.
    member.engine.emit('mark', this.#lastWords(member));
  }

  #lastWords({ engine, clients, marks }: CrewMember): Mark {
    const last = engine.lastCounters;
    const count = (name: Parameters<typeof counterOf>[1]): number => (last ? counterOf(last, name) : 0);
    const errors = errorKinds.reduce((sum, kind) => sum + count(errorCounter(kind)), 0);
    const [only, ...more] = this.#profiles;
    const before = marks.get('steady');
    const profiles =
      only !== undefined && more.length === 0
        ? {
            [only]: {
              ...{ sent: count('requestsSent'), replies: count('requests'), errors },
              ...{ bytesIn: count('bytesIn'), bytesOut: count('bytesOut') },
            },
          }
        : // Of several profiles counters are not apart; their latencies are.
          Object.fromEntries(
            this.#profiles.map((profile) => {
              const from = before?.profiles?.[profile];
              const replies = clients.repliesOf(profile);
              const { errors = 0, bytesIn = 0, bytesOut = 0 } = from ?? {};
              return [profile, { sent: replies, replies, errors, bytesIn, bytesOut }];
            }),
          );
    return { name: 'loadDone', timeNs: last?.timeNs ?? 0, replies: before?.replies ?? {}, profiles };
  }

  #beginWhenConnected(): void {
    if (this.#told.has('begin') || this.members.some(({ marks }) => !marks.has('connected'))) return;
    this.#told.add('begin');
    const bounds = this.members.map(({ place }) => place.clock.at(labNowNs())?.boundNs ?? 0);
    const atNs = labNowNs() + Math.max(this.#warmupMs * 1e6, leastNoticeNs, 8 * Math.max(...bounds));
    for (const { engine, place } of this.members) {
      engine.command('begin', { atNs: place.timeThere(atNs) }).catch((error: unknown) => {
        this.#fail(new LabError('failed', sentenceOf(error)));
      });
    }
  }

  #tellWhenAll(name: string): void {
    if (this.#told.has(name) || this.members.some(({ marks }) => !marks.has(name))) return;
    this.#told.add(name);
    const reached = this.members.flatMap(({ place, lost, marks }) => {
      const mark = marks.get(name);
      return mark ? [{ mark, timesNs: lost ? [] : [place.timeHere(mark.timeNs)] }] : [];
    });
    const marks = reached.map(({ mark }) => mark);
    this.emit('mark', mergeMarks(name, marks, Math.max(...reached.flatMap(({ timesNs }) => timesNs))));
    if (name !== 'steady') return;
    for (const { early } of this.members) for (const frame of early.splice(0)) this.emit('latency', frame);
  }
}
