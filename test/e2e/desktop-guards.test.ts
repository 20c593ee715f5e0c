/**
 * Electron's security checklist (electronjs.org/docs/latest/tutorial/security) by its points, as far as it is shown in
 * Electron itself.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Desktop, describeDesktop } from '../support/desktop/app.ts';
import { programsUnder } from '../support/desktop/processes.ts';
import { root } from '../support/engines.ts';

describeDesktop('the page of the desktop app', () => {
  let desktop: Desktop;
  /** Stands for every other server there is: nobody may ever connect to it. */
  let elsewhere: Server;
  let connections = 0;
  const foreign = (scheme: string): string => `${scheme}://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x`;
  const home = 'app://fdscope/';
  const address = (): Promise<string> =>
    desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL() ?? '');
  /** Asked of the window itself: a page that goes takes the driver's view of it along. */
  const goTo = (target: string): Promise<string> =>
    desktop.inMain(({ BrowserWindow }, to) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      return new Promise<string>((resolve) => {
        contents?.once('did-finish-load', () => resolve(contents.getURL()));
        void contents?.executeJavaScript(`location.href = ${JSON.stringify(to)}`, true).catch(() => undefined);
        setTimeout(() => resolve(contents?.getURL() ?? ''), 3000);
      });
    }, target);

  /** Runs in the page, by a click of its user; resolves to what comes of it, or the name of its refusal. */
  const byGesture = (script: string): Promise<unknown> =>
    desktop.inMain(({ BrowserWindow }, code) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      const tried = `Promise.resolve().then(async () => (${code})).catch((error) => error.name)`;
      return contents?.executeJavaScript(tried, true) as Promise<unknown>;
    }, script);

  beforeAll(async () => {
    elsewhere = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    desktop = await Desktop.start();
    await desktop.isReady();
  }, 400_000);
  afterAll(async () => {
    await desktop.close();
    elsewhere.close();
  });

  it('4: every page runs in the sandbox of the kernel: namespaces of its own, and a filter of system calls', () => {
    const renderers = programsUnder(desktop.pid).filter(({ command }) => command.includes('--type=renderer'));
    expect(renderers.length).toBeGreaterThan(0);
    for (const { pid } of renderers) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      expect(status).toMatch(/^Seccomp:\t2$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      for (const namespace of ['user', 'net', 'pid']) {
        const own = readlinkSync(`/proc/${pid}/ns/${namespace}`);
        expect(own).not.toBe(readlinkSync(`/proc/${desktop.pid}/ns/${namespace}`));
      }
    }
  });

  it('5: asks for nothing and is given nothing, but to copy', async () => {
    const names = [
      'geolocation',
      'notifications',
      'camera',
      'microphone',
      'clipboard-read',
      'midi',
      'persistent-storage',
    ];
    for (const name of names) {
      const state = await byGesture(`(await navigator.permissions.query({ name: ${JSON.stringify(name)} })).state`);
      expect([name, state]).toEqual([name, 'denied']);
    }
    expect(await byGesture('navigator.clipboard.readText()')).toBe('NotAllowedError');
    expect(await byGesture('navigator.mediaDevices.getUserMedia({ audio: true })')).toMatch(
      /NotAllowedError|NotFoundError/,
    );
    expect(await byGesture('navigator.mediaDevices.getDisplayMedia()')).toMatch(
      /NotAllowedError|NotSupportedError|AbortError/,
    );
    expect(await byGesture('Notification.requestPermission()')).toBe('denied');
    const place =
      'new Promise((give) => navigator.geolocation.getCurrentPosition(() => give("given"), (e) => give(e.code)))';
    expect(await byGesture(place)).toBe(1);
    expect(await byGesture('navigator.usb.requestDevice({ filters: [] })')).toMatch(/NotFoundError|SecurityError/);
    expect(await byGesture('navigator.serial.requestPort()')).toMatch(/NotFoundError|SecurityError/);
    expect(await byGesture('(await navigator.hid.requestDevice({ filters: [] })).length')).toBe(0);
    // Whoever has no focus may not copy, and what was asked above has taken it for a moment.
    await expect.poll(() => byGesture('navigator.clipboard.writeText("copied")')).toBeUndefined();
    expect(await desktop.inMain(({ clipboard }) => clipboard.readText())).toBe('copied');
  });

  it('11, 12: has no webview', async () => {
    const made = await byGesture(`(() => {
      const view = document.createElement('webview');
      view.setAttribute('allowpopups', '');
      view.src = ${JSON.stringify(foreign('http'))};
      document.body.append(view);
      const found = [typeof view.loadURL, view.constructor.name];
      view.remove();
      return found;
    })()`);
    expect(made).toEqual(['undefined', expect.stringMatching(/^HTML(Unknown)?Element$/)]);
    expect(connections).toBe(0);
  });

  it('14: opens no window', async () => {
    for (const address of [foreign('http'), home, 'about:blank', ''])
      expect(await byGesture(`window.open(${JSON.stringify(address)}) === null`)).toBe(true);
    expect(await desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  });

  it('15: hands no address to other programs', () => {
    const bundles = readdirSync(join(root, 'out/electron')).filter((name) => /\.(mjs|cjs)$/.test(name));
    for (const name of bundles)
      expect(readFileSync(join(root, 'out/electron', name), 'utf8')).not.toMatch(/openExternal|openPath/);
  });

  it('20: gives the page verbs, and nothing of Electron', async () => {
    const bridge = await desktop.page.evaluate(() => {
      const shell = Reflect.get(window, 'fdscopeShell') as Record<string, unknown>;
      return Object.entries(shell).map(([name, value]) => [name, typeof value]);
    });
    expect(bridge.sort()).toEqual(
      ['chooseFile', 'connect', 'offerCommands', 'onCommand', 'onOpened'].map((name) => [name, 'function']),
    );
  });

  it('13: goes nowhere else', async () => {
    for (const target of [foreign('http'), 'file:///etc/hostname', 'app://other/', 'data:text/html,x']) {
      expect(await goTo(target), target).toBe(home);
    }
    expect(connections).toBe(0);
  });

  it('13: comes back from an empty page', async () => {
    await goTo('about:blank');
    await expect.poll(address).toBe(home);
    await expect.poll(() => desktop.ownOutput().join('')).toContain('about:blank');
  });
});
