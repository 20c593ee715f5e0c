import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LabError } from '../../main/lab/errors.ts';
import type { Allowance } from '../../shared/contract/allowance.ts';
import { Experiments } from '../../main/lab/experiments/experiments.ts';
import type { PlanHooks } from '../../main/lab/progress.ts';
import { ScenarioLibrary } from '../../main/lab/scenario-library.ts';
import { sweep, type SweepHooks, type SweepPlan, type SweepRecord } from '../../main/lab/sweep/sweep.ts';
import { compare, type CompareHooks, type ComparePlan } from '../../main/lab/compare/compare.ts';
import { LatencyTotals } from '../../main/lab/latency.ts';
import {
  compareStartSchema,
  experimentResultSchema,
  experimentStateSchema,
  scenarioRunSchema,
  sweepStartSchema,
  type ExperimentRun,
  type ExperimentState,
} from '../../shared/contract/experiments.ts';
import type { CompareResult } from '../../shared/compare-result.ts';
import type { LiveState } from '../../shared/contract/live.ts';
import type { RunResult } from '../../shared/run-result.ts';
import type { SweepResult } from '../../shared/sweep-result.ts';
import type { PlannedRun } from '../../shared/schemas/scenario.ts';
import type { RunSettings } from '../../shared/schemas/settings.ts';

const everything: Allowance = { files: true, commands: true, network: false };
const browser: Allowance = { files: false, commands: false, network: false };

const text = (more = ''): string => `version: 1
title: A question of cost
question: Which one?
watch: [the figures]
models: [epoll-lt, poll]
clients: [{ profile: closed }]
repeats: 2
${more}`;

/** What conclude and compare read of a run. */
const result = ({ server }: RunSettings, requestsPerSecond: number): RunResult =>
  ({
    ...{ model: server.model, requestsPerSecond, requests: 1, notices: [], connections: 1, durationSeconds: 1 },
    ...{ errors: { connect: 0, refused: 0, fdLimit: 0 }, cpuSeconds: { user: 1, system: 0 }, serverErrors: null },
    ...{ latency: { corrected: { p50: 1 }, uncorrected: { p50: 1 } }, maxRssBytes: 1, idleRssBytes: 0 },
    ...{ syscallsPerRequest: 1, switchesPerRequest: 1, cpuMicrosPerRequest: 1, machine: null },
  }) as unknown as RunResult;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-experiments-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs end when they are let go, each with its place in the order as its throughput. */
class FakeLab {
  readonly live = {
    state: { phase: 'idle', paused: false } as LiveState,
    frames: { clear: () => {}, publish: () => {} },
  };
  readonly scenarios = new ScenarioLibrary(join(folder, 'scenarios'));
  readonly started: RunSettings[] = [];
  /** Those that never end by themselves. */
  stuckAt = Infinity;

  readonly listModels = (): Promise<never[]> => Promise.resolve([]);

  readonly run = async (settings: RunSettings, signal: AbortSignal | undefined): Promise<RunResult> => {
    this.started.push(settings);
    if (this.started.length > this.stuckAt) {
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      throw new LabError('interrupted', 'The run was interrupted before its end.');
    }
    await Promise.resolve();
    return result(settings, this.started.length);
  };
  readonly runPlan = async (plan: readonly PlannedRun[], hooks: PlanHooks = {}): Promise<never[]> => {
    for (const [index, each] of plan.entries()) {
      hooks.onRun?.(each, index);
      hooks.onProgress?.({ elapsedSeconds: 0.5, durationSeconds: 3, requests: 7 }, index);
      const run = await this.run(each.settings, hooks.signal);
      hooks.onOutcome?.({ kind: 'done', result: run }, index);
    }
    return [];
  };
  readonly compare = (plan: ComparePlan, hooks: CompareHooks): Promise<CompareResult> =>
    compare(
      plan,
      async (settings, { signal, onLatency }) => {
        const run = await this.run(settings, signal);
        onLatency?.(new LatencyTotals());
        return run;
      },
      hooks,
    );
  readonly sweep = (plan: SweepPlan, hooks: SweepHooks, before: readonly SweepRecord[]): Promise<SweepResult> =>
    sweep(plan, { runOne: (settings, { signal }) => this.run(settings, signal), models: [], before }, hooks);
}

function open(): {
  lab: FakeLab;
  experiments: Experiments;
  states: ExperimentState[];
  runs: ExperimentRun[];
  idle: () => Promise<ExperimentState>;
} {
  const lab = new FakeLab();
  const experiments = new Experiments(lab as never, join(folder, 'sweep.json'));
  const states: ExperimentState[] = [];
  const runs: ExperimentRun[] = [];
  experiments.subscribe({
    state: (state) => states.push(experimentStateSchema.parse(state)),
    run: (run) => runs.push(run),
  });
  const idle = async (): Promise<ExperimentState> => {
    while (experiments.state.phase !== 'idle') await new Promise((resolve) => setTimeout(resolve, 1));
    return experiments.state;
  };
  return { lab, experiments, states, runs, idle };
}

const scenarioRun = (more = '', changes: object = {}): ReturnType<typeof scenarioRunSchema.parse> =>
  scenarioRunSchema.parse({ scenario: { text: text(more) }, ...changes });
const inline = { clients: [{ profile: 'closed' }] };
const sweepRequest = (): ReturnType<typeof sweepStartSchema.parse> =>
  sweepStartSchema.parse({ load: inline, subjects: ['epoll-lt', 'poll'], axis: 'clients', values: [10, 1] });

describe('a scenario', () => {
  it('is run with its repeats in turn, told run by run, and concluded', async () => {
    const { experiments, states, runs, idle, lab } = open();
    const expectation = 'expectations: [{ expect: throughput(poll) > throughput(epoll-lt), because: b, otherwise: o }]';
    const begun = await experiments.runScenario(scenarioRun(expectation), everything);
    expect(begun).toMatchObject({ phase: 'running', current: { kind: 'scenario', title: 'A question of cost' } });
    const ended = await idle();
    expect(lab.started.map(({ server }) => server.model)).toEqual(['epoll-lt', 'poll', 'epoll-lt', 'poll']);
    expect(runs.map(({ label, ending, id }) => [label, ending, id])).toEqual(
      ['epoll-lt', 'poll', 'epoll-lt', 'poll'].map((label) => [label, 'done', 1]),
    );
    expect(states.some(({ current }) => current?.progress.done === 3 && current.progress.label === 'poll')).toBe(true);
    expect(ended.last).toEqual({ id: 1, kind: 'scenario', title: 'A question of cost', ending: 'done' });
    const found = experimentResultSchema.parse(experiments.result);
    // Medians of 1 and 3, and of 2 and 4.
    expect(found).toMatchObject({
      kind: 'scenario',
      scenario: {
        isCancelled: false,
        conclusion: { expectations: [{ held: true, figures: [{ value: 3 }, { value: 2 }] }] },
      },
    });
  });

  it('is run with some of its models', async () => {
    const { experiments, idle, lab } = open();
    await experiments.runScenario(scenarioRun('', { models: ['poll'], repeats: 1, durationSeconds: 1 }), everything);
    await idle();
    expect(lab.started.map(({ server, durationSeconds }) => [server.model, durationSeconds])).toEqual([['poll', 1]]);
    const wrong = scenarioRun('', { models: ['select'] });
    await expect(experiments.runScenario(wrong, everything)).rejects.toThrow(
      'no model "select"; it has "epoll-lt", "poll"',
    );
  });

  it('that is wrong is refused with its line, and leaves the lab free', async () => {
    const { experiments, idle } = open();
    const wrong = scenarioRunSchema.parse({ scenario: { text: text('conections: 4') } });
    await expect(experiments.runScenario(wrong, everything)).rejects.toThrow(/^scenario:8:1: There is no key/);
    await experiments.runScenario(scenarioRun(), everything);
    expect((await idle()).last?.ending).toBe('done');
  });

  it('keeps what was measured when it is cancelled', async () => {
    const { experiments, idle, lab } = open();
    lab.stuckAt = 1;
    await experiments.runScenario(scenarioRun(), everything);
    while (lab.started.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await experiments.cancel()).phase).toBe('idle');
    expect((await idle()).last?.ending).toBe('cancelled');
    expect(experiments.result).toMatchObject({ scenario: { isCancelled: true, runs: [{ model: 'epoll-lt' }] } });
  });

  it('starts no command unless host and user allow it', async () => {
    const { experiments, lab } = open();
    const command = 'models: [{ model: external, command: nginx -g x, port: 80 }]';
    const source = { text: text().replace('models: [epoll-lt, poll]', command) };
    const asked = scenarioRunSchema.parse({ scenario: source });
    await expect(experiments.runScenario(asked, everything)).rejects.toThrow('"nginx -g x": say that you want that');
    const allowed = scenarioRunSchema.parse({ scenario: source, allowCommands: true });
    await expect(experiments.runScenario(allowed, browser)).rejects.toThrow(
      /"nginx -g x"\. A browser may not start programs .* pid .* --allow-commands/,
    );
    expect(lab.started).toHaveLength(0);
  });

  it('is read from a file only where the host allows it', async () => {
    const { experiments, idle } = open();
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, text());
    const request = scenarioRunSchema.parse({ scenario: { file } });
    await expect(experiments.runScenario(request, browser)).rejects.toThrow('A browser may not name files');
    await experiments.runScenario(request, everything);
    expect((await idle()).last?.ending).toBe('done');
  });
});

describe('one at a time', () => {
  it('holds for experiments and live runs, each way', async () => {
    const { experiments, lab } = open();
    lab.live.state = { phase: 'running', paused: false };
    await expect(experiments.runScenario(scenarioRun(), everything)).rejects.toThrow('in use by the Scope');
    lab.live.state = { phase: 'idle', paused: false };
    lab.stuckAt = 0;
    const first = experiments.runScenario(scenarioRun(), everything);
    // Not even before the first one's plan has been examined.
    await expect(experiments.runScenario(scenarioRun(), everything)).rejects.toThrow('Another experiment is running');
    await first;
    expect(() => experiments.refuseIfRunning()).toThrow('An experiment is running');
    await experiments.cancel();
    expect(() => experiments.refuseIfRunning()).not.toThrow();
  });
});

describe('a comparison', () => {
  it('takes models, options and variants as entries', async () => {
    const { experiments, idle, lab } = open();
    const variants = 'variants: [{ label: few, connections: 5 }, { label: many, connections: 50 }, { label: none }]';
    const request = compareStartSchema.parse({
      load: { scenario: { text: text(variants) }, variants: ['few', 'many'] },
      subjects: ['epoll-lt', { model: 'poll', label: 'p' }],
      ...{ repeats: 1, durationSeconds: 2, seed: 7 },
    });
    await experiments.compare(request, everything);
    expect((await idle()).last).toMatchObject({ kind: 'compare', ending: 'done' });
    const found = experiments.result;
    if (found?.kind !== 'compare') throw new Error('no comparison was found');
    expect(found.compare.entries.map(({ label }) => label)).toEqual([
      'epoll-lt, few',
      'p, few',
      'epoll-lt, many',
      'p, many',
    ]);
    expect(found.compare.seed).toBe(7);
    expect(lab.started.every(({ durationSeconds }) => durationSeconds === 2)).toBe(true);
    expect(new Set(lab.started.map(({ connections }) => connections))).toEqual(new Set([5, 50]));
  });

  it('varies whatever an entry has of its own', async () => {
    const { experiments, idle, lab } = open();
    const request = compareStartSchema.parse({
      ...{
        load: inline,
        subjects: ['epoll-lt', { model: 'epoll-lt', label: 'costly' }],
        repeats: 1,
        durationSeconds: 2,
      },
      changes: [null, { server: { workUs: 55, noDelay: false }, connections: 7 }],
    });
    await experiments.compare(request, everything);
    await idle();
    const byWork = [...lab.started].sort((a, b) => a.server.workUs - b.server.workUs);
    expect(byWork.map(({ server, connections }) => [server.workUs, server.noDelay, connections])).toEqual([
      [0, undefined, byWork[0]?.connections],
      [55, false, 7],
    ]);
    expect(byWork[0]?.connections).not.toBe(7);
  });

  it('refuses what cannot be compared before anything runs', async () => {
    const { experiments, lab } = open();
    const start = (changes: object): Promise<ExperimentState> =>
      experiments.compare(compareStartSchema.parse({ load: inline, ...changes }), everything);
    await expect(start({})).rejects.toThrow('Say which models');
    await expect(start({ subjects: ['poll'] })).rejects.toThrow('at least two');
    await expect(start({ subjects: ['poll', 'poll'] })).rejects.toThrow('"poll" is there twice');
    const scenario = { load: { scenario: { text: text() }, variants: ['busy'] } };
    await expect(start(scenario)).rejects.toThrow('no variant "busy"; it has none');
    expect(lab.started).toHaveLength(0);
  });
});

describe('a sweep', () => {
  it('that was cancelled is gone on with, even by another lab', async () => {
    const first = open();
    first.lab.stuckAt = 1;
    await first.experiments.sweep(sweepRequest(), everything);
    while (first.lab.started.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    const state = await first.experiments.cancel();
    expect(state.resumable).toEqual({
      ...{ title: 'epoll-lt, poll: connections, 1 to 10', axis: 'clients', pointsDone: 1, pointsTotal: 4 },
    });
    const second = open();
    await second.experiments.resumeSweep(everything);
    await second.idle();
    // Each point three times; the one that was over is not made again.
    const made = [...first.lab.started.slice(0, 1), ...second.lab.started];
    const points = made.map(({ server, connections }) => `${server.model} ${connections}`).sort();
    expect(points).toEqual(
      ['epoll-lt 1', 'epoll-lt 10', 'poll 1', 'poll 10'].flatMap((point) => [point, point, point]),
    );
    const found = second.experiments.result;
    if (found?.kind !== 'sweep') throw new Error('no sweep was found');
    expect(found.sweep.points.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
    expect(second.experiments.state.resumable).toBeUndefined();
    await expect(second.experiments.resumeSweep(everything)).rejects.toThrow('no sweep to go on with');
  });
});

describe("the user's own scenarios", () => {
  it('are kept, listed after the shipped ones, copied with their comments, renamed and deleted', () => {
    const library = new ScenarioLibrary(join(folder, 'none-yet'));
    const shipped = library.list();
    expect(shipped.length).toBeGreaterThan(10);
    expect(shipped.every(({ origin, scenario }) => origin === 'built-in' && scenario !== undefined)).toBe(true);
    const saved = library.save('mine', `# why\n${text()}`, false);
    expect(saved).toMatchObject({
      name: 'mine',
      origin: 'own',
      plan: { runs: 4, seconds: expect.closeTo(4 * 3.3, 6) as number },
      mistakes: [],
    });
    expect(readFileSync(saved.file, 'utf8')).toBe(`# why\n${text()}`);
    expect(library.list().at(-1)?.name).toBe('mine');
    expect(() => library.save('mine', 'x', false)).toThrow('already');
    expect(() => library.save('quick-tour', 'x', true)).toThrow('of fdscope itself');
    expect(library.duplicate({ name: 'quick-tour' }, 'tour 2').text).toBe(library.open({ name: 'quick-tour' }).text);
    expect(() => library.duplicate({ name: 'mine' }, 'mine')).toThrow('already');
    expect(library.rename('mine', 'ours').text).toContain('# why');
    expect(existsSync(saved.file)).toBe(false);
    library.delete('ours');
    expect(library.list().map(({ name }) => name)).toEqual([...shipped.map(({ name }) => name), 'tour 2']);
    expect(() => library.delete('quick-tour')).toThrow('duplicate it');
    expect(() => library.open({ name: 'ours' })).toThrow('no scenario "ours"');
  });

  it('are kept with their mistakes, each with its line and column', () => {
    const library = new ScenarioLibrary(join(folder, 'scenarios'));
    const draft = library.save('draft', text('repeat: 3\nconnections: none'), false);
    expect(draft.scenario).toBeUndefined();
    expect(draft.mistakes.map(({ line, column }) => [line, column])).toEqual([
      [8, 1],
      [9, 14],
    ]);
    expect(library.list().at(-1)).toMatchObject({ name: 'draft', mistakes: [{}, {}] });
  });
});
