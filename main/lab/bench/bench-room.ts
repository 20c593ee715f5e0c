/** The lab's bench, at most one, which all windows share: opened, walked, kept, shown again. */
import type { ActorPlace, Bench } from './bench.ts';
import { Bench as OpenBench } from './bench.ts';
import { ProgramError } from '../../../shared/bench/source/plan.ts';
import { programOf } from '../../../shared/bench/source/program.ts';
import type { BenchLook } from '../../../shared/bench/state.ts';
import type { BenchStep } from '../../../shared/bench/step.ts';
import type { CallName } from '../../../shared/bench/calls.ts';
import type { BenchState, OpenedWalk, WalkEntry } from '../../../shared/contract/bench.ts';
import type { ScenarioPlace } from '../../../shared/contract/scenarios.ts';
import { parseWalk, type Walk } from '../../../shared/bench/walk.ts';
import { LabError, sentenceOf } from '../errors.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { exportBench, type BenchFormat, type ExportedBench } from './bench-export.ts';
import { keepBench, readKeptBench } from './bench-session.ts';
import { WalkLibrary, type NamedWalk } from './walk-library.ts';
import { Repetition } from './repetition.ts';
import { actorsOf, makeWalkStep, unavailableWalk } from './walking.ts';

export type WalkSource = ScenarioPlace | { readonly text: string };

interface Gone {
  readonly name: string;
  readonly walk: Walk;
  readonly text: string;
  done: number;
}

export interface BenchListener {
  readonly state: (state: BenchState) => void;
  readonly step: (told: { readonly epoch: number; readonly step: BenchStep }) => void;
}

/** A server and its client, as two programs. */
const usualActors: readonly ActorPlace[] = [
  { name: 'server', process: 'server' },
  { name: 'client', process: 'client' },
];

export class BenchRoom {
  readonly walks = new WalkLibrary();
  readonly #sessions: SessionLibrary;
  readonly #hasIoUring: () => Promise<string | undefined>;
  readonly #listeners = new Set<BenchListener>();
  #bench: Bench | undefined;
  #walk: Gone | undefined;
  #opening = false;
  #epoch = 0;
  #actors: readonly ActorPlace[] = usualActors;
  #fault: string | undefined;
  /** Of a kept bench that is shown. */
  #shown: ({ readonly file: string } & Awaited<ReturnType<typeof readKeptBench>>) | undefined;
  /** Steps that windows are still to be told, by index: one that was made is judged at once, and told once. */
  readonly #untold = new Map<number, BenchStep>();
  /** Opening, closing and going back are done one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `hasIoUring` tells why io_uring cannot be used here, or undefined. */
  constructor(sessions: SessionLibrary, hasIoUring: () => Promise<string | undefined>) {
    this.#sessions = sessions;
    this.#hasIoUring = hasIoUring;
  }

  subscribe(listener: BenchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get state(): BenchState {
    const bench = this.#bench;
    const walk = this.#walk && { name: this.#walk.name, walk: this.#walk.walk, done: this.#walk.done };
    return {
      phase: this.#opening ? 'opening' : bench ? 'open' : this.#shown ? 'replaying' : 'closed',
      epoch: this.#epoch,
      actors: [...(bench?.actors ?? [])],
      ports: [...(bench?.ports ?? [])],
      names: Object.fromEntries(bench?.names ?? []),
      ...(walk ? { walk } : {}),
      steps: this.steps.length,
      ...(this.#shown ? { session: this.#shown.file } : {}),
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  get steps(): readonly BenchStep[] {
    return this.#shown?.steps ?? this.#bench?.steps ?? [];
  }

  async listWalks(): Promise<WalkEntry[]> {
    const uring = await this.#hasIoUring();
    return this.walks.list().map((entry) => {
      const unavailable = entry.walk && unavailableWalk(entry.walk, uring);
      return unavailable === undefined ? entry : { ...entry, unavailable };
    });
  }

  /** For a host that goes it by itself. Throws LabError, or ScenarioError with each mistake. */
  async walkToGo(nameOrFile: string): Promise<NamedWalk> {
    const named = this.walks.named(nameOrFile);
    const unavailable = named.walk.needs && unavailableWalk(named.walk, await this.#hasIoUring());
    if (unavailable !== undefined) throw new LabError('unavailable', unavailable);
    return named;
  }

  /** Throws LabError. */
  openWalk(place: ScenarioPlace): OpenedWalk {
    return this.walks.open(place);
  }

  /** Throws LabError, or ScenarioError where the walk has mistakes. */
  async open(source: WalkSource | undefined, actors: readonly ActorPlace[] | undefined): Promise<BenchState> {
    const walk = source && (await this.#readWalk(source));
    return this.#exclusively(async () => {
      this.#walk = walk && { ...walk, done: 0 };
      this.#actors = walk ? actorsOf(walk.walk) : (actors ?? usualActors);
      await this.#begin();
      return this.state;
    });
  }

  /** Any call. Throws LabError. */
  async call(actor: string, call: CallName, args: Record<string, unknown>, as: string | undefined): Promise<BenchStep> {
    const step = await this.#opened().call({ actor, call, arguments: args, as });
    this.#tellState();
    return step;
  }

  async act(actor: string, what: 'signal' | 'kill'): Promise<BenchStep> {
    const step = await this.#opened().act(actor, what);
    this.#tellState();
    return step;
  }

  async next(): Promise<BenchStep> {
    return this.#exclusively(() => this.#next());
  }

  async addActor(actor: ActorPlace): Promise<BenchState> {
    await this.#opened().addActor(actor);
    this.#tellState();
    return this.state;
  }

  look(): Promise<BenchLook> {
    return this.#opened().look();
  }

  /** Begins anew and does again what had been done, until `done` steps of it. */
  async goto(done: number): Promise<BenchState> {
    return this.#exclusively(async () => {
      const { steps, ports, actors } = this.#opened();
      const before = [...steps];
      const walk = this.#walk;
      // Those that were added stay; a child is made again by its fork.
      const children = before.flatMap(({ call, arguments: { child } }) => (call === 'fork' ? [child] : []));
      if (!walk) this.#actors = actors.filter(({ name }) => !children.includes(name));
      if (walk) walk.done = 0;
      await this.#begin();
      if (walk) {
        while (walk.done < Math.min(done, walk.walk.steps.length)) await this.#next();
      } else {
        const again = new Repetition(this.#opened(), ports);
        for (const step of before.slice(0, done)) await again.make(step);
      }
      this.#tellState();
      return this.state;
    });
  }

  async close(): Promise<BenchState> {
    return this.#exclusively(async () => {
      await this.#end();
      this.#walk = undefined;
      this.#shown = undefined;
      this.#tellState();
      return this.state;
    });
  }

  program(language: 'c' | 'python'): { text: string; fileName: string } {
    let text: string;
    try {
      text = programOf(language, this.steps);
    } catch (error) {
      throw error instanceof ProgramError ? new LabError('bad-input', error.message) : error;
    }
    const name = (this.#shown?.walk?.name ?? this.#walk?.name ?? 'bench').replaceAll(/\W+/g, '-');
    return { text, fileName: `${name}.${language === 'c' ? 'c' : 'py'}` };
  }

  async keep(name: string | undefined): Promise<{ file: string }> {
    const title = name ?? this.#walk?.walk.title ?? 'Bench';
    const walk = this.#walk && {
      name: this.#walk.name,
      title,
      question: this.#walk.walk.question,
      text: this.#walk.text,
    };
    return { file: await keepBench(this.#sessions, { name: title, steps: this.steps, walk }) };
  }

  async replay(file: string): Promise<BenchState> {
    return this.#exclusively(async () => {
      const kept = await readKeptBench(this.#sessions, file);
      await this.#end();
      this.#walk = undefined;
      this.#beginEpoch();
      this.#shown = { file, ...kept };
      this.#tellState();
      return this.state;
    });
  }

  async export(format: BenchFormat): Promise<ExportedBench> {
    if (this.steps.length === 0) throw new LabError('bad-input', 'Nothing was done on the bench yet.');
    const title = this.#shown?.name ?? this.#walk?.walk.title ?? 'Bench';
    const name = this.#shown?.walk?.name ?? this.#walk?.name ?? 'bench';
    return await exportBench(format, { name, title, steps: this.steps, clock: this.#shown?.clock });
  }

  async #readWalk(source: WalkSource): Promise<Omit<Gone, 'done'>> {
    const { name, text } = 'text' in source ? { name: 'walk', text: source.text } : this.walks.open(source);
    const walk = parseWalk(text, name);
    const unavailable = unavailableWalk(walk, await this.#hasIoUring());
    if (unavailable !== undefined) throw new LabError('unavailable', unavailable);
    return { name, walk, text };
  }

  async #begin(): Promise<void> {
    await this.#end();
    this.#shown = undefined;
    this.#fault = undefined;
    this.#beginEpoch();
    this.#opening = true;
    this.#tellState();
    const epoch = this.#epoch;
    try {
      const bench = await OpenBench.open(this.#actors, (step) => this.#told({ epoch, step }));
      this.#bench = bench;
      void bench.ended.then(({ fault }) => {
        if (this.#bench !== bench) return;
        this.#bench = undefined;
        if (fault) this.#fault = sentenceOf(fault);
        this.#tellState();
      });
    } finally {
      this.#opening = false;
      this.#tellState();
    }
  }

  async #end(): Promise<void> {
    const bench = this.#bench;
    this.#bench = undefined;
    await bench?.close();
  }

  async #next(): Promise<BenchStep> {
    const walk = this.#walk;
    if (!walk) throw new LabError('bad-input', 'No walk is open on the bench: open one, or make a call.');
    const step = await makeWalkStep(this.#opened(), walk.walk, walk.done);
    walk.done++;
    this.#tellState();
    return step;
  }

  #opened(): Bench {
    if (this.#bench) return this.#bench;
    throw new LabError('bad-input', 'No bench is open: open one first.');
  }

  /** What was done before is no longer there to be told. */
  #beginEpoch(): void {
    this.#untold.clear();
    this.#epoch++;
  }
  #told({ epoch, step }: { epoch: number; step: BenchStep }): void {
    if (epoch !== this.#epoch) return;
    if (this.#untold.size === 0) setImmediate(() => this.#tellSteps());
    // Told anew, it comes behind what it woke.
    this.#untold.delete(step.index);
    this.#untold.set(step.index, step);
  }
  #tellSteps(): void {
    const steps = [...this.#untold.values()];
    this.#untold.clear();
    for (const step of steps) for (const listener of this.#listeners) listener.step({ epoch: this.#epoch, step });
  }
  #tellState(): void {
    this.#tellSteps();
    for (const listener of this.#listeners) listener.state(this.state);
  }
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
