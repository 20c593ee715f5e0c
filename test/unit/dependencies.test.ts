/** The check of other people's packages: it passes as things are, and sees each kind of fault that is planted. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/engines.ts';

interface Lock {
  packages: Record<string, Record<string, unknown>>;
}
interface Named {
  licences: Record<string, string>;
  installScripts: Record<string, string>;
  fetches: Record<string, string>;
  mostProductMiB: number;
  packages: Record<string, string[]>;
}
// Plain JavaScript, as it runs before anything is installed: it has no types.
const script: string = join(root, 'main/dev/dependencies.mjs');
const { lookAt } = (await import(script)) as {
  lookAt: (lock: Lock, named: Named, folder: string) => { problems: string[] };
};

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const found = (change: (lock: Lock, named: Named) => void, folder = root): string[] => {
  const [lock, named] = [read('package-lock.json') as Lock, read('main/dev/dependencies.json') as Named];
  change(lock, named);
  return lookAt(lock, named, folder).problems;
};

describe('the packages of others', () => {
  it('are all named', () => expect(found(() => {})).toEqual([]));

  it.each<[string, (lock: Lock, named: Named) => void, RegExp]>([
    [
      'a package that nobody named',
      ({ packages }) => (packages['node_modules/a/node_modules/@new/one'] = { license: 'MIT', dev: true }),
      /^@new\/one \(MIT\) is new/,
    ],
    [
      'another licence than before',
      ({ packages }) => Object.assign(packages['node_modules/zod'] ?? {}, { license: 'ISC' }),
      /^zod has another licence than it had: ISC, not MIT/,
    ],
    [
      'a licence that nobody agreed to',
      ({ packages }, named) => {
        packages['node_modules/new'] = { license: 'Proprietary', dev: true };
        named.packages.Proprietary = ['new'];
      },
      /^new has a licence that nobody has agreed to: Proprietary/,
    ],
    [
      'a package without a licence',
      ({ packages }) => delete packages['node_modules/zod']?.license,
      /^zod has a licence that nobody has agreed to: none given/m,
    ],
    [
      'an install script',
      ({ packages }) => Object.assign(packages['node_modules/zod'] ?? {}, { hasInstallScript: true }),
      /^zod has an install script that nobody has named/,
    ],
    [
      'a name of something that is gone',
      (_lock, named) => (named.fetches.gone = 'it is said'),
      /^gone is named in fetches and is not there/,
    ],
    ['a product that has grown', (_lock, named) => (named.mostProductMiB = 1), /more than mostProductMiB \(1\)/],
  ])('are looked at for %s', (_what, change, sentence) => {
    expect(found(change).join('\n')).toMatch(sentence);
  });

  it.each(["import https from 'node:https';", "const { request } = require('http');", 'await fetch(address);'])(
    'are looked at for what reaches other machines when it runs: %s',
    (code) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdscope-packages-'));
      try {
        mkdirSync(join(folder, 'node_modules/zod/lib'), { recursive: true });
        writeFileSync(join(folder, 'node_modules/zod/lib/index.js'), code);
        expect(found(() => {}, folder)).toEqual([expect.stringMatching(/^zod can reach other machines when it runs/)]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
