import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import type { Pinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import CompareScreen from '../../../renderer/screens/compare/CompareScreen.vue';
import BriefingPane from '../../../renderer/screens/conclusion/BriefingPane.vue';
import EditorScreen from '../../../renderer/screens/editor/EditorScreen.vue';
import { useCatalogue } from '../../../renderer/stores/catalogue.ts';
import { useExperimentSetup } from '../../../renderer/stores/experiment-setup.ts';
import { useExperiments } from '../../../renderer/stores/experiments.ts';
import { useScenarioEditor } from '../../../renderer/stores/scenario-editor.ts';
import { useScenarios } from '../../../renderer/stores/scenarios.ts';
import type { MachineInfo } from '../../../shared/contract/lab.ts';
import { scenarioSchema, type Scenario } from '../../../shared/schemas/scenario.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

const command = 'nginx -p . -c conf';
const nginx = { model: 'external', command, port: 8080, label: 'nginx' };
const withModels = (models: readonly unknown[]): Scenario =>
  scenarioSchema.parse({
    ...{ version: 1, title: 'Mine', question: 'What?', watch: ['here'], clients: [{ profile: 'closed' }], models },
  });

let double: LabDouble;
let pinia: Pinia;
beforeEach(async () => {
  ({ double, pinia } = await joined());
  double.answers['experiment.state'] = () => ({ phase: 'idle' });
  double.answers['scenario.run'] = () => ({ phase: 'idle' });
});

/** The lab runs in this host, and has this scenario. */
async function arrange(host: MachineInfo['host'], models: readonly unknown[]): Promise<void> {
  const { machine } = useCatalogue();
  if (!machine) throw new Error('no machine');
  useCatalogue().machine = { ...machine, host };
  const reading = { scenario: withModels(models), mistakes: [], commands: [command] };
  double.answers['scenario.check'] = () => reading;
  double.answers['scenario.list'] = () => [
    { ...reading, name: 'mine', origin: 'own', file: '/mine.yaml', changedMs: 0 },
  ];
  useScenarioEditor().connect(double);
  await Promise.all([useExperiments().connect(double), useScenarios().load(double)]);
  await flushPromises();
}
function briefing(): VueWrapper {
  const [chosen] = useScenarios().runnable;
  if (!chosen) throw new Error('no scenario');
  useScenarios().choose(chosen);
  return mount(BriefingPane, { props: { chosen }, global: { plugins: [pinia] } });
}

describe('a scenario that starts a program of the user’s', () => {
  it('says in a browser that it cannot, what to do instead, and runs the rest', async () => {
    await arrange('web', ['epoll-lt', nginx]);
    const page = briefing();
    const said = page.get('[role="note"]').text();
    expect(said).toContain(`nginx: ${command}`);
    expect(said).toMatch(/browser may not start programs.*its pid.*--allow-commands/);
    expect(page.get('button.run').text()).toBe('Run without nginx');
    await page.get('button.run').trigger('click');
    expect(double.paramsOf('scenario.run')).toEqual([{ scenario: { name: 'mine' }, models: ['epoll-lt'] }]);
  });

  it('is not to be run in a browser where there is nothing else in it', async () => {
    await arrange('web', [nginx]);
    const page = briefing();
    expect(page.get('button.run').attributes('disabled')).toBeDefined();
    expect(page.get('[role="status"]').text()).toContain('nothing else');
  });

  it('is run as a whole by a window of the app, which names the program first', async () => {
    await arrange('electron', ['epoll-lt', nginx]);
    const page = briefing();
    expect(page.get('[role="note"]').text()).toContain(command);
    expect(page.get('[role="note"]').text()).not.toContain('browser');
    await page.get('button.run').trigger('click');
    expect(double.paramsOf('scenario.run')).toEqual([{ scenario: { name: 'mine' }, allowCommands: true }]);
  });

  it.each(['web', 'electron'] as const)('is checked by the editor for this host: %s', async (host) => {
    await arrange(host, ['epoll-lt', nginx]);
    const page = mount(EditorScreen, { global: { plugins: [pinia] } });
    expect(page.get('#mistakes').text().includes('may not start programs')).toBe(host === 'web');
  });

  it('is measured by Compare without it, which says so before, and takes its pid', async () => {
    await arrange('web', ['epoll-lt', 'select', nginx]);
    useExperimentSetup().takeScenario('mine');
    const page = mount(CompareScreen, { global: { plugins: [pinia] } });
    expect(page.get('.go').text()).toContain('Without nginx');
    const form = page.get('form[aria-label="Servers of your own"]');
    expect(form.get('[role="note"]').text()).toMatch(/nginx: nginx -p .*fdscope compare .*--allow-commands/);
    await form.get('[role="note"] button').trigger('click');
    await form.get('input').setValue('4242');
    await form.trigger('submit');
    expect(useExperimentSetup().ownServers).toMatchObject([{ pid: 4242, port: 8080, label: 'nginx' }]);
    expect(page.get('.go').text()).not.toContain('Without');
  });
});
