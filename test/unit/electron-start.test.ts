/** What a start of the desktop app is told, and what keeps it from coming to a window. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { crashPage } from '../../main/electron/crash-page.ts';
import { fileArguments, ownArguments } from '../../main/electron/files.ts';
import { displayObstacle, profileObstacle } from '../../main/electron/obstacles.ts';
import { root } from '../support/engines.ts';

describe('the arguments of a start', () => {
  it('are what comes after the program, and after the checkout that Electron was told to run', () => {
    const checkout = '/home/me/fdscope';
    expect(
      ownArguments(['electron', '--inspect=0', '--user-data-dir=x', `${checkout}/`, 'a.fdscope'], checkout),
    ).toEqual(['--inspect=0', '--user-data-dir=x', 'a.fdscope']);
    expect(ownArguments(['fdscope', 'a.fdscope', checkout], undefined)).toEqual(['a.fdscope', checkout]);
    expect(ownArguments(['electron', checkout, checkout], checkout)).toEqual([checkout]);
  });

  it('name files by paths or by addresses, with all signs that both can have', () => {
    const given = [
      '--x',
      '',
      'a b.fdscope',
      '/t/100%.fdscope',
      'file:///t/a%20b%2350%25.fdscope',
      'FILE:///t/%C3%BC.yaml',
    ];
    expect(fileArguments(given, '/home/me')).toEqual([
      '/home/me/a b.fdscope',
      '/t/100%.fdscope',
      '/t/a b#50%.fdscope',
      '/t/ü.yaml',
    ]);
  });

  it('of another machine, or no address at all, are no file here', () => {
    for (const address of ['file://elsewhere/a.fdscope', 'file:///a%2Fb.fdscope', 'file:///%zz.fdscope'])
      expect(existsSync(fileArguments([address], '/home/me')[0] ?? '')).toBe(false);
  });
});

describe('what keeps the app from starting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-obstacle-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const noSwitch = (): boolean => false;

  it('is root, and no display', () => {
    const env = { DISPLAY: ':0' };
    expect(displayObstacle({ uid: 0, env, hasSwitch: noSwitch })).toMatch(/^fdscope does not run as root/);
    expect(displayObstacle({ uid: 1000, env, hasSwitch: noSwitch })).toBeUndefined();
    expect(displayObstacle({ uid: 1000, env: { WAYLAND_DISPLAY: 'wayland-0' }, hasSwitch: noSwitch })).toBeUndefined();
    expect(displayObstacle({ uid: 1000, env: { DISPLAY: '' }, hasSwitch: noSwitch })).toMatch(/^There is no display/);
    for (const given of ['display', 'ozone-platform'])
      expect(displayObstacle({ uid: 1000, env: {}, hasSwitch: (name) => name === given })).toBeUndefined();
  });

  it('is a folder for its settings that is a file, or that cannot be made', () => {
    const profile = join(folder, 'new/profile');
    expect(profileObstacle({ profile })).toBeUndefined();
    expect(existsSync(profile)).toBe(true);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const broken of [file, join(file, 'profile')])
      expect(profileObstacle({ profile: broken })).toMatch(
        /^fdscope keeps its settings in .+, which it may not write to \(.+\)\./,
      );
    const closed = join(folder, 'closed');
    expect(profileObstacle({ profile: closed })).toBeUndefined();
    chmodSync(closed, 0o500);
    // Root may write everywhere.
    expect(profileObstacle({ profile: closed }) === undefined).toBe(process.getuid?.() === 0);
  });
});

describe('the page in the place of one that has crashed', () => {
  const said = (query: string): string => crashPage(new URLSearchParams(query));
  it('says why, as far as Chromium tells', () => {
    expect(said('reason=killed&code=9')).toContain('It was ended from outside (exit code 9)');
    expect(said('reason=crashed&code=11')).toContain('It crashed (exit code 11)');
    expect(said('reason=crashed&code=5')).toContain('as it does when it is out of memory (exit code 5)');
    expect(said('reason=oom&code=1')).toContain('It ran out of memory');
    expect(said('reason=<b>&code=<b>')).toContain('It ended (exit code unknown)');
  });
});

/** main/electron/electron-versions.md has the list with its sources. */
describe('what Electron had in 33 and has no more in 45', () => {
  const gone = [
    ...['setPreloads', 'getPreloads', 'syncable', 'plugin-crashed', 'routingId', 'findFrameByRoutingId', 'host-rules'],
    ...['ELECTRON_OZONE_PLATFORM_HINT', 'ORIGINAL_XDG_CURRENT_DESKTOP', 'showHiddenFiles', 'BrowserView'],
    ...['registerBufferProtocol', 'registerFileProtocol', 'registerHttpProtocol', 'registerStringProtocol', 'isUnity'],
  ];
  const folder = join(root, 'main/electron');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

  it('is used nowhere in the shell', () => {
    expect(sources.length).toBeGreaterThan(15);
    const used = sources.flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return gone.filter((word) => text.includes(word)).map((word) => `${name} uses ${word}`);
    });
    expect(used).toEqual([]);
  });

  it('is a module `clipboard` that answers later, which the shell does not ask at all', () => {
    const api = readFileSync(join(folder, 'api.ts'), 'utf8');
    expect(api).not.toContain('clipboard');
  });
});
