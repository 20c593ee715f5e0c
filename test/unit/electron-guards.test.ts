/** What the shell denies, and what its own scheme serves. */
import { describe, expect, it, vi } from 'vitest';
import { isAppPage, pageAddress, pathIn } from '../../main/electron/addresses.ts';
import { crashPage } from '../../main/electron/crash-page.ts';
import { acceleratorOf } from '../../main/electron/menu.ts';
import { placeWindow } from '../../main/electron/window-state.ts';
import { pageHeaders } from '../../main/web/page-policy.ts';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import { DownloadDouble } from '../support/electron/session.ts';
import { Happening } from '../support/electron/happening.ts';
import { page, startedShell } from '../support/electron/started.ts';

describe('app://', () => {
  it('is privileged only as far as the page needs it', async () => {
    const { electron } = await startedShell();
    expect(electron.protocol.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    ]);
  });

  it('serves the built page with the policy of the web host', async () => {
    const { electron } = await startedShell();
    const response = await electron.protocol.fetch(pageAddress);
    expect([response.status, await response.text()]).toEqual([200, page]);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const [name, value] of Object.entries(pageHeaders)) expect(response.headers.get(name)).toBe(value);
    const script = await electron.protocol.fetch(`${pageAddress}assets/main.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(script.headers.get('content-security-policy')).not.toMatch(/unsafe|\*/);
  });

  it.each([
    'app://fdscope/index.html',
    'app://fdscope/assets/',
    'app://fdscope/../package.json',
    'app://fdscope/assets/..%2f..%2f..%2fpackage.json',
    'app://fdscope/%2e%2e/%2e%2e/package.json',
    'app://fdscope/assets/main.js.map',
    'app://fdscope//etc/passwd',
    'app://fdscope/..%5c..%5cpackage.json',
    'app://other/',
    'app://user:word@fdscope/',
    'app://fdscope:81/',
  ])('has nothing at %s', async (address) => {
    const { electron } = await startedShell();
    // Request refuses addresses with passwords; Chromium hands them on without.
    const asked: Request = Object.defineProperty(new Request(pageAddress), 'url', { value: address });
    const response = await electron.protocol.handlers.get('app')?.(asked);
    expect(response?.status).toBe(404);
    expect(response?.headers.get('content-security-policy')).toBe(pageHeaders['Content-Security-Policy']);
  });

  it('takes nothing', async () => {
    const { electron } = await startedShell();
    expect((await electron.protocol.fetch(pageAddress, 'POST')).status).toBe(405);
  });

  it('shows no markup that an address brings', () => {
    const text = crashPage(new URLSearchParams({ reason: '<script>x</script>', code: '"><img src=x>' }));
    expect(text).toContain('It ended (exit code unknown)');
    expect(text).not.toMatch(/<script|<img/);
  });
});

describe('guards', () => {
  it('grant the page to copy, and nothing else to anybody', async () => {
    const { electron } = await startedShell();
    const { session } = electron;
    expect(session.ask('clipboard-sanitized-write', pageAddress)).toBe(true);
    expect(session.check('clipboard-sanitized-write', 'app://fdscope/')).toBe(true);
    for (const permission of ['media', 'notifications', 'geolocation', 'clipboard-read', 'openExternal'] as const) {
      expect(session.ask(permission, pageAddress)).toBe(false);
      expect(session.check(permission, 'app://fdscope')).toBe(false);
    }
    expect(session.ask('clipboard-sanitized-write', 'https://example.org/')).toBe(false);
    expect(session.ask('clipboard-sanitized-write', pageAddress, false)).toBe(false);
    expect(session.check('clipboard-sanitized-write', 'https://example.org')).toBe(false);
    expect(session.grantsDevices).toBe(false);
  });

  it('give no device, no pairing and no screen to anybody who asks', async () => {
    const { session } = (await startedShell()).electron;
    const given: unknown[] = [];
    for (const [event, args] of [
      ['select-hid-device', [{}]],
      ['select-serial-port', [[], {}]],
      ['select-usb-device', [{}]],
    ] as const) {
      const happening = new Happening();
      session.emit(event, happening, ...args, (device: unknown) => given.push(device));
      expect(happening.isPrevented).toBe(true);
    }
    session.pairing?.({} as never, (response) => given.push(response));
    session.screen?.({} as never, (streams) => given.push(streams));
    expect(given).toEqual([null, '', undefined, { confirmed: false }, {}]);
  });

  it('let no request leave', async () => {
    const { session } = (await startedShell()).electron;
    for (const own of [pageAddress, 'blob:app://fdscope/1-2', 'data:image/png;base64,', 'devtools://devtools/x']) {
      expect(session.lets(own)).toBe(true);
    }
    for (const other of ['https://example.org/', 'http://127.0.0.1:80/', 'ws://127.0.0.1/', 'file:///etc/passwd', '']) {
      expect(session.lets(other)).toBe(false);
    }
  });

  it('deny windows, webviews and every way out of the page', async () => {
    const { webContents } = (await startedShell()).electron.window;
    expect(webContents.opensWindow('https://example.org/')).toBe(false);
    expect(webContents.opensWindow(pageAddress)).toBe(false);
    expect(webContents.attachesWebview()).toBe(false);
    for (const address of ['https://example.org/', 'file:///etc/passwd', 'app://other/', 'app://fdscope/crash', 'x']) {
      expect(webContents.navigates('will-navigate', address)).toBe(false);
      expect(webContents.navigates('will-frame-navigate', address)).toBe(false);
    }
    expect(webContents.navigates('will-frame-navigate', pageAddress, false)).toBe(false);
    expect(webContents.navigates('will-redirect', pageAddress)).toBe(false);
  });

  it('lead back from a page that nobody was asked about', async () => {
    const { electron, complaints } = await startedShell();
    const { window } = electron;
    const loaded = vi.spyOn(window, 'loadURL');
    for (const own of [pageAddress, 'app://fdscope/crash?reason=oom']) {
      window.webContents.emit('did-navigate', new Happening(), own);
    }
    expect(loaded).not.toHaveBeenCalled();
    window.webContents.emit('did-navigate', new Happening(), 'about:blank');
    expect(loaded.mock.calls).toEqual([[pageAddress]]);
    expect(complaints.at(-1)).toContain('about:blank');
  });
});

describe('messages of pages', () => {
  it.each([
    ['another site', { url: 'https://example.org/', parent: null }],
    ['the crash page', { url: 'app://fdscope/crash?reason=oom', parent: null }],
    ['another host of the scheme', { url: 'app://other/', parent: null }],
    ['a frame in the page', { url: pageAddress, parent: { url: pageAddress, parent: null } }],
    ['a frame that is gone', null],
  ])('from %s are refused', async (_who, frame) => {
    const { electron, complaints } = await startedShell();
    const { page: window } = electron.window.webContents;
    const ports: unknown[] = [];
    window.on(shellChannels.port, (event) => ports.push(event));
    const before = electron.menu.template;
    window.send(shellChannels.connect, [], frame);
    window.send(shellChannels.commands, [[]], frame);
    window.send(shellChannels.chooseFile, [], frame);
    expect(ports).toEqual([]);
    expect(electron.menu.template).toBe(before);
    expect(electron.dialog.openOptions).toBeUndefined();
    expect(complaints).toHaveLength(3);
  });

  it('that say more than was agreed are refused', async () => {
    const { electron, complaints } = await startedShell();
    const { page: window } = electron.window.webContents;
    window.send(shellChannels.connect, [{ role: 'admin' }]);
    window.send(shellChannels.commands, [[], 'more']);
    expect(complaints).toHaveLength(2);
  });
});

describe('downloads', () => {
  const start = async (url: string, name: string) => {
    const { electron } = await startedShell();
    const item = new DownloadDouble(url, name);
    const event = new Happening();
    electron.session.emit('will-download', event, item, {});
    return { electron, item, event };
  };

  it('of the page are saved where the user says', async () => {
    const { electron, item, event } = await start('blob:app://fdscope/1', '../../etc/figures.csv');
    expect(event.isPrevented).toBe(false);
    expect(item.saveDialog).toMatchObject({
      defaultPath: '/home/somebody/Documents/figures.csv',
      filters: [{ name: 'Table (CSV)', extensions: ['csv'] }],
    });
    item.savePath = '/mnt/elsewhere/figures.csv';
    item.emit('done', {}, 'completed');
    const next = new DownloadDouble('blob:app://fdscope/2', 'track.svg');
    electron.session.emit('will-download', new Happening(), next, {});
    expect(next.saveDialog?.defaultPath).toBe('/mnt/elsewhere/track.svg');
  });

  it('that fail are told, and those from elsewhere are none', async () => {
    const { electron, item } = await start('blob:app://fdscope/1', 'a.csv');
    item.emit('done', {}, 'interrupted');
    expect(electron.dialog.errors[0]?.[0]).toBe('a.csv was not saved');
    for (const url of ['https://example.org/a.csv', 'blob:https://example.org/1', 'file:///etc/passwd']) {
      expect((await start(url, 'a.csv')).event.isPrevented).toBe(true);
    }
  });
});

describe('addresses', () => {
  it('are ours by scheme and host, and the page by its path', () => {
    expect(pathIn('app://fdscope/assets/x.js')).toBe('/assets/x.js');
    expect(['https://fdscope/', 'app://fdscope.org/', 'no address'].map(pathIn)).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    expect([pageAddress, 'app://fdscope/?a=1#b', 'app://fdscope/crash'].map(isAppPage)).toEqual([true, true, false]);
  });
});

describe('the place of the window', () => {
  const screen = { x: 0, y: 0, width: 1920, height: 1040 };
  const left = { x: -1280, y: 0, width: 1280, height: 720 };

  it('is the one it had, on any display that is still there', () => {
    const saved = { x: -1200, y: 50, width: 900, height: 600 };
    expect(placeWindow(saved, [screen, left])).toEqual(saved);
    expect(placeWindow(saved, [screen])).toEqual({ width: 900, height: 600 });
  });

  it('never has its title bar out of reach, and is no larger than its display', () => {
    for (const lost of [
      { x: 1900, y: 100, width: 900, height: 600 },
      { x: 100, y: -30, width: 900, height: 600 },
      { x: 100, y: 1030, width: 900, height: 600 },
      { x: -890, y: 100, width: 900, height: 600 },
    ]) {
      expect(placeWindow(lost, [screen])).toEqual({ width: 900, height: 600 });
    }
    expect(placeWindow({ x: 0, y: 0, width: 4000, height: 3000 }, [screen])).toEqual(screen);
    expect(placeWindow(undefined, [{ ...screen, width: 1024, height: 700 }])).toEqual({ width: 1024, height: 700 });
  });
});

it('keys are shown as Electron writes them, where it knows them', () => {
  const shown = ['Mod+K', 'Shift+1', 'Space', '+', '?', 'ArrowLeft', 'Shift+ArrowUp', 'PageDown', 'Mod++', ''];
  expect(shown.map(acceleratorOf)).toEqual([
    ...['CommandOrControl+K', 'Shift+1', 'Space', 'Plus', '?', 'Left', 'Shift+Up', 'PageDown'],
    ...['CommandOrControl+Plus', undefined],
  ]);
});
