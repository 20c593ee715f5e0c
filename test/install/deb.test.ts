/**
 * The deb on a clean Debian: installed by apt, started from its desktop entry by an ordinary user under a window manager, opened
 * by file association, upgraded with its sessions kept, and removed.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanDebian, type Said } from '../support/debian/clean-debian.ts';
import { libraryPaths, missingLibraries, packagesOf } from '../support/debian/libraries.ts';
import { goneSince, makePackages, olderVersion, type Packages } from '../support/debian/packages.ts';
import { startDisplay, type Display } from '../support/desktop/display.ts';
import { programsUnder } from '../support/desktop/processes.ts';
import { root } from '../support/engines.ts';
import { toolEnvironment } from '../support/tools.ts';

const app = '/opt/fdscope';
/** What Electron's folder holds of programs and libraries, which differs between its versions. */
const programsOf = (debian: CleanDebian): string[] =>
  debian
    .names(app)
    .filter((name) => /^(fdscope|chrome_crashpad_handler)$|\.so(\.\d+)?$/.test(name))
    .map((name) => join(app, name));
const entry = '/usr/share/applications/fdscope.desktop';
const sessions = '/home/ada/.local/share/fdscope/sessions';
const limitMs = 1_800_000;

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const put = (debian: CleanDebian, deb: string): string => {
  debian.putForRoot(deb, 'root');
  return `./${basename(deb)}`;
};

/** As a user does: the package and all that it needs, in one go. */
const install = (debian: CleanDebian, deb: string): Promise<string> =>
  debian.asRoot('apt-get', 'install', '--yes', put(debian, deb));

/** What was begun last ends first, also where a beginning failed. */
async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  for (const end of [...ends].reverse()) await end();
}

describe('the deb on a clean Debian', { timeout: limitMs }, () => {
  const ends: (() => unknown)[] = [];
  let packages: Packages;
  let debian: CleanDebian;
  let display: Display;
  const shown = (): Record<string, string> => ({ DISPLAY: display.name });

  beforeAll(async () => {
    display = await startDisplay();
    ends.push(() => display.stop());
    packages = await makePackages(process.env.FDSCOPE_ELECTRON ?? '');
    ends.push(() => packages.remove());
    debian = await CleanDebian.make('bookworm');
    ends.push(() => debian.remove());
    await debian.asRoot('apt-get', 'update');
  }, limitMs);
  afterAll(() => endAll(ends), limitMs);

  const running = (): string[] =>
    programsUnder(debian.pid)
      .filter(({ program }) => program.endsWith(`${app}/fdscope`) || program.includes('fdscope-engine'))
      .map(({ command }) => command);
  const inLibrary = (): string[] => debian.names(sessions).filter((name) => name.endsWith('.fdscope'));

  /** As a desktop does it: what is started goes on, and has this terminal no longer. */
  async function byDesktop(...command: string[]): Promise<void> {
    const env = { ...shown(), XDG_CURRENT_DESKTOP: 'GNOME' };
    const { code } = await debian.asUser(['sh', '-c', '"$@" >/dev/null 2>&1', 'sh', ...command], env);
    expect([command, code]).toEqual([command, 0]);
  }

  /** Names of the windows that are shown. */
  const windows = async (): Promise<string[]> => {
    const env = { ...toolEnvironment, DISPLAY: display.name };
    try {
      const { stdout } = await promisify(execFile)('xdotool', ['search', '--onlyvisible', '--class', 'fdscope'], {
        env,
      });
      return stdout.trim().split('\n');
    } catch {
      return []; // xdotool fails where there is none
    }
  };
  const isShown = (): Promise<void> => expect.poll(windows, { timeout: 300_000 }).toHaveLength(1);
  /** As its window manager does it for who presses the cross. */
  async function closeWindow(): Promise<void> {
    const env = { ...toolEnvironment, DISPLAY: display.name };
    const [window = ''] = await windows();
    await promisify(execFile)('xdotool', ['windowactivate', '--sync', window, 'key', '--clearmodifiers', 'alt+F4'], {
      env,
    });
    await expect.poll(running, { timeout: 300_000 }).toEqual([]);
  }

  it('is installed by apt, with all that it needs', async () => {
    await install(debian, packages.older);
    expect(await debian.asRoot('dpkg', '--audit')).toBe('');
    expect(await debian.asRoot('dpkg', '--verify', 'fdscope')).toBe('');
    expect(await missingLibraries(debian, programsOf(debian))).toEqual([]);
    // Of what it is linked with nothing is there by chance, for another package's sake.
    const control = await debian.asRoot('dpkg-query', '-W', '-f', '${Depends}', 'fdscope');
    const named = control.split(/[,|]/).map((each) => each.trim().replace(/ .*/, ''));
    const needed = await packagesOf(debian, await libraryPaths(debian, programsOf(debian)));
    expect(needed.length).toBeGreaterThan(20);
    expect(needed.filter((name) => !named.includes(name))).toEqual([]);
    // AppArmor before 4 does not know the profile's language.
    expect(debian.names('etc/apparmor.d')).not.toContain('fdscope');
  });

  it('tells of a changed byte in its archive to who asks dpkg, as Electron checks archives on macOS and Windows alone', async () => {
    const archive = join(app, 'resources/app.asar');
    const path = debian.path(archive);
    const whole = readFileSync(path);
    const changed = Buffer.from(whole);
    const at = changed.indexOf('A second start was not understood.');
    expect(at).toBeGreaterThan(0);
    changed[at] = 'a'.charCodeAt(0);
    writeFileSync(path, changed);
    expect((await debian.tryAsRoot('dpkg', '--verify', 'fdscope')).stdout).toMatch(/^..5.*\/resources\/app\.asar$/m);
    writeFileSync(path, whole);
    expect(await debian.asRoot('dpkg', '--verify', 'fdscope')).toBe('');
  });

  it('has a command line, for root too', async () => {
    const text = async (said: Promise<Said>): Promise<string> => {
      const { code, stdout, stderr } = await said;
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    expect((await text(debian.asUser(['fdscope', '--version']))).trim()).toContain(olderVersion);
    expect(await text(debian.tryAsRoot('fdscope', 'models'))).toContain('epoll-lt');
    for (const model of ['epoll-lt', 'node']) {
      const args = ['run', '--model', model, '--connections', '4', '--duration', '1', '--json'];
      const { code, stdout, stderr } = await debian.asUser(['fdscope', ...args]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`"${model}"`);
    }
  });

  it('says in a sentence why there is no window: for root, and without a display', async () => {
    expect(await debian.tryAsRoot('fdscope')).toMatchObject({
      code: 1,
      stderr:
        'The window of fdscope does not open for root, whom its sandbox does not hold: start it as another user.\n',
    });
    const { code, stderr } = await debian.asUser(['fdscope']);
    expect(stderr).toContain('There is no display (DISPLAY and WAYLAND_DISPLAY are not set)');
    expect(code).toBe(1);
  });

  it('is started from its desktop entry, and ends with its window', async () => {
    // Of a desktop, which this clean system has not: what starts entries and opens files.
    await debian.asRoot(
      'apt-get',
      'install',
      '--yes',
      '--no-install-recommends',
      'libglib2.0-bin',
      'desktop-file-utils',
    );
    await debian.asRoot('desktop-file-validate', entry);
    await byDesktop('gio', 'launch', entry);
    await isShown();
    // In Chromium's sandbox, by namespaces: nobody asked for none.
    const pages = running().filter((command) => command.includes('--type=renderer'));
    expect(pages.length).toBeGreaterThan(0);
    expect(running().filter((command) => command.includes('--no-sandbox'))).toEqual([]);
    await closeWindow();
  });

  it('runs and switches a lab, records it, and keeps the session', async () => {
    const port = 9_339;
    const started = debian.startAsUser(['fdscope', `--remote-debugging-port=${port}`], shown());
    const ended = new Promise((resolve) => started.once('close', resolve));
    const deadline = performance.now() + 300_000;
    const connect = async (): ReturnType<typeof chromium.connectOverCDP> => {
      try {
        return await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { timeout: 300_000 });
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await pause(500);
        return connect();
      }
    };
    const browser = await connect();
    const context = browser.contexts()[0];
    const page = context?.pages()[0] ?? (await context?.waitForEvent('page'));
    if (!page) throw new Error('The app has no page.');
    page.setDefaultTimeout(150_000);
    await page.locator('footer').getByText('Ready', { exact: true }).waitFor();
    await page.getByRole('navigation').getByRole('button', { name: 'Scope', exact: true }).click();
    await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
    await page.locator('footer').getByText('Running', { exact: true }).waitFor();
    await page.keyboard.press('l');
    for (const model of ['select', 'node']) {
      await page.getByRole('button', { name: model, exact: true }).click();
      await page.locator('.channel.serving').getByRole('button', { name: model, exact: true }).waitFor();
    }
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('Record the run');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Recording', exact: true }).waitFor();
    await pause(1500);
    await closeWindow();
    await ended;
    await browser.close();
    expect(inLibrary()).toHaveLength(1);
  });

  it('opens sessions by their type, whatever their names are, also two at once', async () => {
    const types = ['application/x-fdscope-session', 'application/x-fdscope-scenario'];
    for (const type of types) {
      const { stdout } = await debian.asUser(['xdg-mime', 'query', 'default', type]);
      expect([type, stdout.trim()]).toEqual([type, 'fdscope.desktop']);
    }
    const names = ['a session.fdscope', '50% of #2.fdscope', 'one of two ü.fdscope', 'two of two %41.fdscope'];
    for (const name of names) {
      const args = ['run', '--model', 'epoll-lt', '--connections', '4', '--duration', '1', '--record', name];
      const { code, stderr } = await debian.asUser(['fdscope', ...args]);
      expect(code, stderr).toBe(0);
    }
    const [spaces = '', percent = '', first = '', second = ''] = names.map((name) => join(debian.home, name));
    expect((await debian.asUser(['gio', 'info', '-a', 'standard::content-type', percent])).stdout).toContain(types[0]);
    const before = inLibrary().length;
    await byDesktop('gio', 'open', spaces);
    await isShown();
    await expect.poll(inLibrary, { timeout: 300_000 }).toHaveLength(before + 1);
    expect(inLibrary()).toContain('a-session.fdscope');
    await byDesktop('xdg-open', percent);
    await byDesktop('gio', 'launch', entry, first, second);
    await expect.poll(inLibrary, { timeout: 300_000 }).toHaveLength(before + 4);
    expect(await windows()).toHaveLength(1);
    await closeWindow();
  });

  it('is upgraded: what is new is there, what is old is not, and the sessions are as they were', async () => {
    const before = inLibrary();
    const sums = async (): Promise<string> =>
      (await debian.asUser(['sh', '-c', `sha256sum ${sessions}/*.fdscope`])).stdout;
    const sumsBefore = await sums();
    expect(debian.names(join(app, 'resources'))).toContain(basename(goneSince));
    await install(debian, packages.newer);
    expect((await debian.asUser(['fdscope', '--version'])).stdout).toContain(version);
    expect(debian.names(join(app, 'resources'))).not.toContain(basename(goneSince));
    expect(await debian.asRoot('dpkg', '--verify', 'fdscope')).toBe('');
    expect(inLibrary()).toEqual(before);
    expect(await sums()).toBe(sumsBefore);
    const listed = await debian.asUser(['fdscope', 'sessions', '--json']);
    expect(listed.code, listed.stderr).toBe(0);
    for (const name of before) expect(listed.stdout).toContain(name);
    await byDesktop('gio', 'launch', entry);
    await isShown();
    await closeWindow();
  });

  it('is removed, and leaves the sessions alone', async () => {
    const before = inLibrary();
    await debian.asRoot('apt-get', 'remove', '--yes', 'fdscope');
    const left = await debian.asRoot('find', '/', '-xdev', '-name', '*fdscope*');
    const ours = left.split('\n').filter((path) => path !== '' && !/^\/(home|root)\//.test(path));
    expect(ours).toEqual([]);
    for (const cache of ['usr/share/applications/mimeinfo.cache', 'usr/share/mime/globs2'])
      expect(readFileSync(debian.path(cache), 'utf8')).not.toContain('fdscope');
    expect((await debian.tryAsRoot('dpkg', '-s', 'fdscope')).code).not.toBe(0);
    expect(inLibrary()).toEqual(before);
  });
});

describe('the deb on the Debian after it, with AppArmor', { timeout: limitMs }, () => {
  const ends: (() => unknown)[] = [];
  let packages: Packages;
  let debian: CleanDebian;

  beforeAll(async () => {
    packages = await makePackages(process.env.FDSCOPE_ELECTRON ?? '');
    ends.push(() => packages.remove());
    debian = await CleanDebian.make('trixie');
    ends.push(() => debian.remove());
    await debian.asRoot('apt-get', 'update');
    await debian.asRoot('apt-get', 'install', '--yes', '--no-install-recommends', 'apparmor');
  }, limitMs);
  afterAll(() => endAll(ends), limitMs);

  it('has all that it needs under the names of today, and a profile that lets its sandbox have user namespaces', async () => {
    await install(debian, packages.newer);
    expect(await missingLibraries(debian, programsOf(debian))).toEqual([]);
    const { stdout } = await debian.asUser(['fdscope', '--version']);
    expect(stdout).toContain(version);
    const profile = '/etc/apparmor.d/fdscope';
    const read = await debian.asRoot('apparmor_parser', '--skip-kernel-load', '--debug', profile);
    expect(read).toMatch(/Name:\s+fdscope/);
    expect(readFileSync(debian.path(profile), 'utf8')).toMatch(
      /profile fdscope \/opt\/fdscope\/fdscope flags=\(unconfined\) \{\s+userns,/,
    );
  });

  it('takes the profile along when it is removed', async () => {
    await debian.asRoot('apt-get', 'remove', '--yes', 'fdscope');
    expect(debian.names('etc/apparmor.d')).not.toContain('fdscope');
    expect(debian.names('opt')).toEqual([]);
  });
});
