import { flushPromises } from '@vue/test-utils';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ExperimentState } from '../../../shared/contract/experiments.ts';
import type { ScenarioEntry } from '../../../shared/contract/scenarios.ts';
import { scenarioSchema } from '../../../shared/schemas/scenario.ts';
import { useExperimentSetup } from '../../../renderer/stores/experiment-setup.ts';
import { useExperiments } from '../../../renderer/stores/experiments.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useScenarioEditor } from '../../../renderer/stores/scenario-editor.ts';
import { useScenarios } from '../../../renderer/stores/scenarios.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

const scenario = scenarioSchema.parse({
  ...{ version: 1, title: 'Mine', question: 'What?', watch: ['here'], clients: [{ profile: 'closed' }] },
  models: ['select', { model: 'epoll-lt', label: 'loop' }],
  variants: [{ label: 'few' }, { label: 'many', connections: 500 }],
});
const entry: ScenarioEntry = {
  ...{ scenario, mistakes: [], commands: [], name: 'mine', origin: 'own', file: '/home/me/mine.yaml', changedMs: 0 },
};
const progress = { ...{ done: 0, total: 4, elapsedSeconds: 0, durationSeconds: 3, requests: 0, secondsLeft: 9 } };
const running = (label: string, variant: string, done: number): ExperimentState => ({
  phase: 'running',
  current: { id: 7, kind: 'scenario', title: 'Mine', progress: { ...progress, label, variant, done } },
});
const ended: ExperimentState = { phase: 'idle', last: { id: 7, kind: 'scenario', title: 'Mine', ending: 'done' } };

let double: LabDouble;
beforeEach(async () => {
  ({ double } = await joined());
  double.answers['experiment.state'] = () => ({ phase: 'idle' });
  double.answers['scenario.list'] = () => [entry];
  double.answers['scenario.run'] = () => running('select', 'few', 0);
  double.answers['experiment.result'] = () => ({
    ...{ id: 7, title: 'Mine', kind: 'scenario' },
    scenario: { scenario, runs: [], notRun: [], stories: [], conclusion: { expectations: [] }, isCancelled: false },
  });
  double.answers['scenario.check'] = () => ({ mistakes: [{ line: 2, column: 3, sentence: 'No.' }], commands: [] });
  await Promise.all([useExperiments().connect(double), useScenarios().load(double)]);
});

describe('an experiment', () => {
  it('runs the chosen scenario, and has its conclusion when it ends', async () => {
    const scenarios = useScenarios();
    const [mine] = scenarios.runnable;
    if (!mine) throw new Error('no scenario');
    scenarios.choose(mine);
    expect(useUi().screen).toBe('scenario');
    await scenarios.run();
    expect(double.paramsOf('scenario.run')).toEqual([{ scenario: { name: 'mine' }, allowCommands: false }]);
    expect(scenarios.isRunning).toBe(true);
    expect(scenarios.outcome).toBeUndefined();
    double.tell('experiment.state', ended);
    await flushPromises();
    expect(scenarios.isRunning).toBe(false);
    expect(scenarios.outcome?.scenario.title).toBe('Mine');
    scenarios.startOver();
    expect(scenarios.outcome).toBeUndefined();
  });

  it('begins its tracks anew with every run, and with nothing else', () => {
    const before = history.epoch;
    double.tell('experiment.state', running('select', 'few', 0));
    double.tell('experiment.state', running('select', 'few', 0));
    expect(history.epoch).toBe(before + 1);
    double.tell('experiment.state', running('loop', 'few', 1));
    expect(history.epoch).toBe(before + 2);
  });

  it('says why one failed, and asks for no result', async () => {
    double.tell('experiment.state', running('select', 'few', 0));
    const last = { id: 7, kind: 'scenario', title: 'Mine', ending: 'failed' } as const;
    double.tell('experiment.state', {
      phase: 'idle',
      last: { ...last, fault: { kind: 'failed', sentence: 'It broke.' } },
    });
    await flushPromises();
    expect(useNotices().toasts.map(({ text }) => text)).toEqual(['It broke.']);
    expect(double.paramsOf('experiment.result')).toEqual([]);
  });

  it('keeps the runs of one experiment apart from those of the next', () => {
    const experiments = useExperiments();
    double.tell('experiment.state', running('select', 'few', 0));
    double.tell('experiment.run', { id: 7, label: 'select', variant: 'few', ending: 'done' });
    double.tell('experiment.run', { id: 7, label: 'loop', variant: 'few', ending: 'failed', sentence: 'No.' });
    expect(experiments.runs).toHaveLength(2);
    double.tell('experiment.run', { id: 8, label: 'select', ending: 'done' });
    expect(experiments.runs).toHaveLength(1);
  });

  it('compares under a scenario: its variant, its models, their labels', () => {
    const draft = useExperimentSetup();
    draft.takeScenario('mine');
    draft.repeats = 8;
    const request = draft.compareRequest(() => undefined);
    expect(request.load).toEqual({ scenario: { name: 'mine' }, variants: ['few'] });
    expect(request.subjects).toEqual([
      { model: 'select', options: {}, label: 'select' },
      { model: 'epoll-lt', options: {}, label: 'epoll-lt' },
    ]);
    expect(request.repeats).toBe(8);
    const [first] = draft.subjects;
    draft.duplicate(first?.key ?? 0);
    // A comparison with itself: what chance alone does.
    const subjects = draft.compareRequest(() => undefined).subjects ?? [];
    expect(subjects.map((each) => (typeof each === 'string' ? each : each.label))).toEqual([
      'select',
      'select (2)',
      'epoll-lt',
    ]);
  });

  it('lays servers of the user’s own beside the models, and says which it cannot start', () => {
    const models = ['epoll-lt', { model: 'external', pid: 77, port: 8080, label: 'nginx' }];
    const started = { model: 'external', command: 'node server.js', port: 8081, label: 'mine' };
    const other = scenarioSchema.parse({ ...scenario, models: [...models, started] });
    useScenarios().entries = [entry, { ...entry, name: 'other', scenario: other }];
    const draft = useExperimentSetup();
    draft.takeScenario('other');
    expect(draft.leftOut).toEqual([{ label: 'mine', command: 'node server.js', port: 8081 }]);
    draft.addOwnServer({ pid: 78, port: 8082, label: 'redis' });
    expect(draft.entryCount).toBe(3);
    expect(draft.compareRequest(() => undefined).subjects).toEqual([
      { model: 'epoll-lt', options: {}, label: 'epoll-lt' },
      { model: 'external', pid: 77, port: 8080, label: 'nginx' },
      { model: 'external', pid: 78, port: 8082, label: 'redis' },
    ]);
    draft.remove(draft.ownServers[0]?.key ?? 0);
    expect(draft.ownServers.map(({ label }) => label)).toEqual(['redis']);
    draft.addOwnServer({ pid: 79, port: 8081, label: 'mine' });
    expect(draft.leftOut).toEqual([]);
    draft.takeScenario('mine');
    expect({ own: draft.ownServers, left: draft.leftOut }).toEqual({ own: [], left: [] });
  });
});

describe('the editor', () => {
  it('has the text checked, and marks its mistakes', async () => {
    const editor = useScenarioEditor();
    editor.connect(double);
    await flushPromises();
    expect(editor.mistakes).toEqual([{ line: 2, column: 3, sentence: 'No.' }]);
    editor.run();
    expect(useUi().screen).not.toBe('scenario');
  });

  it('of answers that overtake each other takes that to the newest text', async () => {
    const editor = useScenarioEditor();
    const waiting: (() => void)[] = [];
    double.answers['scenario.check'] = ({ text }) =>
      new Promise((resolve) =>
        waiting.push(() => resolve({ mistakes: [{ line: 1, column: 1, sentence: text }], commands: [] })),
      );
    editor.connect(double);
    editor.text = 'newer';
    const second = editor.check();
    waiting[1]?.();
    await second;
    waiting[0]?.();
    await flushPromises();
    expect(editor.mistakes[0]?.sentence).toBe('newer');
  });

  it('offers to put back what was not saved when something else is opened', async () => {
    const editor = useScenarioEditor();
    editor.connect(double);
    editor.text = 'half a thought';
    double.answers['scenario.open'] = () => ({ ...entry, text: 'version: 1\n' });
    await editor.open({ name: 'mine' });
    expect(editor.text).toBe('version: 1\n');
    expect(editor.isDirty).toBe(false);
    useNotices().toasts[0]?.action?.run();
    expect(editor.text).toBe('half a thought');
  });

  it('opens again what was edited lately, a dropped file as it was', async () => {
    const editor = useScenarioEditor();
    editor.connect(double);
    double.answers['scenario.open'] = () => ({ ...entry, text: 'version: 1\n' });
    await editor.open({ name: 'mine' });
    await editor.openFile(new File(['version: 2\n'], 'theirs.yaml'));
    await editor.open({ name: 'mine' });
    expect(editor.recent.map(({ name }) => name)).toEqual(['mine', 'theirs']);
    const [, theirs] = editor.recent;
    if (!theirs) throw new Error('nothing was noted');
    await editor.reopen(theirs);
    expect(editor.text).toBe('version: 2\n');
    expect(editor.draft).toMatchObject({ name: 'theirs', origin: 'new' });
    expect(editor.recent.map(({ name }) => name)).toEqual(['theirs', 'mine']);
  });

  it('runs what is typed, not what is on the disk', async () => {
    const editor = useScenarioEditor();
    double.answers['scenario.check'] = () => ({ scenario, mistakes: [], commands: [] });
    editor.connect(double);
    await flushPromises();
    editor.text = 'typed';
    editor.run();
    expect(useScenarios().chosen?.source).toEqual({ text: 'typed' });
  });
});
