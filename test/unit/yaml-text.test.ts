/** YAML as people write it: merge keys, several documents; and the words for what cannot be read. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml, ScenarioError } from '../../shared/schemas/yaml-text.ts';

const client = z.strictObject({ profile: z.enum(['closed', 'rate']), connections: z.number().int().min(1) });
const schema = z.strictObject({ base: z.record(z.string(), z.unknown()).optional(), clients: z.array(client) });

const read = (text: string): z.infer<typeof schema> => parseYaml(text, 'own.yaml', schema, 'a test');
function mistakeOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ScenarioError) return error.message;
    throw error;
  }
  throw new Error('It was read.');
}

describe('merge keys', () => {
  it('bring the keys of another map, but for one’s own', () => {
    const { clients } = read(
      'clients:\n  - &plain\n    profile: closed\n    connections: 2\n  - <<: *plain\n    connections: 1\n',
    );
    expect(clients).toEqual([
      { profile: 'closed', connections: 2 },
      { profile: 'closed', connections: 1 },
    ]);
  });

  it('of a list: the first map that has a key', () => {
    const text =
      'base: { a: &a { profile: rate }, b: &b { profile: closed, connections: 7 } }\nclients:\n  - <<: [*a, *b]\n';
    expect(read(text).clients).toEqual([{ profile: 'rate', connections: 7 }]);
  });

  it('a mistake in what was merged is told where it stands', () => {
    const text = 'base: { a: &a { profile: closed, connections: many } }\nclients:\n  - <<: *a\n';
    expect(mistakeOf(text)).toMatch(/^own\.yaml:1:47: .*connections.* must be a number/);
  });

  it.each([
    ['clients:\n  - <<: 3\n', /^own\.yaml:2:5: A merge \(<<\) takes the keys of another map/],
    ['clients:\n  - <<: [3]\n', /^own\.yaml:2:5: A merge \(<<\) takes/],
    ['base: &a\n  <<: *a\n', /^own\.yaml:2:3: This map would merge itself/],
    ['base: &a { x: { <<: *a } }\n', /^own\.yaml:1:17: This map would merge itself/],
    [`base: &a {}\nclients: [${'{ <<: *a },'.repeat(250)}]\n`, /more than 200 merges/],
  ])('%s is one mistake', (text, sentence) => {
    const mistake = mistakeOf(text);
    expect(mistake).toMatch(sentence);
    expect(mistake.split('\n')).toHaveLength(1);
  });

  it('a text in quotes is a key like any other', () => {
    expect(mistakeOf('clients: []\n"<<": { a: 1 }\n')).toMatch(/^own\.yaml:2:1: /);
  });
});

describe('several documents', () => {
  it('are told at the line where the second begins, in words of whoever writes files', () => {
    const mistake = mistakeOf('clients: []\n---\nclients: []\n');
    expect(mistake).toMatch(/^own\.yaml:2:1: Here a second document begins .*file of its own\.$/);
    expect(mistake).not.toMatch(/parse/i);
  });

  it('of which the first is only a marker, or the last only an end, are one', () => {
    expect(read('---\nclients: []\n').clients).toEqual([]);
    expect(read('clients: []\n...\n').clients).toEqual([]);
  });
});
