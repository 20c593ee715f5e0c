/**
 * `fdscope lessons` and `fdscope lesson`: lists, checks, and judges what lessons say of this machine. Lessons whose claims
 * are of calls and counts are run here; `npm run test:long -- lessons` runs every one.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isRunnable, parseLesson } from '../../shared/lesson/lesson.ts';
import { LessonLibrary } from '../../main/lab/lessons/lesson-library.ts';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { ScenarioLibrary } from '../../main/lab/scenario-library.ts';
import { switchWays } from '../../shared/switch-cost.ts';
import { engine } from '../support/engines.ts';
import { output } from '../support/tools.ts';
import { runCli } from './command-line.ts';

const nowhere = '/nowhere';
const library = new LessonLibrary(
  { walks: new WalkLibrary(nowhere), scenarios: new ScenarioLibrary(nowhere) },
  nowhere,
);
const shipped = library.list().map(({ name }) => name);

/** What the JSON of a lesson is promised to be. */
const promised = z.object({
  lesson: z.string(),
  title: z.string(),
  chapter: z.number(),
  claims: z.array(
    z.object({ part: z.string(), expect: z.string(), held: z.boolean().nullable(), missing: z.array(z.string()) }),
  ),
  predictions: z.array(z.object({ name: z.string(), ask: z.string(), outcome: z.looseObject({ kind: z.string() }) })),
  explanations: z.array(z.object({ text: z.string(), missing: z.array(z.string()) })),
  measured: z.record(z.string(), z.object({ kind: z.enum(['run', 'walk', 'switch-cost']) })),
  notRun: z.array(z.object({ part: z.string(), reason: z.string() })),
});

const folder = mkdtempSync(join(tmpdir(), 'fdscope-lessons-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Whatever the checkout still lacks is made now, so that no test sees the messages of that.
beforeAll(() => runCli(['--version']));

/** Nothing in them but walks: every claim is a count or a state. */
const ofCalls = shipped.filter((name) =>
  parseLesson(readFileSync(library.open({ name }).file, 'utf8'), name)
    .blocks.filter(isRunnable)
    .every(({ kind }) => kind === 'walk'),
);

describe('fdscope lesson', () => {
  it.each(ofCalls)('goes %s, and all that it claims holds', async (name) => {
    const { code, stdout, stderr } = await runCli(['lesson', name, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const report = promised.parse(JSON.parse(stdout));
    expect(report.claims.length).toBeGreaterThan(0);
    expect(report.claims.filter(({ held }) => held !== true)).toEqual([]);
    expect(report.notRun).toEqual([]);
    for (const { outcome, ask } of report.predictions) {
      if (outcome.kind !== 'choose') continue;
      const { right } = z.object({ right: z.array(z.boolean().nullable()) }).parse(outcome);
      expect(right.filter(Boolean), ask).toHaveLength(1);
    }
    for (const { missing, text } of report.explanations) expect(missing, text).toEqual([]);
  });

  it('runs models, tries the changes, and makes the explanation from the figures', async () => {
    const { code, stdout } = await runCli(['lesson', 'forgotten-close', '--json']);
    expect(code).toBe(0);
    const report = promised.parse(JSON.parse(stdout));
    expect(Object.keys(report.measured)).toEqual(['leak', 'calls', 'threads']);
    expect(report.explanations[0]?.text).toMatch(/accepted [\d,]+ connections and held [\d,]+ descriptors/);
  });

  it('says what is missing, and not 0, where a server could not be run', async () => {
    const text = readFileSync(library.open({ name: 'switch-cost' }).file, 'utf8').replace(
      /```switch-cost ways[\s\S]*?```/,
      [
        '```run ways',
        'models: [{ model: external, command: "false", port: 9, label: mine }]',
        'clients: [{ profile: closed }]',
        'durationSeconds: 0.5',
        'show: [p99]',
        '```',
      ].join('\n'),
    );
    const file = join(folder, 'missing.md');
    writeFileSync(file, text.replaceAll(/ns\(.*?\)/g, 'p99(mine)'));
    const { code, stdout } = await runCli(['lesson', file, '--json', '--allow-commands']);
    expect([1, 3]).toContain(code);
    const { explanations, notRun } = promised.parse(JSON.parse(stdout));
    expect(notRun[0]?.part).toBe('ways, mine');
    expect(explanations[0]?.missing).toEqual(['p99(mine)']);
    expect(explanations[0]?.text).toMatch(/cannot be explained from what was measured: p99\(mine\) is missing/);
  });

  it('starts no program of the user’s without being told to', async () => {
    const text = readFileSync(library.open({ name: 'switch-cost' }).file, 'utf8').replace(
      /```switch-cost ways[\s\S]*?```/,
      [
        '```run ways',
        `models: [{ model: external, command: "touch ${join(folder, 'started')}", port: 9, label: mine }]`,
        'clients: [{ profile: closed }]',
        'show: [p99]',
        '```',
      ].join('\n'),
    );
    const file = join(folder, 'commands.md');
    writeFileSync(file, text.replaceAll(/ns\(.*?\)/g, 'p99(mine)'));
    const { code, stdout, stderr } = await runCli(['lesson', file]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/starts a program, `touch .*`; add --allow-commands where you trust it\./);
    expect(() => readFileSync(join(folder, 'started'))).toThrow();
  });

  it('refuses a name that is none, and a lesson with mistakes', async () => {
    const unknown = await runCli(['lesson', 'two-kind']);
    expect(unknown).toMatchObject({ code: 2, stderr: 'There is no lesson "two-kind"; did you mean "two-kinds"?\n' });
    const file = join(folder, 'broken.md');
    writeFileSync(file, '---\nversion: 1\n---\n');
    const broken = await runCli(['lesson', file]);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain(`${file}:2:1: "title" is missing.\n`);
  });

  it('measures switches in the ways that lessons may name', async () => {
    const text = await output(engine, 'switch-cost', '--rounds', '1');
    const { switches } = z.object({ switches: z.array(z.object({ id: z.string() })) }).parse(JSON.parse(text));
    expect(switches.map(({ id }) => id)).toEqual(switchWays);
  });
});

describe('fdscope lessons', () => {
  it('lists them in reading order, and --json says the same', async () => {
    const { code, stdout } = await runCli(['lessons']);
    expect(code).toBe(0);
    const places = shipped.map((name) => stdout.indexOf(`${name} `));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const json = await runCli(['lessons', '--json']);
    const { lessons } = z.object({ lessons: z.array(z.object({ name: z.string() })) }).parse(JSON.parse(json.stdout));
    expect(lessons.map(({ name }) => name)).toEqual(shipped);
  });

  it('--check tells line and column of each mistake of a folder, and 2', async () => {
    const own = mkdtempSync(join(folder, 'own-'));
    const good = readFileSync(library.open({ name: 'two-kinds' }).file, 'utf8');
    writeFileSync(join(own, 'good.md'), good);
    writeFileSync(join(own, 'README.md'), 'Not a lesson.');
    const fine = await runCli(['lessons', '--check', own]);
    expect(fine).toMatchObject({ code: 0, stdout: `${join(own, 'good.md')}: no mistakes\n` });
    writeFileSync(join(own, 'bad.md'), good.replace('walk: guard-and-connection', 'walk: guard-and-connections'));
    const bad = await runCli(['lessons', '--check', own]);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(
      /bad\.md:\d+:1: There is no walk "guard-and-connections"; did you mean "guard-and-connection"\?/,
    );
    const none = await runCli(['lessons', '--check', join(own, 'none')]);
    expect(none).toMatchObject({ code: 2, stderr: `There is no folder ${join(own, 'none')}.\n` });
  });

  it('finds lessons of one’s own beside the shipped ones', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    const own = join(data, 'fdscope/lessons');
    mkdirSync(own, { recursive: true });
    const good = readFileSync(library.open({ name: 'two-kinds' }).file, 'utf8');
    writeFileSync(join(own, 'of-my-class.md'), good.replace('order: 1', 'order: 9'));
    const { stdout } = await runCli(['lessons', '--json'], { XDG_DATA_HOME: data });
    const { lessons } = z
      .object({ lessons: z.array(z.object({ name: z.string(), origin: z.string() })) })
      .parse(JSON.parse(stdout));
    expect(lessons.find(({ name }) => name === 'of-my-class')?.origin).toBe('own');
    expect(lessons.filter(({ origin }) => origin === 'built-in').map(({ name }) => name)).toEqual(shipped);
  });
});
