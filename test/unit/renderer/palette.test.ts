/** The palette, places and the page of a term: with the real glossary and a lab that runs nothing. */
import { flushPromises, mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, h } from 'vue';
import { readGlossary } from '../../../main/lab/glossary.ts';
import TermText from '../../../renderer/components/TermText.vue';
import { useCommands } from '../../../renderer/stores/commands.ts';
import { termInAddress, useGlossary } from '../../../renderer/stores/glossary.ts';
import { usePalette } from '../../../renderer/stores/palette.ts';
import { usePlaces } from '../../../renderer/stores/places.ts';
import { useTerms } from '../../../renderer/stores/terms.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import { joined } from './scope-tools.ts';

let pinia: Awaited<ReturnType<typeof joined>>['pinia'];

beforeEach(async () => {
  const tools = await joined();
  ({ pinia } = tools);
  tools.double.answers['glossary.list'] = () => readGlossary();
  await useGlossary().load(tools.double);
});

const found = (text: string): string[] =>
  usePalette()
    .find(text)
    .map(({ group, title }) => `${group}: ${title}`);

describe('the palette', () => {
  it('lists actions while nothing is typed', () => {
    const scope = effectScope();
    scope.run(() => useCommands().register(() => [{ id: 'a', title: 'Do it', group: 'Lab', run: () => {} }]));
    expect(found('')).toContain('Lab: Do it');
    expect(found('').some((line) => line.startsWith('Glossary'))).toBe(false);
    scope.stop();
  });

  it('finds words of the glossary by their names and by others for them', () => {
    expect(found('CLOSE_WAIT')[0]).toBe('Glossary: CLOSE_WAIT');
    expect(found('fiber').slice(0, 3)).toContain('Glossary: stackful coroutine');
  });

  it('finds models, settings and whatever other rooms bring', () => {
    const go = vi.fn();
    usePlaces().add(() => [{ kind: 'session', name: 'f', title: 'Tuesday’s cliff', words: 'latency', go }]);
    expect(found('epoll-lt')).toContain('Model: epoll-lt');
    expect(found('forgets to close')).toContain('Setting: Forgets to close');
    const [entry] = usePalette().find('tuesday');
    expect(entry).toMatchObject({ group: 'Session', title: 'Tuesday’s cliff' });
    entry?.run();
    expect(go).toHaveBeenCalledOnce();
  });

  it('goes to the page of a word, which says where it came from', () => {
    const ui = useUi();
    ui.screen = 'scope';
    usePalette().find('thundering herd')[0]?.run();
    expect([ui.screen, useGlossary().shown?.id]).toEqual(['glossary', 'thundering-herd']);
    useGlossary().back();
    expect(ui.screen).toBe('scope');
  });

  it('of a setting asks the Scope to show it', () => {
    usePalette()
      .find('source addresses')
      .find(({ group }) => group === 'Setting')
      ?.run();
    expect([useUi().screen, useUi().wantedSetting]).toEqual(['scope', 'Source addresses']);
  });
});

describe('addresses', () => {
  it('name a term, and nothing else', () => {
    expect(termInAddress('#/glossary/CLOSE_WAIT')).toBe('CLOSE_WAIT');
    expect(termInAddress('#/glossary/accept%20queue')).toBe('accept queue');
    expect(termInAddress('#/glossary/')).toBeUndefined();
    expect(termInAddress('#/glossary/%E0%A4%A')).toBeUndefined();
    expect(termInAddress('#tracks')).toBeUndefined();
  });

  it('open the page of their term', () => {
    window.location.hash = '#/glossary/accept%20queue';
    useUi().screen = 'launch';
    useGlossary().readAddress();
    expect([useUi().screen, useGlossary().shownId]).toEqual(['glossary', 'accept-queue']);
    window.location.hash = '';
  });
});

describe('a text', () => {
  it('marks its terms; pointing shows the sentence, pressing opens the page', async () => {
    vi.useFakeTimers();
    const paragraph = 'It stays in CLOSE_WAIT until `close`, says `fdscope doctor`.';
    const host = { render: () => h('p', [h(TermText, { text: paragraph })]) };
    const text = mount(host, { global: { plugins: [pinia] } });
    expect(text.text()).toBe('It stays in CLOSE_WAIT until close, says fdscope doctor.');
    const words = text.findAll('button');
    expect(words.map((word) => word.attributes('data-term'))).toEqual(['CLOSE_WAIT', 'close']);
    expect(words[0]?.attributes('aria-description')).toMatch(/^The peer has closed/);
    expect(text.get('code').text()).toBe('fdscope doctor');
    await words[0]?.trigger('mouseenter');
    vi.advanceTimersByTime(1000);
    expect(useTerms().open).toBe('CLOSE_WAIT');
    await words[0]?.trigger('click');
    expect([useTerms().open, useUi().screen, useGlossary().shownId]).toEqual([undefined, 'glossary', 'CLOSE_WAIT']);
    vi.useRealTimers();
    text.unmount();
    await flushPromises();
  });
});
