/**
 * More points of Electron's security checklist (electronjs.org/docs/latest/tutorial/security), asked by the debugger of the main
 * process: settings as Electron has them, code made of text, dropped files, messages of other pages. desktop-guards has the rest.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeDesktop } from '../support/desktop/app.ts';
import { InspectedDesktop } from '../support/desktop/inspector.ts';
import { root } from '../support/engines.ts';

describeDesktop('the desktop app and what is hostile to it', () => {
  let desktop: InspectedDesktop;
  const home = 'app://fdscope/';
  /** A page of a busy machine does not answer at once. */
  const patience = { timeout: 120_000 };
  /** Runs in the page; resolves to what comes of it, or the name of its refusal. */
  const inPage = (code: string): Promise<unknown> =>
    desktop.inMain(
      `return contents.executeJavaScript(${JSON.stringify(`Promise.resolve().then(async () => (${code})).catch((error) => error.name)`)}, true)`,
    );
  const isUnharmed = (): Promise<void> =>
    expect.poll(() => inPage(`document.querySelector('footer.status')?.innerText ?? ''`)).toContain('Ready');

  beforeAll(async () => {
    desktop = await InspectedDesktop.start();
  }, 600_000);
  afterAll(() => desktop.close(), 200_000);

  it('is shown', async () => {
    await expect.poll(() => inPage(`document.querySelector('footer.status')?.innerText ?? ''`)).toContain('Ready');
  });

  it('2, 3, 4, 6, 8, 9, 10: settings of the page as Electron has them', async () => {
    const preferences = (await desktop.inMain('return contents.getLastWebPreferences()')) as Record<string, unknown>;
    expect(preferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
    });
    // Those that are off may not be told at all.
    const off = [
      ...['nodeIntegrationInWorker', 'navigateOnDragDrop', 'allowRunningInsecureContent', 'experimentalFeatures'],
    ];
    for (const name of off) expect([name, preferences[name] ?? false]).toEqual([name, false]);
    expect(preferences.enableBlinkFeatures ?? '').toBe('');
    const names = JSON.stringify(['require', 'process', 'module', 'Buffer', 'global', 'electron']);
    expect(await inPage(`${names}.filter((name) => Reflect.has(window, name))`)).toEqual([]);
  });

  it('7: makes no code of text, and runs no script that is not a file of the page', async () => {
    // Later, as what a debugger itself runs may make code of text.
    const made = `new Promise((resolve) => setTimeout(() => {
      try { resolve(String(new Function('return 1')())); } catch (error) { resolve(error.name); }
    }, 0))`;
    await expect.poll(() => inPage(made), patience).toBe('EvalError');
    const injected = `new Promise((resolve) => {
      const script = document.createElement('script');
      script.textContent = 'window.wasInjected = true';
      document.body.append(script);
      const place = document.createElement('div');
      place.innerHTML = '<img src="data:x" onerror="window.wasInjected = true">';
      document.body.append(place);
      setTimeout(() => { script.remove(); place.remove(); resolve(window.wasInjected ?? 'no'); }, 1000);
    })`;
    await expect.poll(() => inPage(injected), patience).toBe('no');
  });

  it('13: a file that is dropped onto the window is not shown in its place', async () => {
    const path = desktop.home.write('dropped.html', '<title>dropped</title>');
    const data = JSON.stringify({ items: [], files: [path], dragOperationsMask: 1 });
    const dropped = await desktop.inMain(`
      contents.debugger.attach('1.3');
      try {
        for (const type of ['dragEnter', 'dragOver', 'drop'])
          await contents.debugger.sendCommand('Input.dispatchDragEvent', { type, x: 400, y: 300, data: ${data} });
      } finally {
        contents.debugger.detach();
      }
      return 'dropped';`);
    expect(dropped).toBe('dropped');
    // The page takes what it can open, and this is nothing of it: it says so, and stays where it is.
    const toasts = "[...document.querySelectorAll('.toast')].map((each) => each.innerText).join()";
    await expect.poll(() => inPage(toasts)).toContain('dropped.html is neither a session (.fdscope) nor a scenario');
    await isUnharmed();
    expect(await inPage('document.title')).toBe('fdscope');
    expect(await desktop.inMain('return contents.getURL()')).toBe(home);
  });

  it('17: takes no message of a page or frame that is not the app, nor one that is not as agreed', async () => {
    const menu = 'return electron.Menu.getApplicationMenu().items.map(({ label }) => label)';
    const before = await desktop.inMain(menu);
    expect(before).toContain('Scenarios');
    const preload = JSON.stringify(join(root, 'out/electron/preload.cjs'));
    const speak = JSON.stringify('fdscopeShell.connect(); fdscopeShell.offerCommands([]); fdscopeShell.chooseFile()');
    await desktop.inMain(`
      const stranger = new electron.BrowserWindow({ show: false, webPreferences: { preload: ${preload}, sandbox: true } });
      globalThis.strangers = [stranger];
      await stranger.loadURL('data:text/html,stranger');
      await stranger.webContents.executeJavaScript(${speak});`);
    // A frame within a page gets the bridge only where it is asked for.
    await desktop.inMain(`
      const framed = new electron.BrowserWindow({
        show: false,
        webPreferences: { preload: ${preload}, sandbox: true, nodeIntegrationInSubFrames: true },
      });
      globalThis.strangers.push(framed);
      await framed.loadURL('data:text/html,<iframe srcdoc="within"></iframe>');
      await framed.webContents.mainFrame.frames[0]?.executeJavaScript(${speak});`);
    const refused = ['connect', 'commands', 'choose-file'].map((name) => `A message shell:${name} was refused: it `);
    const all = [
      ...refused.map((words) => `${words}comes from data:text/html,stranger.`),
      ...refused.map((words) => `${words}comes from a frame within a page.`),
    ];
    await expect.poll(() => desktop.ownOutput()).toEqual(all);
    await inPage(`void fdscopeShell.offerCommands([{ id: 'x', title: 'x', group: 'x', enabled: 'yes' }])`);
    await expect
      .poll(() => desktop.ownOutput())
      .toEqual([...all, 'A message shell:commands was refused: it is not as agreed.']);
    expect(await desktop.inMain(menu)).toEqual(before);
    await desktop.inMain('for (const window of globalThis.strangers) window.destroy()');
    await isUnharmed();
  });
});
