/** What the fields of a group of clients show where nothing was given: what its clients then do. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { numberOf, numberSpecs } from '../../../renderer/stores/profiles.ts';
import { clientProfiles, type Client } from '../../../shared/schemas/settings.ts';

const shown = (client: Client): Record<string, number> =>
  Object.fromEntries(numberSpecs(client.profile).map((spec) => [spec.key, numberOf(client, spec)]));

it('are the numbers of the profile, and given ones before them', () => {
  expect(shown({ profile: 'slow-writer' })).toEqual({ chunkBytes: 1, intervalMs: 50 });
  expect(shown({ profile: 'slow-reader' })).toEqual({ chunkBytes: 1024, intervalMs: 20 });
  expect(shown({ profile: 'slow-reader', chunkBytes: 7 })).toEqual({ chunkBytes: 7, intervalMs: 20 });
  expect(shown({ profile: 'burst' })).toEqual({ intervalMs: 1000, pipeline: 1 });
  expect(shown({ profile: 'reset' })).toEqual({ intervalMs: 10 });
});

it('are within what can be chosen, and written nowhere but in shared/', () => {
  for (const profile of clientProfiles) {
    for (const spec of numberSpecs(profile)) {
      const usual = numberOf(profile === 'rate' ? { profile, rate: 1000 } : { profile }, spec);
      expect(usual, `${profile}: ${spec.key}`).toBeGreaterThanOrEqual(spec.min);
      expect(usual, `${profile}: ${spec.key}`).toBeLessThanOrEqual(spec.max);
    }
  }
  const engine = readFileSync('main/engine/load/load_settings.cpp', 'utf8');
  for (const key of ['rate', 'thinkMs', 'pipeline', 'intervalMs', 'chunkBytes', 'receiveBufferBytes']) {
    const fallbacks = [
      ...engine.matchAll(new RegExp(`(?:whole|number_or|integer_or)\\("${key}",\\s*([^,]+),`, 'g')),
    ].map(([, fallback]) => fallback);
    expect(fallbacks.length, key).toBeGreaterThan(0);
    for (const fallback of fallbacks) expect(fallback, key).toMatch(/^usual\./);
  }
});
