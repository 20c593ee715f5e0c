import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linearTicks, logTicks } from '../../../renderer/components/plot.ts';
import { plannedRows } from '../../../renderer/screens/conclusion/planned-runs.ts';
import { conclusionWords } from '../../../renderer/screens/conclusion/verdict.ts';
import { columnsOf } from '../../../renderer/screens/conclusion/results.ts';
import { withValue } from '../../../renderer/screens/editor/yaml-edit.ts';
import { nextPlace } from '../../../renderer/screens/launch/grid-keys.ts';
import { pictureOf } from '../../../renderer/screens/launch/pictures.ts';
import { sweepMarks, sweepSeries } from '../../../renderer/screens/sweep/sweep-series.ts';
import { parseValues, subjectLabel } from '../../../renderer/stores/experiment-setup.ts';
import { unitText } from '../../../renderer/stores/metric-words.ts';
import { byChapter, findCards } from '../../../renderer/stores/scenario-chapters.ts';
import { phaseWords, secondsWords } from '../../../renderer/stores/scenario-words.ts';
import type { UsableScenario } from '../../../renderer/stores/scenarios.ts';
import type { ScenarioOutcome } from '../../../shared/contract/experiments.ts';
import type { Estimate } from '../../../shared/compare-result.ts';
import { parseScenario } from '../../../shared/schemas/scenario-text.ts';
import type { SweepPoint, SweepResult } from '../../../shared/sweep-result.ts';

const folder = join(import.meta.dirname, '../../../shared/scenarios');
const shipped = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file): UsableScenario => {
    const scenario = parseScenario(readFileSync(join(folder, file), 'utf8'), file);
    const name = basename(file, '.yaml');
    return { name, scenario, origin: 'built-in', source: { name }, mistakes: [], commands: [] };
  });
const named = (name: string): UsableScenario => {
  const found = shipped.find((each) => each.name === name);
  if (!found) throw new Error(`no scenario ${name}`);
  return found;
};

describe('launch page', () => {
  it('puts every shipped scenario under one chapter, and own ones first', () => {
    const groups = byChapter(shipped);
    expect(groups[0]?.title).toBe('Start here');
    expect(groups.flatMap(({ cards }) => cards)).toHaveLength(shipped.length);
    const own: UsableScenario = { ...named('quick-tour'), origin: 'own', name: 'mine' };
    expect(byChapter([...shipped, own])[0]).toMatchObject({ title: 'Your own', cards: [{ name: 'mine' }] });
  });

  it('finds scenarios by title, by model and by what they ask', () => {
    expect(findCards(shipped, 'slowloris')[0]?.name).toBe('slowloris');
    expect(findCards(shipped, 'io_uring').map(({ name }) => name)).toContain('io-uring-against-epoll');
    expect(findCards(shipped, '  ')).toHaveLength(shipped.length);
    expect(findCards(shipped, 'qqqxyz')).toEqual([]);
  });

  it('draws what a scenario is about: by its name, else by its clients and its handler', () => {
    expect(pictureOf('head-of-line', named('head-of-line').scenario)).toBe('headOfLine');
    expect(pictureOf('mine', named('forward-proxy').scenario)).toBe('forward');
    expect(pictureOf('mine', named('slow-reader').scenario)).toBe('pressure');
    expect(pictureOf('mine', named('upstream-wait').scenario)).toBe('upstream');
    expect(pictureOf('mine', named('cpu-bound').scenario)).toBe('computing');
  });

  it('arrow keys go by what lies where, and stop at the rim', () => {
    const places = [0, 100, 200].flatMap((y) => [0, 100, 200].map((x) => ({ x, y }))).slice(0, 8);
    expect(nextPlace(places, 1, 'ArrowDown')).toBe(4);
    expect(nextPlace(places, 5, 'ArrowDown')).toBe(7);
    expect(nextPlace(places, 4, 'ArrowUp')).toBe(1);
    expect(nextPlace(places, 2, 'ArrowRight')).toBe(3);
    expect(nextPlace(places, 0, 'ArrowLeft')).toBeUndefined();
    expect(nextPlace(places, 1, 'ArrowUp')).toBeUndefined();
    expect(nextPlace(places, 1, 'Enter')).toBeUndefined();
  });
});

describe('a scenario in words', () => {
  it('says lengths of time and phases', () => {
    expect([0.2, 17.4, 119, 130, 180].map(secondsWords)).toEqual(['1 s', '17 s', '119 s', '2 min 10 s', '3 min']);
    expect(phaseWords({ at: 2, switch: 'epoll-lt', connections: 500 })).toBe('switch to epoll-lt, 500 connections');
    expect(phaseWords({ at: 2, label: 'the storm', paused: false })).toBe('the storm');
  });

  it('follows its runs: measured, running, waiting, and why not', () => {
    const { scenario } = named('idle-thousands');
    const progress = {
      ...{ label: 'poll', variant: '900 idle', done: 1, total: 6 },
      elapsedSeconds: 1,
      durationSeconds: 3,
    };
    const rows = plannedRows(
      scenario,
      [
        { id: 1, label: 'select', variant: '900 idle', ending: 'done' },
        { id: 1, label: 'epoll-lt', variant: '900 idle', ending: 'failed', sentence: 'The server ended.' },
      ],
      { ...progress, requests: 10, secondsLeft: 12 },
    );
    expect(rows.map(({ status }) => status)).toEqual(['done', 'running', 'not-run', 'waiting', 'waiting', 'waiting']);
    expect(rows[2]?.sentence).toBe('The server ended.');
  });

  it('shows the figures of every scenario, and those that its expectations name', () => {
    expect(columnsOf(named('idle-thousands').scenario)).toContain('refusedBySelect');
    expect(columnsOf(named('quick-tour').scenario)).not.toContain('refusedBySelect');
  });

  const outcome = (held: (boolean | null)[], right: (boolean | null)[] = []): ScenarioOutcome => ({
    scenario: named('quick-tour').scenario,
    runs: [{}] as unknown as ScenarioOutcome['runs'],
    stories: [],
    notRun: [],
    isCancelled: false,
    conclusion: {
      expectations: held.map((each) => ({
        ...{ expect: '', because: '', otherwise: '', figures: [], missing: [] },
        held: each,
      })),
      ...(right.length > 0 && {
        prediction: { ask: '', choices: right.map((isRight) => ({ text: '', isRight })) },
      }),
    },
  });

  it('concludes in one sentence', () => {
    expect(conclusionWords(outcome([true, true]), undefined).headline).toBe('All 2 expectations held.');
    expect(conclusionWords(outcome([true, false, null]), undefined)).toEqual({
      headline: '1 of 3 expectations held, 1 did not, 1 cannot be decided.',
      tone: 'bad',
    });
    expect(conclusionWords(outcome([true], [false, true]), 1).headline).toBe(
      'The expectation held. Your prediction was right.',
    );
    expect(conclusionWords(outcome([true], [false, true]), 0).headline).toContain('was not what came out');
    expect(conclusionWords({ ...outcome([null]), runs: [] }, undefined).headline).toContain('Nothing was measured');
  });

  it('gives figures their units, and no figure a dash', () => {
    expect(unitText(38.9, 'µs')).toBe('38.9 µs');
    expect(unitText(20_000_000, 'bytes')).toBe('19.1 MiB');
    expect(unitText(Infinity, '')).toBe('∞');
    expect(unitText(null, 'µs')).toBe('–');
  });
});

describe('plots', () => {
  it('put round ticks around the values', () => {
    expect(linearTicks(93)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(linearTicks(0)).toEqual([0, 1]);
    expect(logTicks(3, 42_000)).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
    expect(logTicks(30, 42)).toEqual([20, 50]);
  });

  const estimate = (median: number): Estimate => ({
    median,
    low: median - 1,
    high: median + 1,
    coverage: 0.9,
    count: 3,
  });
  const figures = (median: number): SweepPoint['figures'] =>
    ({ throughput: estimate(median) }) as unknown as SweepPoint['figures'];
  const sweep: SweepResult = {
    ...{ axis: 'clients', unit: 'connections', values: [10, 1500], labels: ['select', 'epoll-lt'], repeats: 3 },
    ...{ seed: 1, repeated: [] },
    points: [
      { value: 10, label: 'select', model: 'select', status: 'done', figures: figures(5), runs: [], doubts: {} },
      {
        value: 1500,
        label: 'select',
        model: 'select',
        status: 'refused',
        reason: 'No bit.',
        figures: null,
        runs: [],
        doubts: {},
      },
      { value: 10, label: 'epoll-lt', model: 'epoll-lt', status: 'done', figures: figures(6), runs: [], doubts: {} },
      { value: 1500, label: 'epoll-lt', model: 'epoll-lt', status: 'not-run', figures: null, runs: [], doubts: {} },
    ],
    isCancelled: true,
    machine: null,
  };

  it('break a curve where a point was refused, and mark it with the reason; what was not reached says nothing', () => {
    const [select] = sweepSeries(sweep, 'throughput');
    expect(select?.points[0]).toMatchObject({ x: 1, y: 5, low: 4, high: 6 });
    expect(select?.points[1]?.y).toBeNaN();
    expect(sweepMarks(sweep)).toEqual([{ x: Math.log10(1500), series: 0, text: 'select at 1,500: refused. No bit.' }]);
  });

  it('takes values of an axis as they are typed', () => {
    expect(parseValues('100, 10 1000;10')).toEqual([10, 100, 1000]);
    expect(parseValues('0.5')).toEqual([0.5]);
    for (const wrong of ['', 'ten', '-1', '1e999']) expect(parseValues(wrong)).toBeUndefined();
  });

  it('names an entry by what differs from the defaults of its model', () => {
    const info = {
      options: [{ kind: 'integer', name: 'threads', summary: '', min: 1, max: 64, default: 16 }],
    } as const;
    const label = (threads: number): string =>
      subjectLabel(
        { key: 1, model: 'blocking-pool', options: { threads }, own: {} },
        info as unknown as Parameters<typeof subjectLabel>[1],
      );
    expect(label(16)).toBe('blocking-pool');
    expect(label(4)).toBe('blocking-pool threads=4');
  });
});

describe('the form beside the text', () => {
  const text = 'version: 1 # the first\ntitle: "A: b"\nserver:\n  workUs: 5   # little\nmodels:\n  - select\n';

  it('changes a value at its place and leaves comments and layout alone', () => {
    expect(withValue(text, ['server', 'workUs'], 20)).toBe(text.replace('5   #', '20   #'));
    expect(withValue(text, ['title'], 'Plain')).toBe(text.replace('"A: b"', 'Plain'));
    expect(withValue(text, ['title'], 'x: y')).toBe(text.replace('"A: b"', '"x: y"'));
  });

  it('adds what is not there, takes out what is not wanted, and keeps comments', () => {
    const added = withValue(text, ['chapter'], 'polling');
    expect(added).toContain('chapter: polling');
    expect(added).toContain('# little');
    expect(withValue(added, ['chapter'], undefined)).not.toContain('chapter');
    expect(withValue(text, ['models'], ['select', 'poll'])).toContain('  - poll');
  });

  it('leaves a text alone that is not YAML', () => {
    expect(withValue('a: [1', ['title'], 'x')).toBe('a: [1');
  });
});
