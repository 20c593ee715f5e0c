/** Texts of others as a terminal may have them. */
import { describe, expect, it } from 'vitest';
import { visible, visibleJson, visibleLine, visibleTexts } from '../../shared/visible.ts';

describe('a text of somebody else', () => {
  it.each([
    ['\x1b[2J', '\\x1b[2J'],
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['a\rb', 'a\\x0db'],
    ['a\b\x7f\x9b31m\x00', 'a\\x08\\x7f\\x9b31m\\x00'],
    ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
    ['a\u2028b\u200b\ufeff', 'a\\u2028b\\u200b\\ufeff'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\ud800'],
    ['two\nlines\tand\r\nthree', 'two\nlines\tand\nthree'],
    ['Grüße, 世界, می\u200cخواهم, 👩\u200d💻', 'Grüße, 世界, می\u200cخواهم, 👩\u200d💻'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('has no end of its line within one', () => {
    expect(visibleLine(' one \r\n  two\x1b\n')).toBe('one two\\x1b');
  });

  it('is the same in JSON, which has no control character', () => {
    const value = { ['\x9b']: '\x1b\x7f\u202e\u{e0041}\ud800\nü' };
    const json = visibleJson(JSON.stringify(value, null, 2));
    expect(json).toMatch(/^[\n\x20-\x7e\u00a1-\u00ff]*$/);
    expect(JSON.parse(json)).toEqual(value);
  });

  it('is shown wherever it is in a result, and the rest is what it was', () => {
    const when = new Date(0);
    const value = { a: ['\x1b', 1, null], ['\x07']: { b: undefined, when }, none: Object.create(null) as object };
    expect(visibleTexts(value)).toEqual({ a: ['\\x1b', 1, null], ['\\x07']: { b: undefined, when }, none: {} });
  });
});
