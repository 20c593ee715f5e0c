/** Lesson files: what they say, and every mistake with its line. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LessonLibrary } from '../../main/lab/lessons/lesson-library.ts';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { ScenarioLibrary } from '../../main/lab/scenario-library.ts';
import { lessonChapters } from '../../shared/lesson/chapters.ts';
import { isGate, parseLesson, type KnownNames } from '../../shared/lesson/lesson.ts';
import { parseScenario } from '../../shared/schemas/scenario-text.ts';
import { ScenarioError } from '../../shared/schemas/yaml-text.ts';

const head = ['---', 'version: 1', 'title: T', 'chapter: 2', 'order: 1', 'minutes: 5', 'question: Q?', '---', ''];

const fence = (info: string, ...lines: string[]): string => ['```' + info, ...lines, '```', ''].join('\n');

const choose = fence(
  'choose which',
  'ask: Which?',
  'choices:',
  '  - text: poll',
  '    when: p99(poll) < p99(epoll-lt)',
  '  - text: epoll',
  '    when: p99(poll) >= p99(epoll-lt)',
);
const run = fence(
  'run both',
  'models: [poll, epoll-lt]',
  'clients:',
  '  - profile: closed',
  'durationSeconds: 1',
  'show: [p99]',
);
const explain = fence('explain', '- text: poll took {{ p99(poll) / p99(epoll-lt) }} times as long.');

const lessonOf = (...parts: string[]): string => [head.join('\n'), 'Some words.', '', ...parts].join('\n');

const mistakesIn = (text: string, known?: KnownNames): string[] => {
  try {
    parseLesson(text, 'a.md', known);
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.message.split('\n');
  }
};

/** Of the line on which this text stands, from 1. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('a lesson', () => {
  it('is a head, prose, and what is asked, run and explained, in order', () => {
    const lesson = parseLesson(lessonOf(choose, run, explain), 'a.md');
    expect(lesson.blocks.map(({ kind }) => kind)).toEqual(['prose', 'choose', 'run', 'explain']);
    expect(lesson).toMatchObject({ title: 'T', chapter: 2, order: 1, minutes: 5, question: 'Q?' });
    expect(lesson.blocks.filter(isGate).map((gate) => gate.name)).toEqual(['both']);
  });

  it('has text with emphasis, code, links into the app and figures, and knows no other', () => {
    const text = 'A *b* **c** `d_e*` [f](term:fd) and {{ 2 * p99(poll) }} & <= "g".';
    const lesson = parseLesson(lessonOf(choose, run, explain, text), 'a.md', { terms: ['fd'] });
    const last = lesson.blocks.at(-1);
    expect(last).toEqual({
      kind: 'prose',
      prose: {
        kind: 'paragraph',
        of: [
          { kind: 'text', text: 'A ' },
          { kind: 'emphasis', of: [{ kind: 'text', text: 'b' }] },
          { kind: 'text', text: ' ' },
          { kind: 'strong', of: [{ kind: 'text', text: 'c' }] },
          { kind: 'text', text: ' ' },
          { kind: 'code', text: 'd_e*' },
          { kind: 'text', text: ' ' },
          { kind: 'link', to: 'term', name: 'fd', of: [{ kind: 'text', text: 'f' }] },
          { kind: 'text', text: ' and ' },
          { kind: 'figure', expression: '2 * p99(poll)' },
          { kind: 'text', text: ' & <= "g".' },
        ],
      },
    });
  });

  it('may hold a walk of its own, whose steps figures can name', () => {
    const walk = fence(
      'walk own',
      'version: 1',
      'title: W',
      'question: Q?',
      'steps:',
      '  - actor: server',
      '    call: socket',
      '    arguments: { family: inet, type: stream }',
      '    as: s',
      '    notice: N',
    );
    const asked = fence('estimate fd', 'ask: Which?', 'measured: result(own, 1)', 'from: 0', 'to: 10');
    const told = fence('explain', '- text: It was {{ result(own, 1) }}.');
    expect(mistakesIn(lessonOf(asked, walk, told))).toEqual([]);
    const beyond = lessonOf(asked, walk, told.replace('own, 1', 'own, 2'));
    expect(mistakesIn(beyond)[0]).toMatch(/"result\(own, 2\)" asks for step 2, and that walk has 1\./);
  });

  it('takes the changes of a "try" on top of its run', () => {
    const change = fence(
      'try more',
      'of: both',
      'title: More',
      'change: { connections: 200 }',
      'says: '.concat('{{ p99(poll, more) }}'),
    );
    const lesson = parseLesson(
      lessonOf(choose, run, explain, change.replace('says: {{ p99(poll, more) }}', "says: '{{ p99(poll, more) }}'")),
      'a.md',
    );
    expect(lesson.blocks.at(-1)).toMatchObject({
      kind: 'try',
      run: { connections: 200, models: ['poll', 'epoll-lt'], durationSeconds: 1 },
    });
  });
});

describe('a lesson’s mistakes', () => {
  const whole = lessonOf(choose, run, explain);
  const at = (text: string, part: string, sentence: RegExp): void => {
    const [first = ''] = mistakesIn(text);
    expect(first).toMatch(sentence);
    expect(first, text).toMatch(new RegExp(`^a\\.md:${lineOf(text, part)}:`));
  };

  it('are told with the line on which they stand', () => {
    at(whole.replace('chapter: 2', 'chapter: 12'), 'chapter: 12', /"chapter" must be at most 9/);
    at(
      whole.replace('durationSeconds', 'durationSecond'),
      'durationSecond',
      /There is no key "durationSecond"; did you mean "durationSeconds"/,
    );
    at(whole.replace('profile: closed', 'profile: close'), 'profile: close', /did you mean "closed"/);
    at(whole.replace('```run both', '```rum both'), '```rum', /"rum" is no part of a lesson; did you mean "run"\?/);
    at(whole.replace('```run both', '```run'), '```run', /is written with one name/);
    at(
      whole.replace('{{ p99(poll)', '{{ p99(pol)'),
      '```explain',
      /names the model "pol", which no run here has; did you mean "poll"/,
    );
    at(whole.replace('{{ p99(poll)', '{{ p88(poll)'), '```explain', /unknown figure "p88"/);
    at(
      whole.replace('when: p99(poll) < p99(epoll-lt)', 'when: p99(poll)'),
      '```choose',
      /is a number: an expectation compares/,
    );
  });

  it('are: nothing predicted, nothing run, nothing explained, too many words, HTML, links that lead away', () => {
    at(lessonOf(run, explain), '```run', /Nothing was predicted yet/);
    expect(mistakesIn(lessonOf(choose.replaceAll(/p99\(.*?\) (>=|<) p99\(.*?\)/g, '1 $1 2')))).toContainEqual(
      expect.stringMatching(/A lesson has something that runs/),
    );
    expect(mistakesIn(lessonOf(choose, run))).toEqual([expect.stringMatching(/it has an explain/)]);
    const long = lessonOf('word '.repeat(400), choose, run, explain);
    expect(mistakesIn(long)).toEqual([expect.stringMatching(/It has 4\d\d words: a lesson has fewer than 400/)]);
    at(lessonOf(choose, run, explain, 'Press <b>here</b>.'), 'Press', /has no HTML/);
    at(lessonOf(choose, run, explain, '<script>alert(1)</script>'), '<script>', /has no HTML/);
    at(lessonOf(choose, run, explain, '[x](https://example.org)'), '[x]', /leads to something in the app/);
    at(lessonOf(choose, run, explain, '![x](y.png)'), '![x]', /has no image/);
  });

  it('are: figures told above what measures them, and names that nobody knows', () => {
    const early = lessonOf('It took {{ p99(poll) }}.', choose, run, explain);
    at(early, 'It took', /names the model "poll", which no run here has/);
    const known = { walks: new Map([['six-steps', 3]]), terms: ['fd'], lessons: [], scenarios: [], models: [] };
    expect(mistakesIn(lessonOf(choose, run, explain, '[x](walk:six-step)'), known)).toEqual([
      expect.stringMatching(/There is no walk "six-step"; did you mean "six-steps"\?/),
    ]);
  });

  it('are told without a head, and for a text that is something else', () => {
    expect(mistakesIn('# Hello')).toEqual([expect.stringMatching(/^a\.md:1:1: A lesson begins with its head/)]);
    expect(mistakesIn('')).toHaveLength(1);
    expect(mistakesIn('---\n---\n')).not.toEqual([]);
    expect(mistakesIn('---\n[\n---\n\n```run x\n: :\n```\n').length).toBeGreaterThan(1);
  });
});

describe('the shipped lessons', () => {
  const library = new LessonLibrary(
    { walks: new WalkLibrary('/nowhere'), scenarios: new ScenarioLibrary('/nowhere') },
    '/nowhere',
  );

  it('have no mistakes, and no two stand in the same place', () => {
    const lessons = library.list();
    expect(lessons.length).toBeGreaterThan(1);
    for (const { file, mistakes } of lessons) expect(mistakes, file).toEqual([]);
    const places = lessons.map(({ head: found }) => `${found?.chapter ?? 0}.${found?.order ?? 0}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it('have two to five in each chapter', () => {
    const chapters = library.list().map(({ head: found }) => found?.chapter);
    const sizes = lessonChapters.map((_, index) => chapters.filter((chapter) => chapter === index + 1).length);
    for (const [index, size] of sizes.entries()) {
      expect(size, lessonChapters[index]).toBeGreaterThanOrEqual(2);
      expect(size, lessonChapters[index]).toBeLessThanOrEqual(5);
    }
  });

  it('are where each shipped scenario belongs', () => {
    const names = library.list().map(({ name }) => name);
    const scenarios = new ScenarioLibrary('/nowhere').list();
    expect(scenarios.length).toBeGreaterThan(10);
    for (const { name } of scenarios) {
      const { lesson } = parseScenario(readFileSync(`shared/scenarios/${name}.yaml`, 'utf8'), name);
      expect(names, `scenario ${name}`).toContain(lesson);
    }
  });
});
