/** One bench from its opening to its end: an engine, its actors, and the steps that were made. */
import { createServer } from 'node:net';
import { callSchemas, makesFd, type CallName } from '../../../shared/bench/calls.ts';
import { cText } from '../../../shared/bench/call-text.ts';
import { errnoSentence } from '../../../shared/bench/errno.ts';
import type { BenchLook } from '../../../shared/bench/state.ts';
import type { BenchStep, StepOutput } from '../../../shared/bench/step.ts';
import { problemsIn } from '../../../shared/schemas/problems.ts';
import { decodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { monotonicNs } from '../clock.ts';
import { engineCommand } from '../engine-location.ts';
import { defaultPatience, EngineProcess, type EngineEnd } from '../engine-process.ts';
import { EngineRefusal, LabError, orInterrupted } from '../errors.ts';
import { crossings } from './crossings.ts';
import { engineReportSchema, type EngineReport, type Returned } from './engine-report.ts';
import { epollNames, errnoName, pollNames, shownBytes, signalName } from './kernel-names.ts';
import { benchLook, SocketKeys, type Named } from './look.ts';

export interface ActorPlace {
  readonly name: string;
  readonly process: string;
}

export interface CallRequest {
  readonly actor: string;
  readonly call: CallName;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly as?: string | undefined;
  readonly walkStep?: number | undefined;
}

/** Ports that `$port`, `$port2` and `$port3` stand for. */
const portCount = 3;
// Below those that the kernel chooses from, so that no client gets one of them.
const firstPort = 20_000;
const portRange = 12_000;

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function freePorts(): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < portCount && tries < 200; tries++) {
    const port = firstPort + Math.floor(Math.random() * portRange);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  if (ports.length < portCount) throw new LabError('failed', 'No free port was found between 20000 and 32000.');
  return ports;
}

const eventNames: Partial<Record<string, (events: number) => string[]>> = {
  poll: pollNames,
  select: (events) => [events & 1 ? 'read' : events & 4 ? 'write' : 'except'],
  epoll_wait: (events) => epollNames(events, true),
};

function outputOf(call: string, returned: Returned): StepOutput | undefined {
  const { value, address, data, completion, signal, ready = [], result = -1 } = returned;
  const names = eventNames[call];
  const output: StepOutput = {
    ...(data === undefined || completion ? {} : { data: shownBytes(data) }),
    ...(address === undefined ? {} : { address }),
    ...(value === undefined ? {} : { value }),
    ...(names && result >= 0 ? { ready: ready.map(({ fd, events }) => ({ fd, events: names(events) })) } : {}),
    ...(signal ? { signal: { name: signalName(signal.number), fd: signal.fd, band: pollNames(signal.band) } } : {}),
    ...(completion
      ? {
          completion: {
            ...completion,
            errno: completion.result < 0 ? errnoName(-completion.result) : null,
            ...(data === undefined ? {} : { data: shownBytes(data) }),
          },
        }
      : {}),
  };
  return Object.keys(output).length > 0 ? output : undefined;
}

export class Bench {
  readonly ports: readonly number[];
  readonly #engine: EngineProcess;
  readonly #keys = new SocketKeys();
  readonly #steps: BenchStep[] = [];
  readonly #actors: ActorPlace[] = [];
  /** Names that lead to an open descriptor now, and all that were ever given. */
  readonly #open = new Map<string, Named>();
  readonly #given = new Map<string, Named>();
  /** The socket that a name led to last. */
  readonly #keyOf = new Map<string, string>();
  readonly #stepOf = new Map<number, number>();
  readonly #reports = new Map<number, EngineReport>();
  readonly #onStep: (step: BenchStep) => void;
  #look: BenchLook | undefined;
  #nextId = 1_000_000;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(engine: EngineProcess, ports: readonly number[], onStep: (step: BenchStep) => void) {
    this.#engine = engine;
    this.ports = ports;
    this.#onStep = onStep;
    engine.on('frame', ({ kind, payload }) => {
      if (kind !== frameKinds.bench) return;
      const report = engineReportSchema.parse(decodeJson(payload));
      if (report.id > 0) this.#reports.set(report.id, report);
      // Its call has returned by itself.
      else this.#takeLook(report, 'time');
    });
  }

  /** `onStep` is told every step, and again where one that slept has returned. Throws LabError. */
  static async open(
    actors: readonly ActorPlace[],
    onStep: (step: BenchStep) => void = () => {},
    signal?: AbortSignal,
  ): Promise<Bench> {
    const ports = await freePorts();
    // When nothing happens on a bench, nothing comes.
    const patience = { ...defaultPatience, silenceMs: Infinity, replyMs: 6 * defaultPatience.replyMs };
    const engine = new EngineProcess('The bench', engineCommand(), ['bench'], patience);
    const bench = new Bench(engine, ports, onStep);
    try {
      await orInterrupted(engine.ready, signal);
      for (const actor of actors) await bench.addActor(actor);
      return bench;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  get ended(): Promise<EngineEnd> {
    return this.#engine.ended;
  }
  get enginePid(): number {
    return this.#engine.pid;
  }
  /** The newest report of each. */
  get steps(): readonly BenchStep[] {
    return this.#steps;
  }
  get actors(): readonly ActorPlace[] {
    return this.#actors;
  }
  get names(): ReadonlyMap<string, Named> {
    return this.#open;
  }
  get state(): BenchLook {
    return this.#look ?? { timeNs: monotonicNs(), processes: [], sockets: [], epollSets: [], notices: [] };
  }

  socketKey(name: string): string | undefined {
    return this.#keyOf.get(name);
  }
  fdOf(name: string): Named | undefined {
    return this.#given.get(name);
  }

  async close(): Promise<void> {
    await this.#engine.stop();
  }

  async addActor(actor: ActorPlace): Promise<void> {
    return this.#inTurn(async () => {
      const report = await this.#ask('actor', { ...actor });
      this.#actors.push(actor);
      this.#takeLook(report, 'time');
    });
  }

  /** How things stand now. */
  async look(): Promise<BenchLook> {
    return this.#inTurn(async () => {
      this.#takeLook(await this.#ask('look', {}), 'time');
      return this.state;
    });
  }

  async call(request: CallRequest): Promise<BenchStep> {
    return this.#inTurn(async () => this.#call(request));
  }

  /** What is done to an actor from outside is a step too. Throws LabError. */
  async act(actor: string, call: 'signal' | 'kill', walkStep?: number): Promise<BenchStep> {
    return this.#inTurn(async () => {
      const { process } = this.#actorNamed(actor);
      const startedNs = monotonicNs();
      const before = this.#look;
      const report = await this.#ask(call, { actor }).catch((error: unknown): never => {
        // It has woken by itself, or its process has ended, since the last look.
        throw error instanceof EngineRefusal ? new LabError('bad-input', error.reason) : error;
      });
      const text = call === 'signal' ? `tgkill(${actor}, SIGUSR1)` : `kill(${process}, SIGKILL)`;
      const step = this.#stepBase({ actor, process, call, arguments: {}, text, walkStep, startedNs });
      return this.#finish({ ...step, result: 0, durationNs: monotonicNs() - startedNs }, report, before, 'signal');
    });
  }

  /** A step in which only time passes; `isDone` is asked about every look. */
  async wait(actor: string, mostMs: number, isDone: () => boolean, walkStep?: number): Promise<BenchStep> {
    const startedNs = monotonicNs();
    const before = this.#look;
    const woken = new Set(this.#steps.filter(({ blocked }) => blocked).map(({ index }) => index));
    for (;;) {
      await this.look();
      if (isDone() || monotonicNs() - startedNs > mostMs * 1e6) break;
      await pause(20);
    }
    const { process } = this.#actorNamed(actor);
    const args = { mostMs };
    const step = this.#stepBase({
      ...{ actor, process, call: 'wait', arguments: args, text: `/* time passes */`, walkStep, startedNs },
    });
    const woke = [...woken].filter((index) => this.#steps[index]?.blocked === false);
    const crossed = crossings(before, this.state, undefined);
    return this.#add({ ...step, result: 0, durationNs: monotonicNs() - startedNs, woke, crossed });
  }

  /** Judged expectations of a step are written into it. */
  judge(index: number, expectations: BenchStep['expectations']): BenchStep {
    const step = this.#steps[index];
    if (!step) throw new Error(`there is no step ${index}`);
    const judged = { ...step, state: this.state, expectations };
    this.#replace(judged);
    return judged;
  }

  async #call({ actor, call, arguments: given, as, walkStep }: CallRequest): Promise<BenchStep> {
    const { process } = this.#actorNamed(actor);
    this.#mustBeFree(actor);
    const checked = callSchemas[call].safeParse(given);
    if (!checked.success) {
      const [first] = problemsIn(callSchemas[call], given, checked.error);
      throw new LabError('bad-input', `${call}: ${first?.sentence ?? 'its arguments are not valid.'}`);
    }
    const args = this.#resolve(checked.data);
    const before = this.#look;
    const startedNs = monotonicNs();
    const naming = as !== undefined && makesFd(call, args) ? { as } : {};
    const base = {
      ...this.#stepBase({ actor, process, call, arguments: args, text: cText(call, args), walkStep, startedNs }),
      ...naming,
    };
    const id = this.#nextId++;
    this.#stepOf.set(id, base.index);
    this.#steps.push(base);
    try {
      const report = await this.#ask('call', { actor, call, arguments: args }, id);
      if (call === 'fork' && (report.report?.result ?? -1) > 0) {
        this.#actors.push({ name: String(args.child), process: String(args.child) });
      }
      const { report: returned } = report;
      const step = returned ? { ...base, ...this.#returned(base, returned) } : base;
      return this.#finish(step, report, before, base.index);
    } catch (error) {
      this.#steps.pop();
      if (!(error instanceof EngineRefusal)) throw error;
      await this.#ask('look', {}).then((report) => this.#takeLook(report, 'time'));
      return this.#add({ ...base, refused: true, sentence: error.reason, durationNs: 0, state: this.state });
    }
  }

  /** Told where the engine has bound a socket beside a call, so that nothing of the bench can be reached by other machines. */
  #boundBeside({ call }: BenchStep, before: BenchLook | undefined): string | undefined {
    if (call === 'bind' || call === 'connect') return undefined;
    const without = before?.sockets.filter(({ family, local }) => family !== 'unix' && local === null) ?? [];
    const inodes = new Set(without.map(({ inode }) => inode).filter((inode) => inode !== 0));
    if (!this.state.sockets.some(({ inode, local }) => local !== null && inodes.has(inode))) return undefined;
    return (
      'The kernel gives a socket without an address all those of the machine: so that nobody else reaches it, ' +
      'the bench has bound it to this machine alone.'
    );
  }

  #stepBase(
    made: Pick<BenchStep, 'actor' | 'process' | 'call' | 'arguments' | 'text' | 'startedNs'> & {
      readonly walkStep: number | undefined;
    },
  ): BenchStep {
    const { walkStep, ...rest } = made;
    return {
      ...{ index: this.#steps.length, ...(walkStep === undefined ? {} : { walkStep }), ...rest },
      ...{ result: null, errno: null, refused: false, blocked: false, durationNs: null },
      ...{ woke: [], expectations: [], crossed: [], state: this.state },
    };
  }

  #returned(base: BenchStep, returned: Returned): Partial<BenchStep> {
    const { result, errno: number, durationNs = null, startedNs, blocked } = returned;
    if (blocked) return { blocked: true, startedNs };
    const errno = number === undefined || number === 0 ? null : errnoName(number);
    const output = outputOf(base.call, returned);
    return {
      ...{ blocked: false, result: result ?? null, errno, durationNs, startedNs },
      ...(errno === null ? {} : { sentence: errnoSentence(base.call, errno) }),
      ...(output ? { output } : {}),
    };
  }

  /** The names that a step gives and takes. */
  #rename(step: BenchStep): void {
    if (step.result === null || step.result < 0) return;
    const place = { process: step.process, fd: step.result };
    if (step.as !== undefined) {
      this.#open.set(step.as, place);
      this.#given.set(step.as, place);
    }
    if (step.call !== 'close') return;
    for (const [name, { process, fd }] of this.#open) {
      if (process === step.process && fd === step.arguments.fd) this.#open.delete(name);
    }
  }

  #finish(
    step: BenchStep,
    report: EngineReport,
    before: BenchLook | undefined,
    by: BenchStep['wokenBy'] & {},
  ): BenchStep {
    this.#rename(step);
    if (step.index === this.#steps.length) this.#steps.push(step);
    else this.#steps[step.index] = step;
    const woke = this.#takeLook(report, by);
    const isAsleep = step.blocked && this.#steps[step.index]?.blocked !== false;
    const own = this.state.processes.flatMap(({ actors }) => actors).find(({ name }) => name === step.actor);
    const blockedIn = isAsleep && own?.asleepIn ? { blockedIn: own.asleepIn } : {};
    const now = this.#steps[step.index] ?? step;
    const sentence = [now.sentence, this.#boundBeside(step, before)].filter((each) => each !== undefined).join(' ');
    return this.#replace({
      ...now,
      ...(sentence === '' ? {} : { sentence }),
      ...{ ...blockedIn, woke, crossed: crossings(before, this.state, step), state: this.state },
    });
  }

  #add(step: BenchStep): BenchStep {
    this.#steps.push(step);
    return this.#replace({ ...step, state: this.state });
  }

  #replace(step: BenchStep): BenchStep {
    this.#steps[step.index] = step;
    this.#onStep(step);
    return step;
  }

  /** How things stand, and calls that have returned meanwhile; their steps' indices. */
  #takeLook({ look, woken }: EngineReport, by: BenchStep['wokenBy'] & {}): number[] {
    const returned = woken.flatMap((each) => {
      const step = this.#steps[this.#stepOf.get(each.id) ?? -1];
      if (!step) return [];
      const { blockedIn: _slept, ...rest } = step;
      const woke = { ...rest, ...this.#returned(step, each), startedNs: step.startedNs, wokenBy: by };
      this.#rename(woke);
      this.#steps[woke.index] = woke;
      return [woke.index];
    });
    this.#look = benchLook(look, this.#keys, { names: this.#open, callOf: (id) => this.#callOf(id) });
    this.#followNames();
    for (const index of returned) {
      const step = this.#steps[index];
      if (step) this.#replace({ ...step, state: this.state });
    }
    return returned;
  }

  #followNames(): void {
    for (const { name, state } of this.state.processes) {
      if (state === 'running') continue;
      for (const [of, { process }] of this.#open) if (process === name) this.#open.delete(of);
    }
    for (const [name, { process, fd }] of this.#open) {
      const socket = this.state.sockets.find(({ owner }) => owner.includes(`${process}:${fd}`));
      if (socket) this.#keyOf.set(name, socket.key);
    }
  }

  #callOf(id: number): { step: number; call: string } | undefined {
    const step = this.#stepOf.get(id);
    const call = step === undefined ? undefined : this.#steps[step]?.call;
    return step === undefined || call === undefined ? undefined : { step, call };
  }

  #actorNamed(name: string): ActorPlace {
    const actor = this.#actors.find((each) => each.name === name);
    if (actor) return actor;
    const names = this.#actors.map((each) => each.name).join(', ');
    throw new LabError('bad-input', `There is no actor "${name}" on this bench; there are ${names}.`);
  }

  #mustBeFree(name: string): void {
    const actor = this.state.processes.flatMap(({ actors }) => actors).find((each) => each.name === name);
    if (actor?.state === 'asleep') {
      const call = actor.asleepIn?.call ?? 'its call';
      throw new LabError('bad-input', `${name} sleeps in ${call}: let another actor wake it, or send it a signal.`);
    }
    if (actor?.state === 'gone') throw new LabError('bad-input', `The process of ${name} has ended.`);
  }

  /** Names and ports as numbers. Throws LabError. */
  #resolve(args: Record<string, unknown>): Record<string, unknown> {
    const fd = (value: unknown): unknown => {
      if (typeof value !== 'string') return value;
      const named = this.#given.get(value);
      if (named) return named.fd;
      throw new LabError('bad-input', `Nothing on this bench is called "${value}".`);
    };
    const resolved = { ...args };
    for (const key of ['fd', 'epfd', 'ring']) if (key in args) resolved[key] = fd(args[key]);
    for (const key of ['read', 'write', 'except']) if (Array.isArray(args[key])) resolved[key] = args[key].map(fd);
    if (Array.isArray(args.fds)) {
      resolved.fds = args.fds.map((each: Record<string, unknown>) => ({ ...each, fd: fd(each.fd) }));
    }
    if (typeof args.address === 'string') resolved.address = this.#address(args.address);
    return resolved;
  }

  #address(text: string): string {
    if (text.startsWith('@')) {
      const socket = this.state.sockets.find(({ key }) => key === this.#keyOf.get(text.slice(1)));
      if (!socket?.local) throw new LabError('bad-input', `The socket "${text.slice(1)}" is not bound to any address.`);
      const { host, port } = socket.local;
      if (socket.family === 'unix') return `unix:${host}`;
      const shown = host.includes(':') ? `[${host === '::' ? '::1' : host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
      return `${shown}:${port}`;
    }
    return text.replace(/\$port(\d?)$/, (_, which: string) => {
      const port = this.ports[which === '' ? 0 : Number(which) - 1];
      if (port === undefined)
        throw new LabError('bad-input', `A bench has ${portCount} ports: $port, $port2 and $port3.`);
      return String(port);
    });
  }

  async #ask(cmd: string, fields: Record<string, unknown>, id = this.#nextId++): Promise<EngineReport> {
    try {
      await this.#engine.during(this.#engine.command(cmd, fields, { id }));
      const report = this.#reports.get(id);
      if (!report) throw new LabError('failed', 'The bench answered without a report.');
      return report;
    } finally {
      this.#reports.delete(id);
    }
  }

  /** One thing at a time, whoever asks. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
