/** Help > About, `fdscope --version` and Doctor: the same words of what this fdscope is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { aboutThis, commit, fullVersion } from '../../main/lab/about.ts';
import { ownItems } from '../../main/lab/doctor.ts';
import { version } from '../../main/lab/engine-location.ts';

const sum = 'ed1c95459cc0ffee0123456789abcdef01234567';
const shown = 'ed1c95459cc0';
let root = '';
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fdscope-about-'));
  put('package.json', '{"name":"fdscope","version":"7.8.9"}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('knows the commit of a checkout: of a branch, of packed ones, of none, and of a linked worktree', () => {
  put('.git/HEAD', 'ref: refs/heads/main\n');
  expect(commit(root)).toBeUndefined();
  put('.git/packed-refs', `# pack-refs with: peeled\n${'0'.repeat(40)} refs/heads/other\n${sum} refs/heads/main\n`);
  expect(commit(root)).toBe(shown);
  put('.git/refs/heads/main', `${'a'.repeat(40)}\n`);
  expect(commit(root)).toBe('a'.repeat(12));
  put('.git/HEAD', `${sum}\n`);
  expect(fullVersion(root)).toBe(`7.8.9 (commit ${shown})`);
  const main = root;
  root = join(main, 'tree');
  put('package.json', '{"name":"fdscope","version":"1.0.0"}');
  put('.git', 'gitdir: ../.git/worktrees/tree\n');
  put('../.git/worktrees/tree/HEAD', 'ref: refs/heads/main\n');
  put('../.git/worktrees/tree/commondir', '../..\n');
  expect(commit(root)).toBe('a'.repeat(12));
  root = main;
});

it('knows that of a package by its manifest, and says none where nobody knows', () => {
  expect(fullVersion(root)).toBe('7.8.9');
  put('package.json', JSON.stringify({ name: 'fdscope', version: '7.8.9', commit: sum }));
  expect(fullVersion(root)).toBe(`7.8.9 (commit ${shown})`);
  put('package.json', JSON.stringify({ name: 'fdscope', version: '7.8.9', commit: '<b>' }));
  expect(fullVersion(root)).toBe('7.8.9');
});

it('says version, engine, what it runs on and where sessions are, as Doctor does', () => {
  const rows = new Map(aboutThis('web', '/somewhere/sessions').map(({ label, value }) => [label, value]));
  expect([...rows.keys()]).toEqual(['fdscope', 'engine', 'runs on', 'installed in', 'sessions']);
  expect(rows.get('fdscope')).toBe(`${fullVersion()}, in a browser`);
  expect(rows.get('fdscope')).toContain(version());
  expect(rows.get('engine')).toMatch(/^\/.*fdscope-engine \(sha256 [0-9a-f]{12}\)$/);
  expect(rows.get('runs on')).toContain(`Node ${process.versions.node}`);
  expect(rows.get('sessions')).toBe('/somewhere/sessions');
  expect(ownItems().map(({ value }) => value)).toEqual([fullVersion(), rows.get('engine')]);
});
