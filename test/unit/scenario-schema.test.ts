import { describe, expect, it } from 'vitest';
import { metricNames } from '../../shared/expectations/metrics.ts';
import { scenarioJsonSchema } from '../../shared/schemas/json-schema.ts';
import { keyTexts } from '../../shared/schemas/key-texts.ts';
import { parseScenario, ScenarioError } from '../../shared/schemas/scenario-text.ts';

type Node = Record<string, unknown>;

/** Every property of the schema, with the path of its name. */
function propertiesOf(node: unknown, path = ''): { path: string; property: Node }[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === 'default' || key === 'examples') return [];
    if (key !== 'properties') return propertiesOf(value, path);
    return Object.entries(value as Record<string, Node>).flatMap(([name, property]) => [
      { path: `${path}.${name}`, property },
      ...propertiesOf(property, `${path}.${name}`),
    ]);
  });
}

describe('the schema of scenarios', () => {
  const {
    'x-metrics': figures,
    'x-models': models,
    ...schema
  } = scenarioJsonSchema([
    {
      ...{ id: 'poll', summary: 'S', family: 'multiplexing', execution: 'event-loop', sourceFile: '', available: true },
      options: [{ name: 'backlog', summary: 'B', kind: 'integer', min: 1, max: 9, default: 4 }],
    },
  ] as never);
  const properties = propertiesOf(schema);

  it('describes every key, with an example', () => {
    expect(properties.length).toBeGreaterThan(150);
    const bare = properties.filter(({ property }) => !property.description || !property.examples);
    expect(bare.map(({ path }) => path)).toEqual([]);
    expect(properties.find(({ path }) => path === '.durationSeconds')?.property).toMatchObject({
      ...{ default: 3, description: 'Length of the measured interval. In s.', examples: [3] },
    });
  });

  it('has a text for no key that is not there', () => {
    const names = new Set(properties.map(({ path }) => path.split('.').at(-1)));
    expect(Object.keys(keyTexts).filter((key) => !names.has(key.split('.').at(-1)))).toEqual([]);
  });

  it('names the figures of expectations, and the options of models', () => {
    expect(Object.keys(figures as Node)).toEqual(metricNames);
    expect(figures).toMatchObject({ p99: { unit: 'µs', isByProfile: true }, rss: { isByProfile: false } });
    expect(models).toMatchObject({ poll: { options: { backlog: { min: 1, max: 9, default: 4 } } } });
  });
});

describe('a scenario', () => {
  const mistakesIn = (text: string): string[] => {
    try {
      parseScenario(text, 'mine');
      return [];
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      return error.mistakes.map(({ line, sentence }) => `${line}: ${sentence}`);
    }
  };

  it('in its first draft needs no texts but its question', () => {
    const text = [
      'version: 1',
      'title: Nagle',
      'question: Does Nagle matter?',
      'clients: [{ profile: closed, noDelay: false }]',
      'server: { chunks: 3 }',
      'models: [epoll-lt]',
      'variants: [{ label: without }, { label: with, server: { noDelay: false, sendBufferBytes: 4096 } }]',
      "expectations: [{ expect: \"p50(epoll-lt, 'with') > p50(epoll-lt, 'without')\" }]",
    ].join('\n');
    const scenario = parseScenario(text, 'mine');
    expect(scenario).toMatchObject({ watch: [], expectations: [{ because: '', otherwise: '' }] });
    expect(scenario.variants?.[1]?.server).toEqual({ noDelay: false, sendBufferBytes: 4096 });
  });

  it('is told mistakes of its structure and of its expressions together', () => {
    const text = [
      'version: 1',
      'title: T',
      'qestion: Q',
      'clients: [{ profile: closed }]',
      'models: [epoll-lt, { model: poll, label: old }]',
      'predict: { ask: A, choices: [{ text: a, when: p99(pol) > 1 }, { text: b, when: p99(old) > 1 }] }',
      'expectations:',
      '  - expect: p98(epoll-lt) > 1',
      '  - expect: p99(epoll-lt, churn) > 1',
    ].join('\n');
    const told = mistakesIn(text).join('\n');
    for (const part of [
      '3: There is no key "qestion"; did you mean "question"?',
      '6: "p99(pol) > 1" names the model "pol"',
      '8: "p98(epoll-lt) > 1" asks for the unknown figure "p98"',
      '9: "p99(epoll-lt, churn) > 1" names the profile "churn"',
    ]) {
      expect(told).toContain(part);
    }
    expect(told).not.toContain('p99(old)');
  });
});
