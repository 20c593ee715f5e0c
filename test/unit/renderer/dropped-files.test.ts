/** Files that are dropped on the window, on whatever screen. */
import { mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { useDroppedFiles } from '../../../renderer/app/dropped-files.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useScenarioEditor } from '../../../renderer/stores/scenario-editor.ts';
import { useSessions } from '../../../renderer/stores/sessions.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

let double: LabDouble;
beforeEach(async () => {
  ({ double } = await joined());
});

/** A window that takes them; what is dropped on it is told to have been taken by somebody, or not. */
function openWindow(): (files: readonly File[], prevent?: boolean) => boolean {
  const page = mount(defineComponent({ setup: () => (useDroppedFiles(), () => h('p')) }));
  onTestFinished(() => page.unmount());
  return (files, prevent = false) => {
    const event = new Event('drop', { bubbles: true, cancelable: true });
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], files } });
    if (prevent) event.preventDefault();
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
}

describe('a dropped file', () => {
  it('that is a session joins the library, on its screen', async () => {
    const upload = vi.spyOn(useSessions(), 'importFiles').mockResolvedValue();
    const session = new File(['x'], 'A RUN.FDSCOPE');
    expect(openWindow()([session])).toBe(true);
    await vi.waitFor(() => expect(upload).toHaveBeenCalledWith([session]));
    expect(useUi().screen).toBe('sessions');
  });

  it('that is a scenario is opened in the editor, the first where several come', async () => {
    const editor = useScenarioEditor();
    editor.connect(double);
    openWindow()([new File(['version: 1\n'], 'one.yaml'), new File(['version: 2\n'], 'two.yml')]);
    await vi.waitFor(() => expect(editor.text).toBe('version: 1\n'));
    expect(editor.draft.name).toBe('one');
  });

  it('that is neither is refused in a sentence, and nothing else changes', () => {
    const { screen } = useUi();
    expect(openWindow()([new File(['<p>'], 'page.html')])).toBe(true);
    expect(useNotices().toasts.at(-1)?.text).toBe(
      'page.html is neither a session (.fdscope) nor a scenario (.yaml): drop one of these.',
    );
    expect(useUi().screen).toBe(screen);
  });

  it('that a screen took is left to it', () => {
    openWindow()([new File(['<p>'], 'page.html')], true);
    expect(useNotices().toasts).toEqual([]);
  });

  it('that is larger than any scenario is not read', async () => {
    const editor = useScenarioEditor();
    editor.connect(double);
    const before = editor.text;
    await editor.openFile(new File(['x'.repeat((1 << 20) + 1)], 'large.yaml'));
    expect(editor.text).toBe(before);
    const told = useNotices().toasts.map(({ text }) => text);
    expect(told).toContain('large.yaml is no scenario: it has more than 1 MiB.');
  });
});
