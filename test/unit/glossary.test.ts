/** The glossary: its files, that what it leads to exists, how texts are marked, and that no text uses what it does not explain. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { callNames } from '../../shared/bench/calls.ts';
import { knownErrnos } from '../../shared/bench/errno.ts';
import { tcpStates } from '../../shared/bench/state.ts';
import { modelIds } from '../../shared/catalogue.ts';
import { Glossary, parseTerms, placeOf, termOfCall } from '../../shared/glossary.ts';
import { readGlossary } from '../../main/lab/glossary.ts';
import { ScenarioError } from '../../shared/schemas/yaml-text.ts';
import { root } from '../support/engines.ts';
import { textsOfTheApp, unexplained } from '../support/used-words.ts';

const terms = readGlossary();
const glossary = new Glossary(terms);
const filesIn = (folder: string): string[] =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((file) => file.replace(/\.\w+$/, '')) : [];
const source = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Names of each kind of place. */
const places: Readonly<Record<string, readonly string[]>> = {
  walk: filesIn('shared/walks'),
  scenario: filesIn('shared/scenarios'),
  lesson: filesIn('shared/lessons'),
  model: modelIds,
  screen: [...source('renderer/stores/ui.ts').matchAll(/^ {2}'(\w+)',$/gm)].map(([, name = '']) => name),
  track: ['catalogue', 'raster-track', 'stacked-track', 'timeline-track'].flatMap((file) =>
    [...source(`renderer/tracks/${file}.ts`).matchAll(/\bid(?::| =) '(\w+)'/g)].map(([, name = '']) => name),
  ),
};

describe('terms', () => {
  it('are some eighty with a paragraph, and more with a sentence alone', () => {
    expect(terms.filter(({ text }) => text !== undefined).length).toBeGreaterThanOrEqual(80);
    expect(new Set(terms.map(({ id }) => id)).size).toBe(terms.length);
  });

  it('no word is another name for two of them', () => {
    const words = terms.flatMap(({ id, title, aliases = [] }) =>
      [...new Set([id, title, ...aliases].map((word) => word.toLowerCase()))].map((word) => [word, id] as const),
    );
    const taken = words.filter(([word], at) => words.findIndex(([other]) => other === word) < at);
    // The state of a guard, and the call that makes it one; in capitals and without.
    expect(taken.map(([word]) => word)).toEqual(['listen', 'close']);
    expect([glossary.named('LISTEN'), glossary.named('listen')].map((term) => term?.id)).toEqual(['LISTEN', 'listen']);
  });

  it('lead to lessons, walks, scenarios, screens, tracks and models that exist, and to each other', () => {
    expect(places.screen).toContain('sockets');
    expect(places.track).toEqual(expect.arrayContaining(['sockets', 'threads', 'syscalls', 'latency']));
    const lost = terms.flatMap(({ id, here, see = [] }) => [
      ...here.filter((place) => !(places[placeOf(place).kind] ?? []).includes(placeOf(place).name)),
      ...see.filter((other) => !glossary.has(other) || other === id).map((other) => `${id} sees ${other}`),
    ]);
    expect(lost).toEqual([]);
  });

  it('name a manual page, an RFC or who said it, unless they are of fdscope itself', () => {
    expect(terms.filter((term) => term.source === undefined).map(({ id }) => id)).toEqual(['inferred']);
    const odd = terms
      .flatMap((term) => term.source ?? [])
      .filter(
        (name) =>
          !/^[a-z_]\w*\(\d\)$|^RFC \d{3,4}$|^HdrHistogram$|^kernel: .+, Linux \d|\(C\+\+ coroutines\)$|\b(19|20)\d\d\b/.test(
            name,
          ),
      );
    expect(odd).toEqual([]);
  });

  it('there is one for every call of the bench, every state of TCP and every errno', () => {
    const words = [...callNames.map(termOfCall), ...tcpStates, ...knownErrnos];
    expect(words.filter((word) => !glossary.has(word))).toEqual([]);
  });

  it('a mistake in a file is told with its line', () => {
    const text = 'version: 1\ntopic: T\nterms:\n  a:\n    title: A\n    sentence: No stop\n    here: [walk/x]\n';
    expect(() => parseTerms(text, 'f.yaml')).toThrow(ScenarioError);
    expect(() => parseTerms(text, 'f.yaml')).toThrow(/f\.yaml:6:\d+: .*full stop/);
    expect(() => parseTerms(text.replace('No stop', 'A stop.').replace('walk/x', 'nowhere/x'), 'f.yaml')).toThrow(
      /:7:\d+: .*A place is one of/,
    );
  });

  it('are found by their names, capitals and plural or not', () => {
    expect(glossary.named('close_wait')?.id).toBe('CLOSE_WAIT');
    expect(glossary.named('Context switches')?.id).toBe('context-switch');
    expect(glossary.named('fibers')?.id).toBe('stackful');
    expect(glossary.named('no such word')).toBeUndefined();
  });
});

describe('a text', () => {
  const marks = (text: string): (string | undefined)[] =>
    glossary.marked(text).flatMap((part) => (part.term === undefined ? [] : [`${part.text} ${part.term}`]));

  it('has each term marked once, where it comes first', () => {
    expect(
      marks('Sockets stay in CLOSE_WAIT; CLOSE_WAIT ends with EMFILE. Context switches rise, a context switch each.'),
    ).toEqual(['CLOSE_WAIT CLOSE_WAIT', 'EMFILE EMFILE', 'Context switches context-switch']);
  });

  it('has plain words left alone that are calls too, unless they are in backticks', () => {
    expect(marks('They read, write and close; accept is next.')).toEqual([]);
    expect(marks('They `read()`, and `accept4` is next.')).toEqual(['read() read', 'accept4 accept']);
  });

  it('has no part of a longer name marked', () => {
    expect(marks('epoll-lt and not-epoll, epolls2')).toEqual([]);
  });

  it('is all there when its parts are put together', () => {
    const text = 'poll looks at every entry, `epoll_wait` at none; see the accept queue.';
    expect(
      glossary
        .marked(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text.replaceAll('`', ''));
  });
});

describe('words that texts use', () => {
  const texts = textsOfTheApp();

  it('are read from scenarios, walks, models, lessons and Doctor', () => {
    expect(new Set(texts.map(({ from }) => from.split('/')[0]))).toEqual(
      new Set(['scenario', 'walk', 'model', 'doctor', ...(filesIn('shared/lessons').length > 0 ? ['lesson'] : [])]),
    );
    expect(texts.length).toBeGreaterThan(300);
  });

  it('are all explained', () => {
    expect(unexplained(texts, glossary)).toEqual([]);
  });

  it('one that is explained nowhere is found', () => {
    const planted = [
      { from: 'scenario/planted', text: 'The socket goes to SYN_RCVD_LATER, and `tcp_frobnicate` says so.' },
      { from: 'walk/planted', text: 'A timer wheel holds it back.' },
    ];
    expect(unexplained(planted, glossary)).toEqual([
      'scenario/planted: SYN_RCVD_LATER',
      'scenario/planted: tcp_frobnicate',
      'walk/planted: timer wheel',
    ]);
  });

  it('a term that is taken out is missed by the texts that use it', () => {
    const without = new Glossary(terms.filter(({ id }) => id !== 'thundering-herd' && id !== 'TIME_WAIT'));
    const missed = unexplained(texts, without).map((line) => line.split(': ')[1]);
    expect(missed).toEqual(expect.arrayContaining(['TIME_WAIT', 'thundering herd']));
  });
});

it('every glossary file is YAML that says which version it is of', () => {
  for (const file of readdirSync(join(root, 'shared/glossary'))) {
    expect(parse(source(`shared/glossary/${file}`)), file).toHaveProperty('version', 1);
  }
});
