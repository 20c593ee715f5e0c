import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import ClientsPanel from '../../../renderer/screens/scope/ClientsPanel.vue';
import ControlBar from '../../../renderer/screens/scope/ControlBar.vue';
import SetupSheet from '../../../renderer/screens/scope/SetupSheet.vue';
import type { LiveSettings } from '../../../shared/contract/live.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { mixWords } from '../../../renderer/stores/profiles.ts';
import { useRecording } from '../../../renderer/stores/sessions-recording.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

let double: LabDouble;
let bar: VueWrapper;
let sheet: VueWrapper;
let panel: VueWrapper;

beforeEach(async () => {
  const tools = await joined();
  ({ double } = tools);
  const global = { plugins: [tools.pinia] };
  bar = mount(ControlBar, { global });
  sheet = mount(SetupSheet, { global });
  panel = mount(ClientsPanel, { global });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  // What is mounted goes on following what other windows keep, which the next test is to them.
  for (const mounted of [bar, sheet, panel]) mounted.unmount();
});

/** In the row, or else in the sheet of what is set less often. */
const field = (label: string): ReturnType<VueWrapper['get']> => {
  const found = [bar, sheet].flatMap((place) =>
    place
      .findAll('label')
      .filter((each) => each.text() === label)
      .map((each) => place.get(`[id="${each.attributes('for') ?? ''}"]`)),
  );
  if (found[0] === undefined) throw new Error(`There is no field "${label}".`);
  return found[0];
};
const settle = async (): Promise<void> => {
  vi.advanceTimersByTime(1000);
  await flushPromises();
};

describe('control bar', () => {
  it('starts with what is set, then offers to stop', async () => {
    await field('Connections').setValue('200');
    await bar.get('button.run').trigger('click');
    await flushPromises();
    expect(double.paramsOf('live.start')).toMatchObject([{ connections: 200, server: { model: 'epoll-lt' } }]);
    expect(bar.get('button.run').text()).toBe('Stop');
    await bar.get('button.run').trigger('click');
    await flushPromises();
    expect(double.state.phase).toBe('idle');
  });

  it('changes the running lab at once, and sends many quick changes as one', async () => {
    await useLab().start(useSetup().toStart);
    for (let i = 0; i < 3; i++) await field('Connections').trigger('keydown', { key: 'ArrowUp' });
    await field('CPU work').setValue('250');
    await settle();
    expect(double.paramsOf('live.change')).toEqual([{ connections: 500, workUs: 250 }]);
  });

  it('sends nothing that is out of range, and says the range', async () => {
    await useLab().start(useSetup().toStart);
    await field('Connections').setValue('0');
    await settle();
    expect(double.paramsOf('live.change')).toEqual([]);
    expect(bar.get('[role="alert"]').text()).toBe('From 1 to 100,000.');
    expect(field('Connections').attributes('aria-invalid')).toBe('true');
    await field('Connections').trigger('blur');
    expect((field('Connections').element as HTMLInputElement).value).toBe('50');
  });

  it('follows what another window changes, but for what is being changed here', async () => {
    const setup = useSetup();
    await useLab().start(setup.toStart);
    const tell = (change: (settings: LiveSettings) => LiveSettings): void => {
      const { settings } = double.state;
      if (settings) double.state = { ...double.state, settings: change(settings) };
      double.tell('live.state', double.state);
    };
    tell((settings) => ({ ...settings, connections: 2000, detail: { level: 'events', switches: false } }));
    tell((settings) => ({ ...settings, server: { ...settings.server, workUs: 70, model: 'select' } }));
    await flushPromises();
    expect((field('Connections').element as HTMLInputElement).value).toBe('2000');
    expect((field('CPU work').element as HTMLInputElement).value).toBe('70');
    expect(bar.text()).toContain('events');
    expect(setup.draft.server.model).toBe('select');
    // A step from there, which is on its way when the other window changes something else, and the same.
    await field('Connections').trigger('keydown', { key: 'ArrowUp' });
    tell((settings) => ({ ...settings, connections: 10, server: { ...settings.server, waitMs: 5 } }));
    expect([setup.draft.connections, setup.draft.server.waitMs]).toEqual([5000, 5]);
    await settle();
    expect(double.paramsOf('live.change')).toEqual([{ connections: 5000 }]);
    // What was chosen for the next run stays while nothing runs.
    double.state = { ...double.state, phase: 'idle' };
    tell((settings) => ({ ...settings, connections: 7 }));
    expect(setup.draft.connections).toBe(5000);
  });

  it('leaves the detail that was chosen while the flight recorder has its own', async () => {
    const setup = useSetup();
    await useLab().start(setup.toStart);
    useRecording().flight = { heldSeconds: 0, heldBytes: 0, isKeeping: false, kept: 0, armed: useRecording().draft };
    const { settings } = double.state;
    if (!settings) throw new Error('It does not run.');
    double.tell('live.state', {
      ...double.state,
      settings: { ...settings, detail: { level: 'events', switches: true } },
    });
    expect(setup.draft.detail.level).toBe('fds');
  });

  it('pauses the clients, which says so, and lets them go on', async () => {
    const pause = bar.get('button.pause');
    expect(pause.attributes('disabled')).toBeDefined();
    await useLab().start(useSetup().toStart);
    await flushPromises();
    await pause.trigger('click');
    await flushPromises();
    expect(pause.attributes('aria-pressed')).toBe('true');
    await pause.trigger('click');
    await flushPromises();
    expect(double.paramsOf('live.change')).toEqual([{ paused: true }, { paused: false }]);
  });

  it('keeps what needs a restart until there is one, and names it', async () => {
    const setup = useSetup();
    await useLab().start(setup.toStart);
    setup.setServer({ responseBytes: 4096 });
    await settle();
    expect(setup.needsRestart).toEqual(['response size']);
    expect(double.paramsOf('live.change')).toEqual([]);
    expect(bar.text()).toContain('http, 4 KiB: restart');
    await useLab().restart(setup.toStart);
    expect(setup.needsRestart).toEqual([]);
  });
});

describe('client mix', () => {
  it('reaches the running clients', async () => {
    await useLab().start(useSetup().toStart);
    await panel.get('select').setValue('rate');
    await settle();
    expect(double.paramsOf('live.change')).toEqual([{ clients: [{ profile: 'rate', rate: 1000 }] }]);
  });

  it('adds and removes groups, but never the last', async () => {
    const setup = useSetup();
    await panel.findAll('button').at(-1)?.trigger('click');
    expect(setup.draft.clients.map(({ profile }) => profile)).toEqual(['closed', 'idle']);
    await panel.findAll('button.remove')[0]?.trigger('click');
    expect(setup.draft.clients.map(({ profile }) => profile)).toEqual(['idle']);
    expect(panel.get('button.remove').attributes('disabled')).toBeDefined();
  });

  it('says a mix in words', () => {
    expect(mixWords([{ profile: 'closed', thinkMs: 5 }])).toBe('closed loop, think 5 ms');
    expect(mixWords([{ profile: 'closed' }, { profile: 'idle', weight: 3 }])).toBe('25% closed loop, 75% idle');
    expect(mixWords([{ profile: 'rate', rate: 100, connections: 8 }, { profile: 'idle' }])).toBe(
      '8 open loop, 100% idle',
    );
  });
});
