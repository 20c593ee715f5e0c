/** The lab as its hosts see it: models, scenarios, runs. Knows no terminal, no HTTP, no Electron. */
import { hostname, totalmem } from 'node:os';
import type { z } from 'zod';
import { externalId, type ModelId, type ModelInfo } from '../../shared/catalogue.ts';
import type { CompareResult } from '../../shared/compare-result.ts';
import type { AboutRow, MachineInfo, ModelSource, ScenarioCard } from '../../shared/contract/lab.ts';
import type { UnmetNeed } from '../../shared/contract/lessons.ts';
import type { LoadResult, RunResult, ServeResult } from '../../shared/run-result.ts';
import type { SweepResult } from '../../shared/sweep-result.ts';
import { unfoldPhases } from '../../shared/schemas/phases.ts';
import { problemsIn } from '../../shared/schemas/problems.ts';
import type { PlannedRun } from '../../shared/schemas/scenario.ts';
import {
  loadSettingsSchema,
  runSettingsSchema,
  type RunSettings,
  serverSettingsSchema,
  type LoadSettingsInput,
  type ModelOptions,
  type RunSettingsInput,
  type ServerSettings,
  type ServerSettingsInput,
} from '../../shared/schemas/settings.ts';
import { switchCostSchema, type SwitchCost } from '../../shared/switch-cost.ts';
import { BenchRoom } from './bench/bench-room.ts';
import { shareConnections } from './client-mix.ts';
import { compare, type CompareHooks, type ComparePlan, type RunOne } from './compare/compare.ts';
import { aboutThis } from './about.ts';
import { diagnose, ownItems, type DoctorItem } from './doctor.ts';
import { machineFacts } from './doctor-facts.ts';
import { glanceAtMachine } from './machine-noise.ts';
import { askEngine } from './engine-query.ts';
import { bundleFolder, version } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';
import { Experiments } from './experiments/experiments.ts';
import { LessonLibrary } from './lessons/lesson-library.ts';
import { factsHere, unmetNeeds } from './lessons/needs.ts';
import { LessonProgressStore } from './lessons/progress.ts';
import { LiveLab } from './live/live-lab.ts';
import { cardOf } from './live/scenario-cards.ts';
import { runExternal } from './external/run-external.ts';
import { loadOnce } from './load.ts';
import { describeMachine } from './machine.ts';
import { readModelSource } from './model-source.ts';
import { listModels, resolveOptions, unavailableSentence } from './models.ts';
import type { Hooks, Outcome, PlanHooks } from './progress.ts';
import { runOnce } from './run.ts';
import { builtInNames, openScenario, type NamedScenario } from './scenario-files.ts';
import { sessionsFolder, settingsFolder } from './sessions/folder.ts';
import { ExportJobs } from './sessions/exporters/jobs.ts';
import { SessionLibrary } from './sessions/library.ts';
import { readerScript, SessionReader } from './sessions/session-reader.ts';
import { RecordingSettingsStore } from './sessions/recording-settings.ts';
import { serveOnce, type ServeHooks } from './serve.ts';
import { ScenarioLibrary } from './scenario-library.ts';
import { Welcome } from './welcome.ts';
import { sweep, type SweepHooks, type SweepPlan, type SweepRecord } from './sweep/sweep.ts';

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = problemsIn(schema, value, result.error);
  throw new LabError('bad-input', first?.sentence ?? 'The settings are not valid.');
}

export class LabService {
  readonly sessions = new SessionLibrary(sessionsFolder(), new SessionReader(readerScript(bundleFolder())));
  readonly exports = new ExportJobs(this.sessions);
  readonly recordingSettings = new RecordingSettingsStore(settingsFolder());
  /** The running lab, shared by all who watch it. */
  readonly live: LiveLab = new LiveLab(this, this.sessions, this.recordingSettings);
  readonly scenarios: ScenarioLibrary = new ScenarioLibrary();
  readonly experiments: Experiments = new Experiments(this);
  readonly bench: BenchRoom = new BenchRoom(this.sessions, () => this.#whyNoIoUring());
  readonly lessonProgress = new LessonProgressStore();
  readonly welcome = new Welcome();
  readonly lessons: LessonLibrary = new LessonLibrary({ walks: this.bench.walks, scenarios: this.scenarios });
  #models: Promise<ModelInfo[]> | undefined;

  /** Ends whatever runs, for hosts that go; what was being recorded is closed well. */
  async close(): Promise<void> {
    await Promise.all([this.live.stop(), this.experiments.cancel(), this.exports.end(), this.bench.close()]);
  }

  /** Probed once: what a machine allows does not change while we look. */
  listModels(): Promise<ModelInfo[]> {
    return (this.#models ??= listModels());
  }

  /** The shipped scenarios. Throws ScenarioError where one of them is broken. */
  listScenarios(): NamedScenario[] {
    return builtInNames().map((name) => openScenario(name));
  }

  openScenario(nameOrFile: string): NamedScenario {
    return openScenario(nameOrFile);
  }

  scenarioCards(): ScenarioCard[] {
    return this.listScenarios().flatMap((scenario) => cardOf(scenario) ?? []);
  }

  /** Throws LabError. */
  async modelSource(id: ModelId): Promise<ModelSource> {
    return readModelSource(await this.#model(id));
  }

  machine(host: MachineInfo['host']): MachineInfo {
    const { kernel, cpuModel, cpus } = describeMachine(false);
    return {
      ...{ hostname: hostname(), kernel, cpuModel, cpus, memoryBytes: totalmem() },
      ...{ node: process.version, fdscope: version(), host },
    };
  }

  about(host: MachineInfo['host']): AboutRow[] {
    return aboutThis(host, this.sessions.folder);
  }

  async #whyNoIoUring(): Promise<string | undefined> {
    const model = await this.#model('io_uring');
    return model.available ? undefined : unavailableSentence(model);
  }

  /** What lessons need and this machine does not have. */
  unmetNeeds(): Promise<UnmetNeed[]> {
    return unmetNeeds({ ...factsHere, whyNoIoUring: () => this.#whyNoIoUring() });
  }

  async doctor(): Promise<DoctorItem[]> {
    const [facts, models] = await Promise.all([machineFacts(), this.listModels()]);
    // Not beside the others, which are the lab's own load.
    const glance = await glanceAtMachine();
    return [...ownItems(), ...diagnose(facts, models, glance)];
  }

  /** Nanoseconds for a switch, by every way that models do it. Throws LabError. */
  async switchCost(rounds: number, signal?: AbortSignal): Promise<SwitchCost> {
    // Seldom more than a quarter of a second a round, but on a machine that is busy with other things.
    const limitMs = 60_000 + rounds * 5000;
    return askEngine('switch-cost', switchCostSchema, { args: ['--rounds', String(rounds)], limitMs, signal });
  }

  /** Throws LabError: bad-input, unavailable, failed or interrupted. Leaves no engine behind in any case. */
  async run(input: RunSettingsInput, hooks: Hooks = {}): Promise<RunResult> {
    const settings = parsed(runSettingsSchema, input);
    const { model } = settings.server;
    if (model === externalId) {
      if (!hooks.places) return runExternal(settings, hooks);
      const sentence =
        'Places are for servers of the lab: drive your own server from other places with `fdscope load`.';
      throw new LabError('bad-input', sentence);
    }
    const server = await this.#checkServer({ ...settings.server, model });
    if (settings.upstream) await this.#checkAvailable(settings.upstream.model);
    return runOnce({ ...settings, server, ...(await this.#checkPhases(settings)) }, hooks);
  }

  /**
   * Runs one after another. A model that is not available and a run that fails end only themselves; bad input and an
   * interruption end the whole. Bad input is found before the first run, as far as it can be.
   */
  async runPlan(plan: readonly PlannedRun[], hooks: PlanHooks = {}): Promise<Outcome[]> {
    await this.#checkPlan(plan);
    const outcomes: Outcome[] = [];
    for (const [index, run] of plan.entries()) {
      hooks.onRun?.(run, index);
      const outcome = await this.#outcomeOf(run, {
        ...{ signal: hooks.signal, watch: hooks.watch, detail: hooks.detail, places: hooks.places },
        keepsInterrupted: hooks.keepsInterrupted,
        onLatency: (latency) => hooks.onLatency?.(latency, index),
        onProgress: (progress) => hooks.onProgress?.(progress, index),
      });
      outcomes.push(outcome);
      hooks.onOutcome?.(outcome, index);
    }
    return outcomes;
  }

  /** Finds bad input before anything runs, as far as it can be found. Throws LabError. */
  async #checkPlan(plan: readonly PlannedRun[]): Promise<void> {
    const models = await this.listModels();
    for (const { settings } of plan) {
      const model = models.find(({ id }) => id === settings.server.model);
      if (model?.available) resolveOptions(model, settings.server.options);
      shareConnections(settings.clients, settings.connections);
      await this.#checkPhases(settings);
    }
  }

  /** Options of the models that take over, as the models take them. Throws LabError. */
  async #checkPhases(settings: RunSettings): Promise<Pick<RunSettings, 'phases'>> {
    const { phases, connections, clients, server } = settings;
    if (!phases || server.model === externalId) return {};
    const { workUs, waitMs, chunks, options } = server;
    const model = { model: server.model, options };
    const unfolded = unfoldPhases(phases, { model, connections, clients, workUs, waitMs, chunks });
    const models = await this.listModels();
    return {
      phases: unfolded.map(({ switch: next, ...phase }) => {
        if (next === undefined) return phase;
        const { model: id, options } = typeof next === 'string' ? { model: next, options: {} } : next;
        const model = models.find((each) => each.id === id);
        // One that is not available here is refused when its time has come, and the run goes on.
        const resolved = model?.available ? resolveOptions(model, options) : options;
        return { ...phase, switch: { model: id, options: resolved } };
      }),
    };
  }

  async #outcomeOf({ settings, ...labelled }: PlannedRun, hooks: Hooks): Promise<Outcome> {
    try {
      return { kind: 'done', result: { ...(await this.run(settings, hooks)), ...labelled } };
    } catch (error) {
      if (!(error instanceof LabError) || error.kind === 'bad-input' || error.kind === 'interrupted') throw error;
      return { kind: error.kind, model: settings.server.model, ...labelled, sentence: sentenceOf(error) };
    }
  }

  /**
   * All entries under the same load, in turn and in random order. An interruption ends it early and keeps what is done.
   * Throws LabError.
   */
  async compare(plan: ComparePlan, hooks: CompareHooks = {}): Promise<CompareResult> {
    await this.#checkPlan(plan.entries);
    return compare(plan, (settings, own) => this.run(settings, { ...own, places: hooks.places }), hooks);
  }

  /** One thing varied for all entries; `before` are runs of the same plan that are over. Throws LabError. */
  async sweep(plan: SweepPlan, hooks: SweepHooks = {}, before: readonly SweepRecord[] = []): Promise<SweepResult> {
    const models = await this.listModels();
    const runOne: RunOne = (settings, own) => this.run(settings, { ...own, places: hooks.places });
    return sweep(plan, { runOne, models, before }, hooks);
  }

  /** Serves until the signal or the duration ends it. Throws LabError. */
  async serve(input: ServerSettingsInput, hooks: ServeHooks = {}): Promise<ServeResult> {
    return serveOnce(await this.#checkServer(parsed(serverSettingsSchema, input)), hooks);
  }

  /** Throws LabError. */
  async load(input: LoadSettingsInput, hooks: Hooks = {}): Promise<LoadResult> {
    return loadOnce(parsed(loadSettingsSchema, input), hooks);
  }

  async #model(id: string): Promise<ModelInfo> {
    const model = (await this.listModels()).find((each) => each.id === id);
    if (!model) throw new LabError('bad-input', `There is no model "${id}".`);
    return model;
  }

  async #checkAvailable(id: string): Promise<ModelInfo> {
    const model = await this.#model(id);
    if (!model.available) throw new LabError('unavailable', unavailableSentence(model));
    return model;
  }

  /** Options as the model takes them. Throws LabError where it is not available here or refuses one. */
  async resolveModel(id: ModelId, options: ModelOptions): Promise<ModelOptions> {
    return resolveOptions(await this.#checkAvailable(id), options);
  }

  async #checkServer(server: ServerSettings): Promise<ServerSettings> {
    return { ...server, options: await this.resolveModel(server.model, server.options) };
  }
}
