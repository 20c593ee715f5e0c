/** The experiment that goes on, at most one: started, watched by all windows, cancelled, and what the last one found. */
import { existsSync, rmSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
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
import { conclude } from '../../../shared/expectations/conclude.ts';
import { parseScenario } from '../../../shared/schemas/scenario-text.ts';
import type { PlannedRun, Scenario } from '../../../shared/schemas/scenario.ts';
import { sweepAxes } from '../../../shared/sweep-result.ts';
import { checkComparePlan } from '../compare/compare.ts';
import { dataFolder } from '../data-folder.ts';
import { faultOf, LabError } from '../errors.ts';
import type { LabService, Outcome } from '../lab-service.ts';
import { Pace } from '../pace.ts';
import type { RunWatch } from '../progress.ts';
import { readSweep, writeSweep, type StoredSweep } from '../sweep/resume-file.ts';
import { checkSweepPlan, type SweepPlan, type SweepRecord } from '../sweep/sweep.ts';
import { readScenarioText } from '../scenario-files.ts';
import { checkCommands, chosenScenario, entryRuns, scenarioRuns, titleOf } from './plans.ts';

/** What a host lets its windows do. */
export interface Allowance {
  /** Open files by their path. */
  readonly files: boolean;
  /** Start commands of the user's. */
  readonly commands: boolean;
}

export interface ExperimentListener {
  state(state: ExperimentState): void;
  run(run: ExperimentRun): void;
}

type Lab = Pick<LabService, 'runPlan' | 'compare' | 'sweep' | 'live' | 'scenarios' | 'listModels'>;
interface Found {
  readonly isCancelled: boolean;
  readonly fault?: Fault;
  readonly result: ExperimentResult;
}

interface Work {
  readonly kind: ExperimentKind;
  readonly title: string;
  /** Runs in all. */
  readonly total: number;
  readonly work: (telling: Telling) => Promise<Found>;
}

interface Telling {
  readonly id: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExperimentProgress) => void;
  readonly onRun: (run: Omit<ExperimentRun, 'id'>) => void;
}

/** Of progress within one run. */
const tellEveryMs = 200;

export class Experiments {
  readonly #lab: Lab;
  readonly #unfinished: string;
  /** Its frames pass where those of live runs do. */
  readonly #watch: RunWatch = {
    begin: () => this.#lab.live.frames.clear(),
    frame: (source, { kind, payload }) => this.#lab.live.frames.publish(source, kind, payload),
  };
  readonly #listeners = new Set<ExperimentListener>();
  #state: ExperimentState = { phase: 'idle' };
  #result: ExperimentResult | null = null;
  #abort: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  /** From the moment it is asked for, while its plan is still examined. */
  #isTaken = false;
  #count = 0;
  #toldAtMs = 0;

  constructor(lab: Lab, unfinished: string = join(dataFolder(), 'unfinished-sweep.json')) {
    this.#lab = lab;
    this.#unfinished = unfinished;
  }

  get state(): ExperimentState {
    const resumable = this.#isTaken ? undefined : this.#resumable();
    return { ...this.#state, ...(resumable ? { resumable } : {}) };
  }

  get result(): ExperimentResult | null {
    return this.#result;
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
      checkCommands(plan, request.allowCommands, allowance.commands);
      return {
        ...{ kind: 'scenario', title: scenario.title, total: plan.length },
        work: (telling) => this.#runScenario(scenario, plan, telling),
      };
    });
  }

  /** Throws LabError, or ScenarioError. */
  compare(request: CompareRequest, allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(() => {
      const entries = entryRuns(request, (source) => this.#open(source, allowance));
      checkCommands(entries, request.allowCommands, allowance.commands);
      const plan = { entries, repeats: request.repeats, seed: request.seed ?? randomInt(2 ** 32) };
      checkComparePlan(plan);
      const title = titleOf(entries, 'compared');
      return {
        ...{ kind: 'compare', title, total: entries.length * plan.repeats },
        work: async ({ id, signal, onProgress, onRun }) => {
          const hooks = { signal, watch: this.#watch, onProgress, onRun };
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
      checkCommands(entries, request.allowCommands, allowance.commands);
      const values = [...new Set(request.values)].sort((a, b) => a - b);
      return this.#sweepWork({ plan: { axis: request.axis, values, entries, repeats: request.repeats }, records: [] });
    });
  }

  /** Throws LabError. */
  resumeSweep(allowance: Allowance): Promise<ExperimentState> {
    return this.#begin(async () => {
      if (!existsSync(this.#unfinished)) throw new LabError('bad-input', 'There is no sweep to go on with.');
      const stored = readSweep(this.#unfinished);
      checkCommands(stored.plan.entries, true, allowance.commands);
      return this.#sweepWork(stored);
    });
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
      last = { ...which, ending: isCancelled ? 'cancelled' : 'done', ...(fault ? { fault } : {}) };
    } catch (error) {
      last = { ...which, ending: 'failed', fault: faultOf(error) };
    }
    this.#isTaken = false;
    this.#state = { phase: 'idle', last };
    this.#tell();
  }

  async #runScenario(scenario: Scenario, plan: readonly PlannedRun[], telling: Telling): Promise<Found> {
    const { id, signal, onProgress, onRun } = telling;
    const pace = new Pace(plan.map(({ settings }) => settings.durationSeconds));
    const outcomes: Outcome[] = [];
    const at = (index: number): { label: string; variant?: string; durationSeconds: number } => {
      const run = plan[index];
      if (!run) throw new Error(`The plan has no run ${index}.`);
      const { label, variant, settings } = run;
      return {
        ...{ label: label ?? settings.server.model, durationSeconds: settings.durationSeconds },
        ...(variant === undefined ? {} : { variant }),
      };
    };
    const tell = (index: number, elapsedSeconds: number, requests: number): void =>
      onProgress({
        ...{ ...at(index), done: index, total: plan.length, elapsedSeconds, requests },
        secondsLeft: pace.secondsLeft(index, elapsedSeconds),
      });
    let isCancelled = false;
    try {
      await this.#lab.runPlan(plan, {
        signal,
        watch: this.#watch,
        // Whoever runs a scenario watches its sockets. Context switches one by one would cost some models a quarter.
        detail: { level: 'fds', switches: false },
        onRun: (_, index) => tell(index, 0, 0),
        onProgress: ({ elapsedSeconds, requests }, index) => tell(index, elapsedSeconds, requests),
        onOutcome: (outcome, index) => {
          outcomes.push(outcome);
          const { durationSeconds: _seconds, ...which } = at(index);
          if (outcome.kind === 'done') onRun({ ...which, ending: 'done', run: outcome.result });
          else onRun({ ...which, ending: outcome.kind, sentence: outcome.sentence });
        },
      });
    } catch (error) {
      if (!(error instanceof LabError) || error.kind !== 'interrupted') throw error;
      isCancelled = true;
    }
    const runs = outcomes.flatMap((each) => (each.kind === 'done' ? [each.result] : []));
    const notRun = outcomes.flatMap((each) => {
      if (each.kind === 'done') return [];
      const { kind, model, label = model, variant, sentence } = each;
      return [{ kind, label, sentence, ...(variant === undefined ? {} : { variant }) }];
    });
    const conclusion = conclude(scenario, runs);
    return {
      isCancelled,
      result: {
        ...{ kind: 'scenario', id, title: scenario.title },
        scenario: { scenario, runs, notRun, conclusion, isCancelled },
      },
    };
  }

  async #sweepWork({ plan, records: before }: StoredSweep): Promise<{
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
      const sweep = await this.#lab.sweep(
        plan,
        {
          ...{ signal, watch: this.#watch, onProgress },
          onRecord: (record) => {
            records.push(record);
            // At every run, so that not even a crash loses it.
            unkept = this.#keep({ plan, records });
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
      if (!sweep.isCancelled) rmSync(this.#unfinished, { force: true });
      const fault = sweep.isCancelled && unkept ? { fault: unkept } : {};
      return { ...fault, isCancelled: sweep.isCancelled, result: { kind: 'sweep', id, title, sweep } };
    };
    return { kind: 'sweep', title, total: plan.values.length * plan.entries.length * plan.repeats, work };
  }

  /** A full disk ends no sweep; what it says is told where it is missed. */
  #keep(stored: StoredSweep): Fault | undefined {
    try {
      writeSweep(this.#unfinished, stored);
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  }

  #resumable(): ExperimentState['resumable'] {
    if (!existsSync(this.#unfinished)) return undefined;
    try {
      const { plan, records } = readSweep(this.#unfinished);
      const pointsDone = new Set(records.map(({ label, value }) => JSON.stringify([label, value]))).size;
      const pointsTotal = plan.values.length * plan.entries.length;
      return { title: sweepTitle(plan), axis: plan.axis, pointsDone, pointsTotal };
    } catch (error) {
      if (error instanceof LabError) return undefined; // of another version
      throw error;
    }
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

export function mayReadFiles({ files }: Allowance): void {
  if (files) return;
  throw new LabError(
    'unavailable',
    'A browser may not name files of this machine: drop the file on the window, or paste its text.',
  );
}

const sweepTitle = ({ axis, values, entries }: SweepPlan): string => {
  const [first = 0, last = first] = [values[0], values.at(-1)];
  return titleOf(entries, `${sweepAxes[axis]}, ${first} to ${last}`);
};
