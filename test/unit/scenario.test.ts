import { readdirSync, readFileSync } from 'node:fs';
import { readScenario } from '../../main/lab/scenario-library.ts';
import { describe, expect, it } from 'vitest';
import { scenarioJsonSchema } from '../../shared/schemas/json-schema.ts';
import { unfoldPhases } from '../../shared/schemas/phases.ts';
import { parseScenario, ScenarioError } from '../../shared/schemas/scenario-text.ts';
import { planScenario } from '../../shared/schemas/scenario.ts';
import { nearest } from '../../shared/schemas/suggest.ts';

const good = `version: 1
title: A title
question: A question?
watch:
  - Something to watch.
clients:
  - profile: closed
models:
  - epoll-lt
`;

/** Its mistakes as "line:column sentence". */
function mistakes(text: string): string[] {
  try {
    parseScenario(text, 'my.yaml');
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    for (const line of error.message.split('\n')) expect(line).toMatch(/^my\.yaml:\d+:\d+: .+[.?]$/);
    return error.mistakes.map(({ line, column, sentence }) => `${line}:${column} ${sentence}`);
  }
  return [];
}

describe('a scenario file', () => {
  it('that is right has no mistakes, and defaults where it is silent', () => {
    const scenario = parseScenario(good, 'my.yaml');
    expect(scenario).toMatchObject({ durationSeconds: 3, connections: 50, server: { protocol: 'http', port: 0 } });
  });

  it.each([
    [
      'an unknown key',
      good.replace('question:', 'qestion:'),
      ['1:1 "question" is missing.', '3:1 There is no key "qestion"; did you mean "question"?'],
    ],
    [
      'an unknown model',
      good.replace('epoll-lt', 'epol-lt'),
      [expect.stringMatching(/^9:5 "models\[0\]" must be one of .*, not "epol-lt"; did you mean "epoll-lt"\?$/)],
    ],
    [
      'an unknown profile',
      good.replace('closed', 'clsed'),
      [expect.stringMatching(/^7:14 "clients\[0\]\.profile" must be one of .*did you mean "closed"\?$/)],
    ],
    ['a number out of range', `${good}durationSeconds: 0\n`, ['10:18 "durationSeconds" must be at least 0.1, not 0.']],
    ['text for a number', `${good}connections: many\n`, ['10:14 "connections" must be a number, not "many".']],
    ['part of a connection', `${good}connections: 1.5\n`, ['10:14 "connections" must be a whole number, not 1.5.']],
    ['another version', good.replace('version: 1', 'version: 2'), ['1:10 "version" must be 1, not 2.']],
    [
      'an unknown key in a client',
      good.replace('profile: closed', 'profile: closed\n    pipline: 2'),
      ['8:5 There is no key "pipline" in "clients[0]"; did you mean "pipeline"?'],
    ],
    [
      'forward without an upstream',
      `${good}server:\n  handler: forward\n`,
      ['11:12 The handler forward needs the key "upstream": the server behind it.'],
    ],
    [
      'an upstream that nobody uses',
      `${good}upstream:\n  waitMs: 5\n`,
      [expect.stringMatching(/^11:3 An upstream is used by the handler forward only/)],
    ],
    [
      'more clients than connections',
      `${good}connections: 1\n`.replace('- profile: closed', '- profile: closed\n  - profile: churn'),
      [expect.stringMatching(/2 clients share 1 connections/)],
    ],
    [
      'a key given twice',
      `${good}title: Again\n`,
      [expect.stringMatching(/^10:1 This is not YAML: Map keys must be unique/)],
    ],
    ['nothing', '', ['1:1 The file is empty; a scenario begins with "version: 1".']],
  ])('with %s is refused at its line and column', (_what, text, expected) => {
    expect(mistakes(text)).toEqual(expected);
  });

  it('tells every mistake, in the order of the text', () => {
    const found = mistakes(`${good.replace('epoll-lt', 'nothing-like-it')}durationSeconds: x\nport: 1\n`);
    expect(found.map((mistake) => mistake.split(':')[0])).toEqual(['9', '10', '11']);
  });
});

describe('phases and sweeps', () => {
  it.each([
    ['that outlasts the run', 'phases: [{ at: 1, for: 2, paused: true }]', /^10:24 The phase would last until 3 s/],
    ['that changes nothing', 'phases: [{ at: 1, for: 1 }]', /^10:10 A phase changes something/],
    [
      'within another that changes the same',
      'phases: [{ at: 0, for: 2, workUs: 5 }, { at: 1, workUs: 9 }]',
      /^10:57 "workUs" is changed already by the phase at 0 s, which lasts until 2 s/,
    ],
    [
      'a killed worker that comes back',
      'phases: [{ at: 1, for: 1, killWorker: true }]',
      /^10:24 A worker that was killed/,
    ],
    [
      'a sweep beside variants',
      'sweep: { over: clients, values: [1] }\nvariants: [{ label: a }]',
      /either variants or a/,
    ],
    ['a sweep over what it cannot vary', 'sweep: { over: threads, values: [1] }', /^10:16 "sweep.over" must be one of/],
    ['half a connection', 'sweep: { over: clients, values: [1, 2.5] }', /^10:37 A value of clients is a whole number/],
    ['nobody left to ask', 'sweep: { over: idle, values: [0.999] }', /^10:31 Of 50 connections none would be left/],
  ])('with %s are refused at their line and column', (_what, line, expected) => {
    expect(mistakes(`${good}${line}\n`)).toEqual([expect.stringMatching(expected)]);
  });

  it('are the runs of each value, whose names expectations may use', () => {
    const text = `${good}sweep: { over: clients, values: [10, 200] }
expectations: [{ expect: 'p99(epoll-lt, "clients=200") > p99(epoll-lt, "clients=10")', because: b, otherwise: o }]
`;
    const plan = planScenario(parseScenario(text, 'my.yaml'));
    expect(plan.map(({ variant, settings }) => [variant, settings.connections])).toEqual([
      ['clients=10', 10],
      ['clients=200', 200],
    ]);
    expect(mistakes(text.replaceAll('clients=200"', 'clients=20"'))[0]).toContain('clients=20');
  });

  it('that last for a while are followed by what was before, even within each other', () => {
    const start = { model: 'epoll-lt', connections: 50, clients: [], workUs: 0, waitMs: 7, chunks: 1 } as const;
    const moments = unfoldPhases(
      [
        { at: 1, for: 4, label: 'storm', waitMs: 90 },
        { at: 2, for: 1, switch: 'poll', paused: true },
        { at: 4, workUs: 3 },
        { at: 5, for: 1, workUs: 8 },
      ],
      start,
    );
    expect(moments).toEqual([
      { at: 1, label: 'storm', waitMs: 90 },
      { at: 2, switch: 'poll', paused: true },
      { at: 3, switch: 'epoll-lt', paused: false },
      { at: 4, workUs: 3 },
      { at: 5, label: 'end of storm', waitMs: 7 },
      { at: 5, workUs: 8 },
      { at: 6, workUs: 3 },
    ]);
  });

  it('are in the JSON Schema for editors, which asks for what has no default', () => {
    const schema = scenarioJsonSchema();
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      $schema: expect.any(String) as string,
    });
    expect(schema.required).toEqual(['version', 'title', 'question', 'clients', 'models']);
    const { phases, sweep, clients } = schema.properties as Record<string, { items?: object }>;
    expect(phases?.items).toMatchObject({ properties: { at: {}, for: {}, switch: {}, killWorker: { const: true } } });
    expect(sweep).toMatchObject({ properties: { over: { enum: ['clients', 'rate', 'size', 'idle'] } } });
    expect(JSON.stringify(clients)).toContain('"slow-writer"');
  });
});

describe('the plan of a scenario', () => {
  it('runs every model for each variant, and a variant changes only what it names', () => {
    const text = `${good}  - poll
server:
  responseBytes: 7
variants:
  - label: small
  - label: large
    server: { chunks: 3 }
    durationSeconds: 1
`;
    const plan = planScenario(parseScenario(text, 'my.yaml'));
    expect(plan.map(({ variant, settings }) => [variant, settings.server.model, settings.durationSeconds])).toEqual([
      ['small', 'epoll-lt', 3],
      ['small', 'poll', 3],
      ['large', 'epoll-lt', 1],
      ['large', 'poll', 1],
    ]);
    expect(plan[3]?.settings.server).toMatchObject({ responseBytes: 7, chunks: 3, protocol: 'http' });
  });
});

describe('the shipped scenarios', () => {
  const folder = new URL('../../shared/scenarios/', import.meta.url);
  const files = readdirSync(folder);

  it('each asks a question and judges what it measured', () => {
    const scenarios = files.map((file) => parseScenario(readFileSync(new URL(file, folder), 'utf8'), file));
    expect(scenarios.length).toBeGreaterThanOrEqual(19);
    for (const { title, question, expectations } of scenarios) {
      expect(question, title).toMatch(/\?$/);
      expect(expectations?.length ?? 0, title).toBeGreaterThan(0);
    }
  });

  it.each(files)('%s is valid', (file) => {
    expect(planScenario(parseScenario(readFileSync(new URL(file, folder), 'utf8'), file)).length).toBeGreaterThan(0);
  });

  it('quick-tour has five models of three seconds each', () => {
    const plan = planScenario(parseScenario(readFileSync(new URL('quick-tour.yaml', folder), 'utf8'), 'quick-tour'));
    expect(plan.map(({ settings }) => settings.durationSeconds)).toEqual([3, 3, 3, 3, 3]);
  });
});

describe('the nearest word', () => {
  it('is found over a typing mistake, and not where nothing is near', () => {
    expect(nearest('conections', ['connections', 'clients'])).toBe('connections');
    expect(nearest('epoll_lt', ['epoll-et', 'epoll-lt'])).toBe('epoll-lt');
    expect(nearest('banana', ['connections', 'clients'])).toBeUndefined();
  });
});

describe('a text of 1 MiB in which all is wrong', () => {
  const mebibyte = 1 << 20;
  const filled = (piece: string): string => piece.repeat(Math.floor(mebibyte / piece.length));
  const lines = (count: number, line: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');

  it.each<[string, () => string, RegExp]>([
    ['60,000 unknown keys', () => lines(60_000, (i) => `key${i}: 1`), /more than 20000 words/],
    ['one list', () => `version: 1\nmodels: [${filled('1,')}]`, /more than 20000 words/],
    ['brackets', () => filled('['), /nested too deeply/],
    ['groups in groups', () => lines(1400, (i) => `${' '.repeat(i)}a:`), /nested too deeply/],
    ['braces that close nothing', () => filled('}\n'), /more than 20000 words/],
    ['escapes that are none', () => `a: "${filled('\\x')}"`, /more than 20000 words/],
    ['one key', () => `version: 1\n${filled('k')}: 1`, /at most 1024/],
    ['aliases', () => `a: &a 1\nb: [${filled('*a,')}]`, /more than 20000 words/],
    ['comments', () => filled('# x\n'), /more than 20000 words/],
  ])('is refused for what is too much: %s', (_what, text, sentence) => {
    // CPU, which does not count what other programs take; the bound is the one that users were promised.
    const before = process.cpuUsage();
    const { mistakes } = readScenario(text());
    const { user, system } = process.cpuUsage(before);
    expect(mistakes.length).toBeLessThanOrEqual(100);
    expect(mistakes[0]?.sentence).toMatch(sentence);
    expect((user + system) / 1e6).toBeLessThan(2);
  });

  it('has at most 100 of its mistakes told, in the order of the text, and short ones', () => {
    const { mistakes } = readScenario(lines(900, (i) => `${'k'.repeat(200)}${i}: 1`));
    expect(mistakes).toHaveLength(100);
    for (const { sentence } of mistakes) expect(sentence.length).toBeLessThan(500);
    expect(mistakes.map(({ line }) => line)).toEqual([...mistakes.map(({ line }) => line)].sort((a, b) => a - b));
  });

  it('still names a key that stands twice', () => {
    expect(readScenario('version: 1\ntitle: a\ntitle: b\n').mistakes).toEqual([
      { line: 3, column: 1, sentence: 'This is not YAML: Map keys must be unique: title.' },
    ]);
  });
});
