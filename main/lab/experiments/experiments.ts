/** The experiment that goes on, at most one: started, watched by all windows, cancelled, and what the last one found. */
import { randomInt } from 'node:crypto';
import type { ModelInfo } from '../../../shared/catalogue.ts';
import type { CompareResult } from '../../../shared/compare-result.ts';
import type { SweepResult } from '../../../shared/sweep-result.ts';
import type { Allowance } from '../../../shared/contract/allowance.ts';
import type { Fault } from '../../../shared/contract/channels.ts';
import type {
  CompareRequest,
  ExperimentKind,
  ExperimentProgress,
  ExperimentResult,
  ExperimentRun,
  ExperimentState,
  ScenarioRunRequest,
  SweepRequest,
} from '../../../shared/contract/experiments.ts';
import type { ScenarioSource } from '../../../shared/contract/scenarios.ts';
import { parseScenario } from '../../../shared/schemas/scenario-text.ts';
import type { Scenario } from '../../../shared/schemas/scenario.ts';
import { checkComparePlan, type CompareHooks, type ComparePlan } from '../compare/compare.ts';
import { SeriesRecording } from '../compare/series-recording.ts';
import { faultOf, LabError } from '../errors.ts';
import type { RunWatch } from '../progress.ts';
import type { StoredSweep } from '../sweep/resume-file.ts';
import { checkSweepPlan, type SweepHooks, type SweepPlan, type SweepRecord } from '../sweep/sweep.ts';
import type { LiveLab } from '../live/live-lab.ts';
import { readScenarioText } from '../scenario-files.ts';
import type { ScenarioLibrary } from '../scenario-library.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { checkRuns, mayReadFiles } from './allowance.ts';
import { chosenScenario, entryRuns, scenarioRuns, titleOf } from './plans.ts';
import { runScenario, type Found, type RunsPlans, type Telling } from './scenario-work.ts';
import { sweepTitle, UnfinishedSweep } from './unfinished-sweep.ts';

export interface ExperimentListener {
  state(state: ExperimentState): void;
  run(run: ExperimentRun): void;
}

/** What of the lab experiments are made with; it knows of them, and they do not know it. */
interface Lab extends RunsPlans {
  readonly sessions: SessionLibrary;
  readonly live: LiveLab;
  readonly scenarios: ScenarioLibrary;
  listModels(): Promise<ModelInfo[]>;
  compare(plan: ComparePlan, hooks?: CompareHooks): Promise<CompareResult>;
  sweep(plan: SweepPlan, hooks?: SweepHooks, before?: readonly SweepRecord[]): Promise<SweepResult>;
}

interface Work {
  readonly kind: ExperimentKind;
  readonly title: string;
  /** Runs in all. */
  readonly total: number;
  readonly work: (telling: Telling) => Promise<Found>;
}

/** Of progress within one run. */
const tellEveryMs = 200;

export class Experiments {
  readonly #lab: Lab;
  readonly #unfinished: UnfinishedSweep;
  /** Its frames pass where those of live runs do. */
  readonly #watch: RunWatch = {
    begin: () => this.#lab.live.frames.clear(),
    frame: (source, { kind, payload }) => this.#lab.live.frames.publish(source, kind, payload),
  };
  readonly #listeners = new Set<ExperimentListener>();
  #state: ExperimentState = { phase: 'idle' };
  /** The last one of each kind. */
  readonly #results = new Map<ExperimentKind, ExperimentResult>();
  #result: ExperimentResult | null = null;
  #abort: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  /** From the moment it is asked for, while its plan is still examined. */
  #isTaken = false;
  #count = 0;
  #toldAtMs = 0;

  constructor(lab: Lab, unfinishedPath?: string) {
    this.#lab = lab;
    this.#unfinished = new UnfinishedSweep(unfinishedPath);
  }

  get state(): ExperimentState {
    const resumable = this.#isTaken ? undefined : this.#unfinished.resumable;
    return { ...this.#state, ...(resumable ? { resumable } : {}) };
  }

  get result(): ExperimentResult | null {
    return this.#result;
  }

  get results(): ExperimentResult[] {
    return [...this.#results.values()];
  }

  /** Returns how to end that. */
  subscribe(listener: ExperimentListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A live run would share the cores with it. Throws LabError. */
  refuseIfRunning(): void {
    if (!this.#isTaken) return;
    throw new LabError(
      'bad-input',
      'An experiment is running, and would measure this as well: cancel it or wait for it.',
    );
  }

  /** Throws LabError, or ScenarioError. */
  runScenario(request: ScenarioRunRequest, allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(() => {
      const scenario = chosenScenario(request, (source) => this.#open(source, allowance));
      const plan = scenarioRuns(scenario);
      checkRuns(plan, request.allowCommands, allowance);
      return {
        ...{ kind: 'scenario', title: scenario.title, total: plan.length },
        work: (telling) => runScenario(this.#lab, this.#watch, { scenario, plan }, telling),
      };
    });
  }

  /** Throws LabError, or ScenarioError. */
  compare(request: CompareRequest, allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(() => {
      const entries = entryRuns(request, (source) => this.#open(source, allowance));
      checkRuns(entries, request.allowCommands, allowance);
      const { repeats, untilResolved, seed = randomInt(2 ** 32) } = request;
      const plan = { entries, repeats, untilResolved, seed };
      checkComparePlan(plan);
      const title = titleOf(entries, 'compared');
      return {
        ...{ kind: 'compare', title, total: entries.length * (untilResolved ?? repeats) },
        work: async ({ id, signal, onProgress, onRun }) => {
          const recording = await this.#recording(request, { kind: 'compare', title });
          const hooks = { signal, watch: this.#watch, recording, onProgress, onRun };
          const compare = await this.#lab.compare(plan, hooks);
          return { isCancelled: compare.isCancelled, result: { kind: 'compare', id, title, compare } };
        },
      };
    });
  }

  /** Throws LabError, or ScenarioError. */
  sweep(request: SweepRequest, allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(async () => {
      const entries = entryRuns(request, (source) => this.#open(source, allowance));
      checkRuns(entries, request.allowCommands, allowance);
      const values = [...new Set(request.values)].sort((a, b) => a - b);
      const { seed = randomInt(2 ** 32) } = request;
      return this.#sweepWork(
        { plan: { axis: request.axis, values, entries, repeats: request.repeats, seed }, records: [] },
        request,
      );
    });
  }

  /** Throws LabError. */
  resumeSweep(allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(async () => {
      const stored = this.#unfinished.read();
      checkRuns(stored.plan.entries, true, allowance);
      return this.#sweepWork(stored);
    });
  }

  /** What measures by itself, with nothing beside it. Throws LabError where something runs. */
  async alone<T>(measure: () => Promise<T>): Promise<T> {
    this.refuseIfBusy();
    this.#isTaken = true;
    try {
      return await measure();
    } finally {
      this.#isTaken = false;
    }
  }

  /** Resolves when every engine is gone. May be called at any time. */
  async cancel(): Promise<ExperimentState> {
    if (this.#state.phase === 'running') {
      this.#state = { ...this.#state, phase: 'cancelling' };
      this.#tell();
    }
    this.#abort?.abort();
    await this.#work;
    return this.state;
  }

  #open(source: ScenarioSource, allowance: Allowance): Scenario {
    if ('text' in source) return parseScenario(source.text, 'scenario');
    if ('file' in source) {
      mayReadFiles(allowance);
      return parseScenario(readScenarioText(source.file), source.file);
    }
    const { text, file } = this.#lab.scenarios.open(source);
    return parseScenario(text, file);
  }

  async #begin(plan: () => Work | Promise<Work>): Promise<ExperimentState> {
    this.refuseIfBusy();
    this.#isTaken = true;
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const { kind, title, total, work } = await plan();
      const id = ++this.#count;
      const { last } = this.#state;
      const progress: ExperimentProgress = {
        ...{ label: '', done: 0, total, elapsedSeconds: 0, durationSeconds: 0, requests: 0, secondsLeft: 0 },
      };
      this.#state = { phase: 'running', current: { id, kind, title, progress }, ...(last ? { last } : {}) };
      this.#tell();
      const telling: Telling = {
        ...{ id, signal: abort.signal },
        onProgress: (next) => this.#advance(next),
        onRun: (run) => {
          for (const listener of this.#listeners) listener.run({ id, ...run });
        },
      };
      this.#work = this.#carryOut({ id, kind, title }, () => work(telling));
      return this.state;
    } catch (error) {
      this.#isTaken = false;
      throw error;
    }
  }

  /** Throws LabError. */
  refuseIfBusy(): void {
    if (this.#isTaken) {
      throw new LabError('bad-input', 'Another experiment is running: wait for its end, or cancel it.');
    }
    if (this.#lab.live.state.phase !== 'idle') {
      throw new LabError(
        'bad-input',
        'The lab is in use by the Scope, which would be measured as well: stop it first.',
      );
    }
  }

  async #carryOut(
    which: { id: number; kind: ExperimentKind; title: string },
    work: () => Promise<Found>,
  ): Promise<void> {
    let last: ExperimentState['last'];
    try {
      const { result, isCancelled, fault } = await work();
      this.#result = result;
      this.#results.set(result.kind, result);
      last = { ...which, ending: isCancelled ? 'cancelled' : 'done', ...(fault ? { fault } : {}) };
    } catch (error) {
      last = { ...which, ending: 'failed', fault: faultOf(error) };
    }
    this.#isTaken = false;
    this.#state = { phase: 'idle', last };
    this.#tell();
  }

  async #recording(
    { record }: { readonly record: boolean },
    series: Parameters<typeof SeriesRecording.start>[1],
  ): Promise<SeriesRecording | undefined> {
    return record ? SeriesRecording.start(this.#lab.sessions, series) : undefined;
  }

  async #sweepWork(
    { plan, records: before }: StoredSweep,
    request: { readonly record: boolean } = { record: false },
  ): Promise<{
    kind: 'sweep';
    title: string;
    total: number;
    work: (telling: Telling) => Promise<Found>;
  }> {
    checkSweepPlan(plan, await this.#lab.listModels());
    const title = sweepTitle(plan);
    const records: SweepRecord[] = [...before];
    const work = async ({ id, signal, onProgress, onRun }: Telling): Promise<Found> => {
      let unkept: Fault | undefined;
      const recording = await this.#recording(request, { kind: 'sweep', title });
      const sweep = await this.#lab.sweep(
        plan,
        {
          ...{ signal, watch: this.#watch, recording, onProgress },
          onRecord: (record) => {
            records.push(record);
            // At every run, so that not even a crash loses it.
            unkept = this.#unfinished.keep({ plan, records });
            const { label, value, result } = record;
            const short = 'shortfall' in record ? record.shortfall : undefined;
            onRun({
              ...{ label, value, ending: short?.status ?? 'done' },
              ...(short ? { sentence: short.reason } : {}),
              ...(result ? { run: result } : {}),
            });
          },
        },
        before,
      );
      if (!sweep.isCancelled) this.#unfinished.clear();
      const fault = sweep.isCancelled && unkept ? { fault: unkept } : {};
      return { ...fault, isCancelled: sweep.isCancelled, result: { kind: 'sweep', id, title, sweep } };
    };
    return { kind: 'sweep', title, total: plan.values.length * plan.entries.length * plan.repeats, work };
  }

  #advance(progress: ExperimentProgress): void {
    const { current } = this.#state;
    if (!current) return;
    const isNews = progress.done !== current.progress.done || progress.label !== current.progress.label;
    this.#state = { ...this.#state, current: { ...current, progress } };
    if (isNews || performance.now() - this.#toldAtMs >= tellEveryMs) this.#tell();
  }

  #tell(): void {
    this.#toldAtMs = performance.now();
    const { state } = this;
    for (const listener of this.#listeners) listener.state(state);
  }
}
