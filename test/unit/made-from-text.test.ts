/** What is made of a file's text is made once, and anew when the text is another. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MadeFromText } from '../../main/lab/made-from-text.ts';
import { ScenarioLibrary } from '../../main/lab/scenario-library.ts';

describe('what is made of a text', () => {
  it('is made once for each text of a file, and for two files apart', () => {
    const made = new MadeFromText<string>();
    let times = 0;
    const make = (file: string, text: string): string => made.of(file, text, () => `${file} ${text} ${++times}`);
    expect(make('a', 'one')).toBe('a one 1');
    expect(make('a', 'one')).toBe('a one 1');
    expect(make('b', 'one')).toBe('b one 2');
    expect(make('a', 'two')).toBe('a two 3');
    expect(make('a', 'one')).toBe('a one 4');
    expect(make('b', 'one')).toBe('b one 2');
  });

  it('goes where too many others came, the longest unused first', () => {
    const made = new MadeFromText<number>();
    let times = 0;
    const make = (file: string): number => made.of(file, '', () => ++times);
    for (let file = 0; file < 512; file++) make(`${file}`);
    make('0');
    make('another');
    expect(times).toBe(513);
    make('0');
    expect(times).toBe(513);
    make('1');
    expect(times).toBe(514);
  });

  it('that stands by itself is left as it was where making fails', () => {
    const made = new MadeFromText<number>();
    expect(() =>
      made.of('a', 'x', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(made.of('a', 'x', () => 7)).toBe(7);
  });

  it('follows a file that is written again at the same moment', () => {
    const own = mkdtempSync(join(tmpdir(), 'fdscope-made-'));
    try {
      const library = new ScenarioLibrary(own);
      const file = join(own, 'mine.yaml');
      const at = new Date('2026-01-01');
      const write = (text: string): void => {
        writeFileSync(file, text);
        utimesSync(file, at, at);
      };
      const mistakes = (): number => library.list().find(({ name }) => name === 'mine')?.mistakes.length ?? -1;
      write('version: 1\n');
      const first = mistakes();
      expect(first).toBeGreaterThan(0);
      expect(mistakes()).toBe(first);
      write('version: 2\n');
      expect(
        library
          .open({ name: 'mine' })
          .mistakes.map(({ sentence }) => sentence)
          .join(),
      ).toContain('version');
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });
});
