/** What is kept of lessons from one start to the next, the page that is made of it, and that the first page comes once. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lessonProgressSchema, type LessonProgress } from '../../shared/contract/lessons.ts';
import { maxMessageBytes } from '../../shared/contract/wire.ts';
import { withRoom } from '../../shared/lesson/kept-pictures.ts';
import { parseLesson } from '../../shared/lesson/lesson.ts';
import { curvesSvg } from '../../main/lab/lessons/report-pictures.ts';
import { lessonReport } from '../../main/lab/lessons/lesson-report.ts';
import { LessonProgressStore } from '../../main/lab/lessons/progress.ts';
import { Welcome } from '../../main/lab/welcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-lesson-kept-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const progressOf = (name: string, beganMs: number): LessonProgress => ({
  ...{ name, beganMs, changedMs: beganMs, answers: { which: 1 }, pictures: [] },
  measured: {
    own: {
      atMs: beganMs,
      of: {
        ...{ kind: 'walk', walk: 'own' },
        steps: [{ number: 1, actor: 'server', text: 'socket()', result: 3, errno: null, micros: 12, judged: [] }],
      },
    },
  },
});

describe('pictures of runs', () => {
  const picture = (track: string, chars: number) => ({ part: 'own', label: 'poll', track, svg: 'µ'.repeat(chars) });
  const tracks = ({ pictures }: LessonProgress): string[] => pictures.map(({ track }) => track);

  it('are kept while they fit into one message with all else, the newest first', () => {
    const few = { ...progressOf('a', 1), pictures: [picture('cpu', 1000), picture('fds', 1000)] };
    expect(withRoom(few)).toEqual({ kept: few, left: 0 });
    // 200 KB each in UTF-8, of which a message takes five.
    const large = {
      ...progressOf('a', 1),
      pictures: ['1', '2', '3', '4', '5', '6', '7'].map((n) => picture(n, 100_000)),
    };
    const { kept, left } = withRoom(large);
    expect([tracks(kept), left]).toEqual([['3', '4', '5', '6', '7'], 2]);
    expect(Buffer.byteLength(JSON.stringify({ id: 1, verb: 'lesson.keep', params: kept }))).toBeLessThan(
      maxMessageBytes,
    );
    expect(lessonProgressSchema.safeParse(kept).success).toBe(true);
  });

  it('are 40 at most, and none where the rest is too large', () => {
    const many = { ...progressOf('a', 1), pictures: Array.from({ length: 45 }, (_, i) => picture(String(i), 10)) };
    const { kept, left } = withRoom(many);
    expect([kept.pictures.length, tracks(kept)[0], left]).toEqual([40, '5', 5]);
    const full = { ...many, name: 'x'.repeat(maxMessageBytes) };
    expect(withRoom(full)).toMatchObject({ kept: { pictures: [] }, left: 45 });
  });
});

describe('progress', () => {
  it('is kept by lesson, whatever its name, in the order in which it was begun, and forgotten when told to', () => {
    const store = new LessonProgressStore(join(folder, 'progress'));
    expect(store.all()).toEqual([]);
    const odd = progressOf('../../of a "class"', 2000);
    store.keep(odd);
    store.keep(progressOf('two-kinds', 1000));
    store.keep({ ...odd, doneMs: 3000 });
    expect(new LessonProgressStore(join(folder, 'progress')).all()).toEqual([
      progressOf('two-kinds', 1000),
      { ...odd, doneMs: 3000 },
    ]);
    expect(readdirSync(folder)).toEqual(['progress']);
    store.reset('two-kinds');
    expect(store.all().map(({ name }) => name)).toEqual([odd.name]);
    store.reset();
    expect(store.all()).toEqual([]);
  });

  it('that cannot be read says nothing and hides no other', () => {
    const at = join(folder, 'broken');
    const store = new LessonProgressStore(at);
    store.keep(progressOf('two-kinds', 1000));
    writeFileSync(join(at, 'cut.json'), '{"name": "cu');
    expect(store.all().map(({ name }) => name)).toEqual(['two-kinds']);
  });
});

describe('the lab report', () => {
  const lesson = parseLesson(
    [
      ...[
        '---',
        'version: 1',
        'title: A <b>title</b>',
        'chapter: 1',
        'order: 1',
        'minutes: 5',
        'question: Q?',
        '---',
        '',
      ],
      ...['```choose which', 'ask: Which?', 'choices:'],
      ...[
        '  - { text: Three, when: "result(own, 1) >= 3" }',
        '  - { text: Less, when: "result(own, 1) < 3" }',
        '```',
        '',
      ],
      ...['```walk own', 'version: 1', 'title: W', 'question: Q?', 'steps:'],
      ...[
        '  - { actor: server, call: socket, arguments: { family: inet, type: stream }, as: s, notice: N }',
        '```',
        '',
      ],
      ...['```explain', '- text: It was {{ result(own, 1) }}.', '```', ''],
    ].join('\n'),
    'a.md',
  );
  const facts = { hostname: 'here', kernel: '6.1', cpuModel: 'A <CPU>', cpus: 2, fdscope: '0.1.0' };

  it('has prediction, measurement, explanation and machine, and nothing that runs', () => {
    const html = lessonReport([{ lesson, progress: progressOf('a', 1000) }], facts, new Date(0));
    for (const part of ['Which?', 'Less', 'Three', 'not so', 'server: socket() = 3', 'It was 3.', '2 CPUs']) {
      expect(html).toContain(part);
    }
    expect(html).toContain('A &lt;b&gt;title&lt;/b&gt;');
    expect(html).toContain('A &lt;CPU&gt;');
    expect(html).not.toMatch(/<script|https?:/);
  });

  it('shows pictures of tracks as pictures, in which nothing can run', () => {
    const picture = { part: 'own', label: 'poll', track: 'cpu', svg: '<svg onload="alert(1)"/>' };
    const measured = { own: { atMs: 1000, of: { kind: 'run' as const, runs: [], notRun: [] } } };
    const progress = { ...progressOf('a', 1000), measured, pictures: [picture] };
    const html = lessonReport([{ lesson, progress }], facts);
    expect(html).toContain(`src="data:image/svg+xml;base64,${Buffer.from(picture.svg).toString('base64')}"`);
    expect(html).not.toContain('onload');
  });

  it('is of light paper: pictures of a dark window are turned into light ones, and short tables are not cut', () => {
    const picture = { part: 'own', label: 'poll', track: 'cpu', svg: '<svg/>', theme: 'dark' as const };
    const measured = { own: { atMs: 1000, of: { kind: 'run' as const, runs: [], notRun: [] } } };
    const progress = {
      ...progressOf('a', 1000),
      measured,
      pictures: [picture, { ...picture, theme: 'light' as const }],
    };
    const html = lessonReport([{ lesson, progress }], facts);
    expect(html.match(/<img alt="" class="dark"/g)).toHaveLength(1);
    expect(html.match(/<img alt="" src/g)).toHaveLength(1);
    expect(html).toContain('<div class="short"><div class="wide"><table>');
    expect(html).toMatch(/@media print[^@]*\.short[^}]*break-inside: avoid/);
  });

  it('has the labels of a drawing within its picture', () => {
    const svg = curvesSvg({
      ...{ title: 'T', unit: 'µs', predicted: [1, 2] },
      points: [
        { label: 'none silent', measured: 1 },
        { label: '500 silent', measured: 2 },
        { label: '5,000 silent', measured: 3 },
      ],
    });
    expect([...svg.matchAll(/text-anchor="(\w+)">[^<]*silent/g)].map(([, anchor]) => anchor)).toEqual([
      ...['start', 'middle', 'end'],
    ]);
  });
});

describe('the first page', () => {
  it('comes once', () => {
    const at = join(folder, 'settings');
    expect(new Welcome(at).take()).toEqual({ isNew: true });
    expect(new Welcome(at).take()).toEqual({ isNew: false });
    expect(statSync(join(at, 'welcome.json')).isFile()).toBe(true);
  });

  it('comes to nobody at every start where that cannot be kept', () => {
    const at = join(folder, 'file');
    writeFileSync(at, '');
    chmodSync(at, 0o400);
    expect(new Welcome(join(at, 'settings')).take()).toEqual({ isNew: false });
  });
});
