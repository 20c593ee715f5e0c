/** Tables at every width, in every locale, and as Markdown; what a terminal is shown. */
import { describe, expect, it } from 'vitest';
import { latencyBins } from '../../main/cli/histogram.ts';
import { runsCsv } from '../../main/cli/figures-csv.ts';
import { chosen, mayAsk } from '../../main/cli/predict.ts';
import { pageMarkdown, pageText, pageWidth, tableOf } from '../../main/cli/table.ts';
import { asciiOf, coloured, hasColours, isUtf8 } from '../../main/cli/terminal.ts';
import { emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';

function wide(): ReturnType<typeof tableOf> {
  const table = tableOf(
    ['model', 'what it is', 'requests/s', 'p50 µs', 'p99 µs', 'CPU µs/request', 'memory', 'errors'],
    2,
  );
  table.push([
    'coroutine-stackful',
    'fibers with stacks of their own, over epoll',
    '123456',
    '80',
    '900',
    '11.26',
    '3.1 MiB',
    '0',
  ]);
  table.push(['epoll-lt', 'level-triggered', '654321', '81', '901', '11.81', '3.2 MiB', '12']);
  return table;
}

describe('a table', () => {
  it.each([60, 70, 80, 100, 120, 160, 200])('has all its cells in %d columns', (width) => {
    const text = wide().toString(width);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
    const words = text.split(/[\s─-╿]+/);
    for (const cell of ['requests/s', '123456', '654321', '11.26', '11.81', '900', '901', 'MiB', '12'])
      expect(words).toContain(cell);
    // A part of it stands alone: each names its rows.
    const parts = text.split('┌').length - 1;
    expect(text.split('epoll-lt').length - 1).toBe(parts);
  });

  it('is one where there is room', () => {
    expect(wide().toString(200).split('┌')).toHaveLength(2);
    expect(wide().toString(60).split('┌').length).toBeGreaterThan(2);
  });

  it('knows the width of a terminal, and of a pipe what COLUMNS says', () => {
    expect(pageWidth({ columns: 77 }, { COLUMNS: '99' })).toBe(77);
    expect(pageWidth({}, { COLUMNS: '99' })).toBe(99);
    expect(pageWidth({}, {})).toBe(Infinity);
    expect(pageWidth({ columns: 1 }, {})).toBeGreaterThan(1);
  });

  it('is Markdown, with figures to the right', () => {
    const table = tableOf(['a|b', 'n']);
    table.push(['x|y', '1']);
    expect(pageMarkdown(['first', table, 'last'])).toBe(
      'first  \n\n| a\\|b | n |\n| --- | ---: |\n| x\\|y | 1 |\n\nlast  ',
    );
    expect(pageText(['first', 'last'])).toBe('first\nlast');
  });
});

describe('a terminal', () => {
  it('of a locale without UTF-8 is shown ASCII', () => {
    expect(isUtf8({ LANG: 'en_US.UTF-8' })).toBe(true);
    expect(isUtf8({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).toBe(false);
    expect(isUtf8({ LC_ALL: '', LC_CTYPE: 'de_DE.utf8', LANG: 'C' })).toBe(true);
    expect(isUtf8({})).toBe(false);
    const text = asciiOf(wide().toString(200));
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text).not.toContain('?');
    expect(text).toContain('p50 us');
    expect(asciiOf('snö')).toBe('sn?');
  });

  it('has colours where it is one and nobody minds', () => {
    expect(hasColours({ isTTY: true }, {})).toBe(true);
    expect(hasColours({}, {})).toBe(false);
    expect(hasColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColours({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(hasColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(coloured('held          a > b\nwarning (poll): x\nheldX')).toBe(
      '\u001b[32mheld\u001b[0m          a > b\n\u001b[33mwarning (poll):\u001b[0m x\nheldX',
    );
  });
});

describe('a histogram', () => {
  it('counts every reply once, between 1, 2 and 5 of each power of ten', () => {
    const histogram = emptyHistogram();
    const us = [3, 3, 40, 60, 700, 100_000];
    for (const value of us) histogram.recordValue(value * 1000);
    const bins = latencyBins(histogram);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(us.length);
    expect(bins.filter(({ count }) => count > 0).map(({ toUs, count }) => [toUs, count])).toEqual([
      [5, 2],
      [50, 1],
      [100, 1],
      [1000, 1],
      [bins.at(-1)?.toUs, 1],
    ]);
    // The histogram itself has three digits.
    expect(bins.at(-1)?.toUs).toBeLessThanOrEqual(200_000);
    expect(bins.every(({ fromUs }, i) => i === 0 || fromUs === bins[i - 1]?.toUs)).toBe(true);
    expect(latencyBins(emptyHistogram())).toEqual([]);
  });
});

describe('a prediction', () => {
  const prediction = {
    ask: 'Which?',
    choices: [
      { text: 'a', when: '1 > 0' },
      { text: 'b', when: '1 < 0' },
    ],
  };

  it('is a number of a choice', () => {
    expect(['1', ' 2 ', '3', '0', '1.5', '', 'a'].map((answer) => chosen(answer, prediction))).toEqual([
      ...[0, 1, undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  it('is asked for where somebody sits before a terminal, and of no program', () => {
    const [terminal, pipe] = [{ isTTY: true }, {}];
    expect(mayAsk({}, terminal, terminal)).toBe(true);
    for (const flags of [{ json: true }, { csv: true }, { markdown: true }])
      expect(mayAsk(flags, terminal, terminal)).toBe(false);
    expect(mayAsk({}, pipe, terminal)).toBe(false);
    expect(mayAsk({}, terminal, pipe)).toBe(false);
  });
});

it('runs as CSV: a line a figure, also of no run', () => {
  expect(runsCsv([])).toBe('run,model,label,variant,figure,unit,value,meaning\r\n');
});
