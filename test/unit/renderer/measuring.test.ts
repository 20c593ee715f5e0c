/** The Scope while an experiment measures, begun here or in another window. */
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import type { Pinia } from 'pinia';
import { TooltipProvider } from 'reka-ui';
import { h } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ExperimentKind, ExperimentState } from '../../../shared/contract/experiments.ts';
import type { ScenarioEntry } from '../../../shared/contract/scenarios.ts';
import { scenarioSchema } from '../../../shared/schemas/scenario.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { useAppCommands } from '../../../renderer/app/app-commands.ts';
import ControlBar from '../../../renderer/screens/scope/ControlBar.vue';
import FigureStrip from '../../../renderer/screens/scope/FigureStrip.vue';
import MeasuringBar from '../../../renderer/screens/scope/MeasuringBar.vue';
import StartCard from '../../../renderer/screens/scope/StartCard.vue';
import { useChannels } from '../../../renderer/stores/channels.ts';
import { useExperiments } from '../../../renderer/stores/experiments.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useScenarios } from '../../../renderer/stores/scenarios.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { firstWidthNs, useTimebase } from '../../../renderer/stores/timebase.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import type { LabDouble } from './lab-double.ts';
import { countersFrame, joined } from './scope-tools.ts';

const progress = { done: 1, total: 6, elapsedSeconds: 1, durationSeconds: 2, requests: 9, secondsLeft: 58 };
const measuring = (kind: ExperimentKind, more: { value?: number } = {}): ExperimentState => ({
  phase: 'running',
  current: { id: 3, kind, title: 'Mine', progress: { ...progress, label: 'select', ...more } },
});

let double: LabDouble;
let global: { plugins: Pinia[] };
beforeEach(async () => {
  const tools = await joined();
  ({ double } = tools);
  global = { plugins: [tools.pinia] };
  double.answers['experiment.state'] = () => ({ phase: 'idle' });
  double.answers['experiment.cancel'] = () => ({ phase: 'idle' });
  double.answers['live.start'] = () => Promise.reject(new Error('An experiment is running.'));
  await useExperiments().connect(double);
});

const within = (component: typeof FigureStrip): VueWrapper =>
  mount({ render: () => h(TooltipProvider, () => h(component)) }, { global });

/** Two seconds of a server that answers a thousand requests a second. */
function serveMeasured(): void {
  double.send('server', encodeJson(frameKinds.model, { timeNs: 1e9, model: 'select', sourceFile: 'x', steps: [] }));
  for (let ms = 1000; ms <= 3000; ms += 50) {
    double.send('server', countersFrame(ms, ms - 1000, 63));
  }
}

describe('the Scope while an experiment measures', () => {
  it('does not run, and says why', async () => {
    const run = mount(ControlBar, { global }).get('button.run');
    const go = mount(StartCard, { global }).get('button.go');
    const toggle = useAppCommands().find(({ id }) => id === 'lab.toggle');
    expect(run.attributes('disabled')).toBeUndefined();
    expect(toggle?.isEnabled?.()).toBe(true);
    double.tell('experiment.state', measuring('sweep'));
    await flushPromises();
    const why = 'A sweep is being measured, and a live run would take the same cores. Wait for its end, or cancel it.';
    for (const button of [run, go]) {
      expect(button.attributes('disabled')).toBeDefined();
      expect(button.attributes('title')).toBe(why);
    }
    expect(toggle?.isEnabled?.()).toBe(false);
    double.tell('experiment.state', { phase: 'idle' });
    await flushPromises();
    expect(run.attributes('disabled')).toBeUndefined();
  });

  it('says what is measured and how far it is, leads to it and cancels it', async () => {
    const bar = mount(MeasuringBar, { global });
    expect(bar.find('section').exists()).toBe(false);
    double.tell('experiment.state', measuring('sweep', { value: 500 }));
    await flushPromises();
    expect(bar.get('[role="status"]').text()).toBe('A sweep is being measured.');
    const line = bar.get('[role="progressbar"]');
    expect(line.attributes('aria-valuetext')).toBe('run 2 of 6: select, 500; about 58 s left');
    expect(line.attributes('aria-valuenow')).toBe('25');
    const [there, cancel] = bar.findAll('button');
    await there?.trigger('click');
    expect(useUi().screen).toBe('sweep');
    await cancel?.trigger('click');
    await flushPromises();
    expect(double.paramsOf('experiment.cancel')).toHaveLength(1);
    expect(bar.find('section').exists()).toBe(false);
  });

  it('shows the whole of its runs, then what suits one that begins', async () => {
    const timebase = useTimebase();
    mount(MeasuringBar, { global });
    const between = measuring('compare');
    double.tell('experiment.state', between);
    await flushPromises();
    expect(timebase.widthNs).toBe(4e9);
    if (between.current) between.current.progress.durationSeconds = 0;
    double.tell('experiment.state', { ...between });
    await flushPromises();
    expect(timebase.widthNs).toBe(4e9);
    double.tell('experiment.state', { phase: 'idle' });
    await flushPromises();
    expect(timebase.widthNs).toBe(firstWidthNs);
  });

  it('leads to the scenario that another window runs', async () => {
    const scenario = scenarioSchema.parse({
      ...{ version: 1, title: 'Mine', question: 'What?', watch: ['here'], clients: [{ profile: 'closed' }] },
      models: ['select'],
    });
    const entry: ScenarioEntry = {
      ...{ scenario, mistakes: [], commands: [], name: 'mine', origin: 'own', file: '/mine.yaml', changedMs: 0 },
    };
    const scenarios = useScenarios();
    const bar = mount(MeasuringBar, { global });
    double.tell('experiment.state', measuring('scenario'));
    await flushPromises();
    const [there] = bar.findAll('button');
    // Of a text in the editor of the other window this one knows nothing.
    await there?.trigger('click');
    expect(useUi().screen).toBe('launch');
    scenarios.entries = [entry];
    await there?.trigger('click');
    expect([useUi().screen, scenarios.chosen?.name, scenarios.isRunning]).toEqual(['scenario', 'mine', true]);
  });

  it('has the figures of the run that is measured, which are no channel of this lab', async () => {
    double.tell('experiment.state', measuring('compare'));
    serveMeasured();
    const channels = useChannels();
    channels.sample();
    const strip = within(FigureStrip);
    await flushPromises();
    expect(strip.text()).toContain('Requests1000/s');
    expect(strip.text()).toContain('Open fds63');
    expect(channels.byModel.size).toBe(0);
    expect(strip.text()).toContain('Now');
    double.tell('experiment.state', { phase: 'idle' });
    channels.sample();
    await flushPromises();
    expect(strip.text()).toContain('Requests1000/s');
    expect(strip.text()).toContain('Until the stop2.0 s');
  });

  it('keeps its tracks where the lab refuses a start that came too late', async () => {
    double.tell('experiment.state', measuring('compare'));
    serveMeasured();
    await useLab().start(useSetup().toStart);
    expect(useNotices().toasts.map(({ text }) => text)).toEqual(['An experiment is running.']);
    expect(history.hasData).toBe(true);
    expect(history.moments.models.at(-1)?.model).toBe('select');
  });

  it('begins anew when the lab says that a run starts, before its frames come', () => {
    serveMeasured();
    double.tell('live.state', { phase: 'starting', paused: false, startedNs: 5e9 });
    expect(history.hasData).toBe(false);
    serveMeasured();
    double.tell('live.state', { phase: 'running', paused: false, startedNs: 5e9 });
    expect(history.hasData).toBe(true);
  });
});
