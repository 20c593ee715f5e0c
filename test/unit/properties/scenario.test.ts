/** Scenarios: printed as YAML and parsed again they are the same, whatever words and numbers they have. */
import './runs.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { modelIds } from '../../../shared/catalogue.ts';
import { parseScenario, ScenarioError } from '../../../shared/schemas/scenario-text.ts';
import { planScenario, scenarioSchema } from '../../../shared/schemas/scenario.ts';
import { clientProfiles, limits } from '../../../shared/schemas/settings.ts';

/** As people type it: letters of any script, quotes, colons, signs that YAML knows; no blanks around it. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    fc.constantFrom('yes', 'null', '1e3', '0x1f', '- a', '# not a comment', 'a: b', '"quoted"', "it's", '~', '|', '{}'),
  )
  .map((words) => words.trim())
  .filter((words) => words !== '');
const within = ([low, high]: readonly [number, number]): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(low), max: Math.min(high, 1e9) });
const optional = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(shape, { requiredKeys: [] });

const client = fc.constantFrom(...clientProfiles).chain((profile) =>
  optional({ startMs: within(limits.waitMs), rampMs: within(limits.waitMs) }).map((given) => ({
    profile,
    ...(profile === 'rate' ? { rate: 12.5 } : {}),
    ...given,
  })),
);

const scenario = fc
  .tuple(
    fc.record({ title: text, question: text, watch: fc.array(text, { minLength: 1, maxLength: 3 }) }),
    fc.uniqueArray(fc.constantFrom(...modelIds), { minLength: 1, maxLength: 4 }),
    fc.array(client, { minLength: 1, maxLength: 3 }),
    optional({
      durationSeconds: fc.integer({ min: 1, max: 600 }).map((n) => n / 4),
      warmupSeconds: fc.integer({ min: 0, max: 40 }).map((n) => n / 4),
      connections: fc.integer({ min: 3, max: limits.connections[1] }),
      repeats: fc.integer({ min: 1, max: 20 }),
      server: optional({
        protocol: fc.constantFrom('http', 'echo', 'resp'),
        responseBytes: within(limits.bodyBytes),
        workUs: within(limits.workUs),
        waitMs: within(limits.waitMs),
      }),
      load: optional({ timeoutMs: within(limits.timeoutMs), threads: within(limits.loadThreads) }),
      variants: fc.uniqueArray(fc.record({ label: text, connections: fc.integer({ min: 3, max: 1000 }) }), {
        ...{ minLength: 1, maxLength: 3, selector: ({ label }) => label },
      }),
    }),
    fc.option(fc.record({ because: text, otherwise: text })),
  )
  .map(([words, models, clients, rest, expectation]) => ({
    ...{ version: 1, ...words, models, clients, ...rest },
    ...(expectation ? { expectations: [{ expect: `mismatches(${models[0] ?? ''}) < 1`, ...expectation }] } : {}),
  }));

describe('a scenario', () => {
  it('that is printed as YAML is parsed as itself, and so is what was parsed', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const wanted = scenarioSchema.parse(given);
        const parsed = parseScenario(stringify(given), 'printed.yaml');
        expect(parsed).toEqual(wanted);
        expect(parseScenario(stringify(parsed), 'again.yaml')).toEqual(wanted);
        expect(parseScenario(JSON.stringify(parsed), 'as.json')).toEqual(wanted);
        expect(planScenario(parsed)).toHaveLength(given.models.length * (given.variants?.length ?? 1));
      }),
    );
  });

  it('of any text is parsed, or refused with lines and columns', () => {
    const line = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('version: 1', 'models: [poll]', 'clients:', '  - profile: closed', 'title: a'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        try {
          parseScenario(lines.join('\n'), 'any.yaml');
        } catch (error) {
          expect(error).toBeInstanceOf(ScenarioError);
          for (const mistake of (error as ScenarioError).mistakes) {
            expect(mistake.line).toBeGreaterThan(0);
            expect(mistake.column).toBeGreaterThan(0);
            expect(mistake.sentence).toMatch(/\S/);
          }
        }
      }),
    );
  });
});
