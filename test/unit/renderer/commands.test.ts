import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { keyName, useCommands } from '../../../renderer/stores/commands.ts';
import { channelKey } from '../../../renderer/stores/unavailable.ts';

beforeEach(() => void setActivePinia(createPinia()));

const press = (target: EventTarget, init: KeyboardEventInit): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
};

/** A page with a field and a button, whose key presses go to `take`. */
function pageOf(take: (event: KeyboardEvent) => void): { root: HTMLElement; input: HTMLElement; button: HTMLElement } {
  const root = document.createElement('div');
  const input = document.createElement('input');
  const button = document.createElement('button');
  root.append(input, button);
  document.body.append(root);
  root.addEventListener('keydown', take);
  return { root, input, button };
}

describe('keys', () => {
  it('go by the place of digits and by the sign of others', () => {
    const name = (init: KeyboardEventInit): string => keyName(new KeyboardEvent('keydown', init));
    expect(name({ key: '!', code: 'Digit1', shiftKey: true })).toBe('Shift+1');
    expect(name({ key: '&', code: 'Digit1' })).toBe('1');
    expect(name({ key: '?', code: 'Minus', shiftKey: true })).toBe('?');
    expect(name({ key: 'k', code: 'KeyK', ctrlKey: true })).toBe('Mod+K');
    expect(name({ key: ' ', code: 'Space' })).toBe('Space');
  });

  it('of the bank: ten digits, then ten with Shift, then none', () => {
    expect([0, 8, 9, 10, 17, 20].map(channelKey)).toEqual(['1', '9', '0', 'Shift+1', 'Shift+8', undefined]);
  });
});

describe('commands', () => {
  it('run by their key, not while disabled, and not while somebody types', () => {
    const commands = useCommands();
    const run = vi.fn();
    let isEnabled = true;
    const command = { id: 'a', title: 'A', group: 'G', keys: ['R'], isEnabled: () => isEnabled, run };
    effectScope().run(() => commands.register(() => [command]));
    const page = pageOf(commands.press);

    expect(press(page.button, { key: 'r' }).defaultPrevented).toBe(true);
    expect(run).toHaveBeenCalledTimes(1);
    expect(press(page.input, { key: 'r' }).defaultPrevented).toBe(false);
    press(page.button, { key: 'r', repeat: true });
    isEnabled = false;
    press(page.button, { key: 'r' });
    expect(run).toHaveBeenCalledTimes(1);
    page.root.remove();
  });

  it('leave Space to the button that has the focus', () => {
    const commands = useCommands();
    const run = vi.fn();
    effectScope().run(() =>
      commands.register(() => [{ id: 'a', title: 'A', group: 'G', keys: ['Space', 'Mod+K'], run }]),
    );
    const page = pageOf(commands.press);
    press(page.root, { key: ' ' });
    expect(run).toHaveBeenCalledTimes(1);
    // With Ctrl it is meant for the window, also from a field.
    press(page.input, { key: 'k', ctrlKey: true });
    expect(run).toHaveBeenCalledTimes(2);
    page.root.remove();
  });

  it('refuse an id or a key that is taken, and are gone with who registered them', () => {
    const commands = useCommands();
    const scope = effectScope();
    scope.run(() => commands.register(() => [{ id: 'a', title: 'A', group: 'G', keys: ['R'], run: vi.fn() }]));
    const other = { title: 'B', group: 'G', run: vi.fn() };
    expect(() => commands.register(() => [{ ...other, id: 'b', keys: ['R'] }])).toThrow('"b"');
    expect(() => commands.register(() => [{ ...other, id: 'a' }])).toThrow('"a"');
    scope.stop();
    expect(commands.all).toEqual([]);
  });
});
