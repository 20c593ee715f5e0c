/** What stands on the Sockets screen: every word has its explanation, every call its two lines and a form that makes it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cText, pythonText } from '../../shared/bench/call-text.ts';
import { callNames, callSchemas, type CallName } from '../../shared/bench/calls.ts';
import { errnoSentence, knownErrnos } from '../../shared/bench/errno.ts';
import { Glossary } from '../../shared/glossary.ts';
import { readGlossary } from '../../main/lab/glossary.ts';
import { argumentsOf, callGroups, fieldsOf, startValues } from '../../renderer/stores/bench-fields.ts';
import { root } from '../support/engines.ts';

const glossary = new Glossary(readGlossary());
const screen = join(root, 'renderer/screens/sockets');
const sources = readdirSync(screen)
  .filter((file) => file.endsWith('.vue'))
  .map((file) => readFileSync(join(screen, file), 'utf8'));

describe('terms', () => {
  it('every word that the screen marks as one is one', () => {
    const marked = sources.flatMap((source) =>
      [...source.matchAll(/<TermWord[^>]*[^:]term="([^"]+)"/g)].map(([, term = '']) => term),
    );
    expect(marked.length).toBeGreaterThan(10);
    expect(marked.filter((word) => !glossary.has(word))).toEqual([]);
  });

  it('an errno is told in a sentence that is not its name', () => {
    for (const errno of knownErrnos) expect(errnoSentence('read', errno)).not.toContain('refused with');
  });
});

describe('a call', () => {
  it.each(callNames)('%s is in the menu, its form makes it, and it has a line of C and of Python', (call: CallName) => {
    expect(callGroups.flatMap(({ calls }) => calls).filter((each) => each === call)).toHaveLength(1);
    expect(fieldsOf(call).map(({ key }) => key)).toEqual(Object.keys(callSchemas[call].shape));
    const made = argumentsOf(call, startValues(call, 4, '127.0.0.1:8080'));
    expect(made).toHaveProperty('arguments');
    if (!('arguments' in made)) return;
    const [c, python] = [cText(call, made.arguments), pythonText(call, made.arguments)];
    expect(c).toContain(call.startsWith('io_uring') ? 'io_uring' : call);
    expect(c).toMatch(/\)/);
    expect(python).not.toBe('');
    expect(python).not.toBe(c);
  });

  it.each<[CallName, string, string]>([
    ['socket', 'family', 'inet6'],
    ['socket', 'family', 'unix'],
    ['socket', 'type', 'dgram'],
    ['bind', 'address', '[::1]:$port'],
    ['connect', 'address', 'unix:@name'],
    ['dup', 'to', '1100'],
    ['select', 'read', '4, 5'],
    ['poll', 'fds', '4:POLLIN, 5:POLLIN|POLLOUT'],
    ['setsockopt', 'option', 'SO_LINGER'],
    ['fcntl', 'command', 'F_SETSIG'],
  ])('%s takes %s %s from its form', (call, key, value) => {
    const made = argumentsOf(call, { ...startValues(call, 4, '127.0.0.1:8080'), [key]: value });
    expect(made).toHaveProperty('arguments');
  });

  it('of what its form cannot be, says why at that field', () => {
    const made = argumentsOf('listen', { fd: '3', backlog: 'many' });
    expect(made).toEqual({ mistakes: { backlog: expect.stringMatching(/number/) as string } });
  });
});
