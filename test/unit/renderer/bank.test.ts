import { flushPromises, mount, type DOMWrapper, type VueWrapper } from '@vue/test-utils';
import { TooltipProvider } from 'reka-ui';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { h } from 'vue';
import type { SwitchReport } from '../../../shared/contract/live.ts';
import ModelBank from '../../../renderer/screens/scope/ModelBank.vue';
import { useBank } from '../../../renderer/stores/bank.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

let double: LabDouble;
let bank: VueWrapper;

function button(id: string): DOMWrapper<Element> {
  const found = bank.findAll('button.name').find((each) => each.text() === id);
  if (!found) throw new Error(`no button ${id}`);
  return found;
}
const row = (id: string): Element | null => button(id).element.closest('.channel');

beforeEach(async () => {
  const tools = await joined();
  ({ double } = tools);
  bank = mount({ render: () => h(TooltipProvider, () => h(ModelBank)) }, { global: { plugins: [tools.pinia] } });
});

const start = (): Promise<void> => useLab().start(useSetup().toStart);

describe('model bank', () => {
  it('groups the models by family, in the order of the catalogue, with a key each', () => {
    expect(bank.findAll('.family').map((each) => each.text().split(/(?=[A-Z])/)[0])).toEqual([
      'Blocking ',
      'Multiplexing ',
      'Asynchronous ',
    ]);
    expect(bank.findAll('.channel').map((each) => each.get('kbd').text())).toEqual(['1', '2', '3', '4']);
  });

  it('chooses what the next start serves while nothing runs', async () => {
    await button('select').trigger('click');
    expect(double.paramsOf('live.switch')).toEqual([]);
    expect(button('select').attributes('aria-pressed')).toBe('true');
    await start();
    expect(double.paramsOf('live.start')).toMatchObject([{ server: { model: 'select' } }]);
  });

  it('switches the running server with one press, and says how long nobody served', async () => {
    await start();
    await button('blocking-threads').trigger('click');
    await flushPromises();
    expect(double.paramsOf('live.switch')).toEqual([{ model: 'blocking-threads', options: {} }]);
    expect(row('blocking-threads')?.textContent).toContain('serving');
    expect(bank.get('.hint').text()).toBe(
      'epoll-lt → blocking-threads: 50 connections stayed open, nobody served for 1.50 ms',
    );
  });

  it('shows which model is on its way, and of presses that come faster than switches takes the last', async () => {
    await start();
    const releases: (() => void)[] = [];
    double.answers['live.switch'] = ({ model }) =>
      new Promise<SwitchReport>((resolve) => releases.push(() => resolve(double.switched(model))));
    await button('select').trigger('click');
    expect(row('select')?.classList).toContain('pending');
    await button('epoll-lt').trigger('click');
    await button('blocking-threads').trigger('click');
    expect(double.paramsOf('live.switch')).toHaveLength(1);
    releases[0]?.();
    await flushPromises();
    releases[1]?.();
    await flushPromises();
    expect(double.paramsOf('live.switch')).toMatchObject([{ model: 'select' }, { model: 'blocking-threads' }]);
    expect(useLab().servingModel).toBe('blocking-threads');
    expect(useLab().pendingModel).toBeUndefined();
  });

  it('brings the model that was chosen elsewhere into sight', async () => {
    await start();
    const seen = vi.spyOn(Element.prototype, 'scrollIntoView').mockImplementation(() => undefined);
    useBank().press('blocking-threads');
    await flushPromises();
    expect(seen.mock.instances.at(-1)).toBe(row('blocking-threads'));
    seen.mockRestore();
  });

  it('stays with the old model and shows the sentence where the lab refuses', async () => {
    await start();
    double.answers['live.switch'] = () => Promise.reject(new Error('select cannot hold fd 2000.'));
    await button('select').trigger('click');
    await flushPromises();
    expect(useNotices().toasts.map(({ text }) => text)).toEqual(['select cannot hold fd 2000.']);
    expect(useLab().servingModel).toBe('epoll-lt');
    expect(useBank().chosen).toBe('epoll-lt');
  });

  it('does not press what is unavailable, and says why and what would enable it', async () => {
    await start();
    expect(button('io_uring').attributes('aria-disabled')).toBe('true');
    expect(row('io_uring')?.textContent).toContain('unavailable: io_uring is switched off here.');
    await button('io_uring').trigger('click');
    expect(double.paramsOf('live.switch')).toEqual([]);
    expect(useNotices().toasts[0]?.text).toContain('sysctl kernel.io_uring_disabled=0');
  });

  it('steps over unavailable models, around the end', async () => {
    const store = useBank();
    store.step(1);
    expect(store.chosen).toBe('blocking-threads');
    store.step(-1);
    expect(store.chosen).toBe('epoll-lt');
    await flushPromises();
  });
});
