/** The form beside a scenario's text: ramps at the start and by phases, in step with the text and with its check. */
import { mount, type VueWrapper } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import ScenarioForm from '../../../renderer/screens/editor/ScenarioForm.vue';
import { parseScenario, ScenarioError } from '../../../shared/schemas/scenario-text.ts';

const text = `version: 1
title: Rising
question: Where does it bend? # mine
watch:
  - The curve.
connections: 20
clients:
  - profile: closed
durationSeconds: 6
models:
  - epoll-lt
`;

/** A form whose text is kept as the editor keeps it. */
function formOf(written: string): { form: VueWrapper; now: () => string } {
  let now = written;
  const form: VueWrapper = mount(ScenarioForm, {
    props: {
      modelValue: written,
      'onUpdate:modelValue': (next: string) => {
        now = next;
        void form.setProps({ modelValue: next });
      },
    },
  });
  return { form, now: () => now };
}
const input = (form: VueWrapper, label: string) => {
  const found = form.findAll('label').find((each) => each.text().startsWith(label));
  const inside = found?.find('input');
  return inside?.exists() ? inside : form.get(`[id="${found?.attributes('for') ?? ''}"]`);
};
const button = (form: VueWrapper, words: string) => {
  const found = form.findAll('button').find((each) => [each.text(), each.attributes('aria-label')].includes(words));
  if (!found) throw new Error(`There is no button “${words}”.`);
  return found;
};

describe('ramps in the form', () => {
  it('adds one that the check of the text takes, and takes it out again to the same text', async () => {
    const { form, now } = formOf(text);
    await button(form, 'Add a ramp').trigger('click');
    expect(parseScenario(now(), 'x').phases).toEqual([{ at: 2, connections: 40, ramp: 2 }]);
    expect(now()).toContain('# mine');
    expect(form.findAll('.mistake')).toEqual([]);
    await button(form, 'Take out phase 1').trigger('click');
    expect(now()).toBe(text);
  });

  it('a second one follows the first', async () => {
    const { form, now } = formOf(text);
    await button(form, 'Add a ramp').trigger('click');
    await button(form, 'Add a ramp').trigger('click');
    const [first, second] = parseScenario(now(), 'x').phases ?? [];
    expect(second).toMatchObject({ connections: 80 });
    expect(second?.at).toBeGreaterThanOrEqual((first?.at ?? 0) + (first?.ramp ?? 0));
  });

  it('writes what is typed, and an empty field takes its key out', async () => {
    const { form, now } = formOf(`${text}phases:\n  - at: 1 # early\n    connections: 50\n`);
    await input(form, 'Ramp, s').setValue('2.5');
    await input(form, 'Ramp, s').trigger('change');
    expect(parseScenario(now(), 'x').phases).toEqual([{ at: 1, connections: 50, ramp: 2.5 }]);
    expect(now()).toContain('# early');
    await input(form, 'Ramp, s').setValue('');
    await input(form, 'Ramp, s').trigger('change');
    expect(parseScenario(now(), 'x').phases).toEqual([{ at: 1, connections: 50 }]);
  });

  it('says of a ramp what the check of the text says', async () => {
    const { form, now } = formOf(`${text}phases:\n  - at: 4\n    connections: 50\n    ramp: 1\n`);
    expect(form.findAll('.mistake')).toEqual([]);
    await input(form, 'Ramp, s').setValue('9');
    await input(form, 'Ramp, s').trigger('change');
    const said = form.findAll('.mistake').map((each) => each.text());
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('The ramp would end at 13 s');
    const check = (): unknown => parseScenario(now(), 'x');
    expect(check).toThrow(ScenarioError);
    expect(check).toThrow(said[0]);
  });

  it('at the start it belongs to the clients', async () => {
    const { form, now } = formOf(text);
    await input(form, 'Ramp at the start').setValue('500');
    expect(parseScenario(now(), 'x').clients).toMatchObject([{ profile: 'closed', rampMs: 500 }]);
    await input(form, 'Ramp at the start').setValue('0');
    expect(parseScenario(now(), 'x').clients[0]).not.toHaveProperty('rampMs');
  });
});
