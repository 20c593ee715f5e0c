/** Every sentence about the kernel is shown by something here, or says who says so and of which version. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/engines.ts';
import { kernelClaims, kernelSentences } from '../support/kernel-sentences.ts';

const sentences = kernelSentences();
const claims = kernelClaims();

describe('sentences about the kernel', () => {
  it('are found', () => {
    expect(sentences.length).toBeGreaterThan(30);
  });

  it('are shown by a test, or have a source', () => {
    const bare = sentences.filter(({ text }) => !claims.some(({ says }) => text.includes(says)));
    expect(bare.map(({ from, text }) => `${from}: ${text}`)).toEqual([]);
  });

  it('stand behind every claim of the list, none of which is out of date', () => {
    const stale = claims.filter(({ says }) => !sentences.some(({ text }) => text.includes(says)));
    expect(stale.map(({ says }) => says)).toEqual([]);
  });

  it('are shown by what exists, and sources say of which version', () => {
    const folders: Readonly<Record<string, string>> = { walk: 'walks', lesson: 'lessons', scenario: 'scenarios' };
    for (const claim of claims) {
      if ('source' in claim) {
        expect(claim.source, claim.says).toMatch(/Linux \d|man-pages \d|RFC \d|liburing \d/);
        continue;
      }
      const [kind = '', name = ''] = claim.shown.split('/');
      const folder = folders[kind];
      const file = folder ? `shared/${folder}/${name}.${kind === 'lesson' ? 'md' : 'yaml'}` : claim.shown;
      expect(existsSync(join(root, file)), claim.shown).toBe(true);
    }
  });
});
