/** Names and comments on the screen lead to their words; the search finds few and the right one first. */
import { mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { readGlossary } from '../../../main/lab/glossary.ts';
import FigureName from '../../../renderer/components/FigureName.vue';
import TermName from '../../../renderer/components/TermName.vue';
import { useToldTerms } from '../../../renderer/components/told-terms.ts';
import { useGlossary } from '../../../renderer/stores/glossary.ts';
import { highlight, plainLines } from '../../../renderer/stores/highlight.ts';
import { namesWithTerms, termOfName, termsOfNames } from '../../../renderer/stores/named-terms.ts';
import { withHeaderTerms } from '../../../renderer/stores/source-terms.ts';
import { findTerms } from '../../../renderer/stores/term-search.ts';
import { useTerms } from '../../../renderer/stores/terms.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { makeTracks } from '../../../renderer/tracks/catalogue.ts';
import { palettes } from '../../../renderer/theme/palette.ts';
import { Glossary } from '../../../shared/glossary.ts';
import { joined } from './scope-tools.ts';

const glossary = new Glossary(readGlossary());
let pinia: Awaited<ReturnType<typeof joined>>['pinia'];

beforeEach(async () => {
  const tools = await joined();
  ({ pinia } = tools);
  tools.double.answers['glossary.list'] = () => readGlossary();
  await useGlossary().load(tools.double);
});

describe('names on the screen', () => {
  it('stand for terms that exist', () => {
    for (const id of termsOfNames) expect(glossary.has(id), id).toBe(true);
    expect(new Set(namesWithTerms).size).toBe(namesWithTerms.length);
  });

  it('of the legends lead to what they mean, but for what only its own track has', () => {
    const labels = makeTracks(new TelemetryHistory()).flatMap((track) =>
      track.legend(undefined, palettes.light).map(({ label }) => label),
    );
    const led = labels.filter((label) => termOfName(glossary, label) !== undefined);
    for (const label of ['voluntary', 'involuntary', 'p99', 'p99 raw', 'RSS', 'data waits', 'blocked in a call']) {
      expect(led, label).toContain(label);
    }
  });

  it('have the sentence when they are pointed at, after what is said of them there, and the page when pressed', async () => {
    const wrapper = mount(TermName, {
      props: { name: 'involuntary', lead: 'As the kernel counts them.' },
      global: { plugins: [pinia] },
      attachTo: document.body,
    });
    const word = wrapper.get('button');
    expect(word.attributes('aria-description')).toMatch(/^As the kernel counts them\. .+\.$/);
    useTerms().show('involuntary-switch', word.element, 'As the kernel counts them.');
    expect(useTerms()).toMatchObject({ open: 'involuntary-switch', lead: 'As the kernel counts them.' });
    await word.trigger('click');
    expect(useGlossary().shown?.id).toBe('involuntary-switch');
    wrapper.unmount();
  });

  it('are plain where nothing explains them', () => {
    const wrapper = mount(TermName, { props: { name: 'served' }, global: { plugins: [pinia] } });
    expect([wrapper.text(), wrapper.find('button').exists()]).toEqual(['served', false]);
  });

  it('in the head of a table are one Tab stop for each term', () => {
    const among = ['p50', 'p99', 'cpuPerRequest', 'errors'] as const;
    const stops = among.map((figure) => {
      const wrapper = mount(FigureName, { props: { figure, among }, global: { plugins: [pinia] } });
      return wrapper.find('button').exists() ? wrapper.get('button').attributes('tabindex') : 'none';
    });
    expect(stops).toEqual([undefined, '-1', undefined, 'none']);
  });

  it('in texts below each other are marked in the first that has them', () => {
    const texts = ['A context switch.', 'Another context switch, and epoll.', 'epoll again'];
    const told = useToldTerms(() => texts).value;
    expect(texts.map((text) => told(text))).toEqual([[], ['context-switch'], ['context-switch', 'epoll']]);
  });
});

describe('a model’s file', () => {
  it('has its words marked in the comment at its head, each once, and its text as it is', async () => {
    const text = readFileSync('main/engine/models/epoll_lt.cpp', 'utf8');
    const lines = await highlight('cpp', text);
    const marked = withHeaderTerms(lines, glossary);
    expect(marked.map((line) => line.map((piece) => piece.text).join(''))).toEqual(
      lines.map((line) => line.map((piece) => piece.text).join('')),
    );
    const terms = marked.flatMap((line) => line.flatMap(({ term }) => term ?? []));
    expect(terms).toContain('level-triggered');
    expect(new Set(terms).size).toBe(terms.length);
    const code = lines.findIndex((line) => line.some(({ kind, text: piece }) => kind !== 'comment' && piece.trim()));
    expect(
      marked
        .slice(code)
        .flat()
        .some((piece) => 'term' in piece && piece.term),
    ).toBe(false);
    expect(withHeaderTerms(plainLines('int main() {} // epoll'), glossary).flat()).toHaveLength(1);
  });
});

describe('the search of the glossary', () => {
  const found = (query: string): string[] => findTerms(glossary.terms, query).map(({ id }) => id);

  it('has the word itself first, and few besides', () => {
    expect(found('herd')[0]).toBe('thundering-herd');
    expect(found('herd').length).toBeLessThan(5);
    expect(found('close_wait')[0]).toBe('CLOSE_WAIT');
    expect(found('fiber')[0]).toBe('stackful');
    expect(found('poll').slice(0, 1)).toEqual(['poll']);
    for (const { id } of glossary.terms) {
      expect(found(id)[0], id).toBe(id);
      expect(found(id).length, id).toBeLessThanOrEqual(12);
    }
  });

  it('finds words that stand apart, misspelt ones, and says so where there is none', () => {
    expect(found('queue accept')).toContain('accept-queue');
    expect(found('corutine')).toContain('coroutine');
    expect(found('qqqqxyz')).toEqual([]);
    expect(findTerms(glossary.terms, ' ')).toHaveLength(glossary.terms.length);
  });
});
