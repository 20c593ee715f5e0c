/** The shell as a whole, on the double of Electron: start, files, menu, crash, end. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pageAddress } from '../../main/electron/addresses.ts';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import { openedFileSchema, type MenuCommand, type OpenedFile } from '../../shared/contract/shell.ts';
import { display } from '../support/electron/double.ts';
import { heldShell, startedShell, type StartedShell } from '../support/electron/started.ts';
import { root } from '../support/engines.ts';

const scenario = join(root, 'shared/scenarios/quick-tour.yaml');

/** What the page is told of opened files from here on, as it asks for them. */
function openedIn({ electron }: StartedShell): OpenedFile[] {
  const { page } = electron.window.webContents;
  const opened: OpenedFile[] = [];
  page.on(shellChannels.opened, (_event, file: unknown) => opened.push(openedFileSchema.parse(file)));
  page.send(shellChannels.ready);
  return opened;
}

const command = (id: string, group: string, more: Partial<MenuCommand> = {}): MenuCommand => ({
  ...{ id, title: id, group, enabled: true },
  ...more,
});

describe('the start', () => {
  it('opens one hardened window with the app page, and nothing of it grants Node', async () => {
    const { electron, folder } = await startedShell();
    expect(electron.windows).toHaveLength(1);
    expect(electron.window.loaded).toEqual([pageAddress]);
    expect(electron.window.isShown).toBe(true);
    expect(electron.app.isSandboxed).toBe(true);
    expect(electron.window.options.webPreferences).toMatchObject({
      preload: join(folder, 'out/electron/preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    });
    expect(electron.app.aboutPanel).toMatchObject({ applicationName: 'fdscope', applicationVersion: '1.2.3' });
  });

  it('has developer tools in a checkout and none in a packaged app', async () => {
    const { electron: checkout } = await startedShell();
    const { electron: packaged } = await startedShell({ prepare: ({ app }) => (app.isPackaged = true) });
    expect([checkout, packaged].map(({ window }) => window.options.webPreferences?.devTools)).toEqual([true, false]);
    const tools = [checkout, packaged].map(({ menu }) =>
      menu.submenu('View').some(({ role }) => role === 'toggleDevTools'),
    );
    expect(tools).toEqual([true, false]);
  });

  it('says why and ends where the page is not built', async () => {
    const { electron } = await startedShell({ hasPage: false });
    expect(electron.dialog.errors[0]?.[1]).toMatch(/page is not built/);
    expect(electron.app.exitCode).toBe(1);
    expect(electron.windows).toHaveLength(0);
  });

  it('hands its files to the fdscope that runs already, and ends', async () => {
    const { electron, folder } = await startedShell({
      args: ['--enable-features=x', 'run.fdscope'],
      prepare: ({ app }) => (app.isSecond = true),
    });
    expect(electron.app.lockData).toEqual({ files: [pathToFileURL(join(folder, 'run.fdscope')).href] });
    expect(electron.app.exitCode).toBe(0);
    expect(electron.windows).toHaveLength(0);
  });

  it('brings its window to the front for a second start, with the files of it', async () => {
    const shell = await startedShell();
    const { window, app } = shell.electron;
    const opened = openedIn(shell);
    window.isSmall = true;
    app.emit('second-instance', {}, [], '/', { files: [scenario] });
    expect([window.isSmall, window.isFocused]).toEqual([false, true]);
    await vi.waitFor(() => expect(opened.map(({ kind }) => kind)).toEqual(['scenario']));
    app.emit('second-instance', {}, [], '/', { files: 7, more: true });
    await vi.waitFor(() => expect(shell.complaints).toEqual(['A second start was not understood.']));
  });
});

describe('the window before its lab', () => {
  it('is opened before the lab is loaded, and what its page says meanwhile is answered when it is, in order', async () => {
    let load: () => void = () => undefined;
    const { electron, started, complaints } = await heldShell(
      new Promise((resolve) => (load = () => resolve(undefined))),
    );
    expect(electron.window.loaded).toEqual([pageAddress]);
    expect((await electron.protocol.fetch(`${pageAddress}assets/main.js`)).status).toBe(200);
    const { page } = electron.window.webContents;
    const heard: string[] = [];
    for (const channel of [shellChannels.port, shellChannels.opened]) page.on(channel, () => heard.push(channel));
    page.send(shellChannels.commands, [[command('first', 'Lab')]]);
    page.send(shellChannels.connect);
    page.send(shellChannels.commands, [[command('second', 'Lab')]]);
    page.send(shellChannels.commands, ['nonsense']);
    expect(heard).toEqual([]);
    load();
    await started;
    expect(heard).toEqual([shellChannels.port]);
    expect(electron.menu.submenu('Lab').map(({ label }) => label)).toEqual(['second']);
    expect(complaints).toEqual(['A message shell:commands was refused: it is not as agreed.']);
    // It is answered as always from here on, and only once.
    page.send(shellChannels.connect);
    expect(heard).toHaveLength(2);
  });

  it('says why and ends where its lab cannot be loaded', async () => {
    const { electron, started } = await heldShell(Promise.reject(new Error('The engine is missing.')));
    await started;
    expect(electron.dialog.errors[0]?.[1]).toBe('The engine is missing.');
    expect(electron.app.exitCode).toBe(1);
  });
});

describe('opened files', () => {
  it('wait until the page asks for them, and again while it loads anew', async () => {
    const shell = await startedShell({ args: [scenario] });
    const opened = openedIn(shell);
    expect(opened).toMatchObject([{ kind: 'scenario', card: { title: 'Quick tour', name: scenario } }]);
    await shell.electron.window.loadURL(pageAddress);
    shell.electron.app.emit('second-instance', {}, [], '/', { files: [scenario] });
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened).toHaveLength(1);
    shell.electron.window.webContents.page.send(shellChannels.ready);
    expect(opened).toHaveLength(2);
  });

  it('are told with their fault where they cannot be opened', async () => {
    const shell = await startedShell({
      args: ['gone.fdscope', 'gone.yaml', 'notes.txt', 'broken.yaml', 'there.fdscope'],
      prepare: (_electron, folder) => {
        writeFileSync(join(folder, 'broken.yaml'), 'version: 1\ntitle: 7\n');
        copyFileSync(scenario, join(folder, 'there.fdscope'));
      },
    });
    const opened = openedIn(shell);
    expect(opened.map((file) => (file.kind === 'refused' ? file.sentence : file.kind))).toEqual([
      expect.stringMatching(/^There is no file .*gone\.fdscope\.$/),
      expect.stringMatching(/^There is no file .*gone\.yaml\.$/),
      expect.stringMatching(/^notes\.txt is neither a session/),
      expect.stringMatching(/broken\.yaml/),
      'session',
    ]);
  });

  it('are asked for by a dialog', async () => {
    const shell = await startedShell();
    const opened = openedIn(shell);
    const { page } = shell.electron.window.webContents;
    page.send(shellChannels.chooseFile);
    await vi.waitFor(() => expect(shell.electron.dialog.openOptions).toBeDefined());
    expect(shell.electron.dialog.openOptions?.filters?.[0]?.extensions).toEqual(['fdscope', 'yaml', 'yml']);
    expect(opened).toEqual([]);
    shell.electron.dialog.chosenFiles = [scenario];
    page.send(shellChannels.chooseFile);
    await vi.waitFor(() => expect(opened).toHaveLength(1));
  });
});

describe('the menu', () => {
  it('has what the page offers, and chooses it by its id', async () => {
    const { electron } = await startedShell();
    const { page } = electron.window.webContents;
    const chosen: string[] = [];
    page.on(shellChannels.command, (_event, id: string) => chosen.push(id));
    const offered = [
      command('file.open', 'File', { title: 'Open …', keys: 'Mod+O' }),
      command('lab.toggle', 'Lab', { title: 'Run & stop', keys: 'R' }),
      command('lab.pause', 'Lab', { enabled: false, keys: 'no such key' }),
      command('palette', 'View', { keys: 'Mod+K' }),
    ];
    page.send(shellChannels.commands, [offered]);
    expect(electron.menu.template.map(({ label, role }) => label ?? role)).toEqual([
      ...['&File', 'editMenu', 'Lab', '&View', '&Help'],
    ]);
    expect(electron.menu.submenu('File')[0]).toMatchObject({
      accelerator: 'CommandOrControl+O',
      registerAccelerator: false,
    });
    const [run, pause] = electron.menu.submenu('Lab');
    expect([run?.label, run?.enabled, pause?.enabled, pause?.accelerator]).toEqual([
      ...['Run && stop', true, false, undefined],
    ]);
    electron.menu.click('Lab', 'Run && stop');
    expect(chosen).toEqual(['lab.toggle']);
  });

  it('stays as it is where what it is offered is not as agreed', async () => {
    const { electron, complaints } = await startedShell();
    const before = electron.menu.template;
    electron.window.webContents.page.send(shellChannels.commands, [[{ id: 'x', role: 'quit' }]]);
    expect(electron.menu.template).toBe(before);
    expect(complaints).toHaveLength(1);
  });
});

describe('the window', () => {
  it('opens again where it was, maximized as it was', async () => {
    const first = await startedShell();
    first.electron.window.bounds = { x: 200, y: 60, width: 1200, height: 700 };
    first.electron.window.maximize();
    first.electron.window.close();
    const kept = readFileSync(join(first.folder, 'user-data/window.json'), 'utf8');
    const again = (place: string) =>
      startedShell({
        prepare: ({ app, displays }, folder) => {
          app.folders.userData = folder;
          writeFileSync(join(folder, 'window.json'), place);
          displays.push(display(2, 1920, 0, 1280, 720));
        },
      });
    const { electron } = await again(kept);
    expect(electron.window.options).toMatchObject({ x: 200, y: 60, width: 1200, height: 700 });
    expect(electron.window.isMaximized()).toBe(true);
    const broken = await again('{"bounds":{"x":"0"}}');
    expect(broken.electron.window.options).toMatchObject({ width: 1440, height: 900 });
    expect(broken.electron.window.options.x).toBeUndefined();
  });

  it('shows what happened when its page crashes, and only the way back leads out of that', async () => {
    const { electron } = await startedShell();
    const { window } = electron;
    window.webContents.crash('oom', 5);
    await vi.waitFor(() => expect(window.webContents.getURL()).toBe('app://fdscope/crash?reason=oom&code=5'));
    const text = await (await electron.protocol.fetch(window.webContents.getURL())).text();
    expect(text).toContain('It ran out of memory (exit code 5)');
    expect(text).toContain(`href="${pageAddress}"`);
    expect(window.webContents.navigates('will-navigate', pageAddress)).toBe(true);
    window.webContents.crash('crashed', 11);
    expect(electron.dialog.errors).toHaveLength(1);
    expect(electron.app.exitCode).toBeUndefined();
    await vi.waitFor(() => expect(electron.app.exitCode).toBe(0));
  });

  it('asks once whether to wait for a page that hangs, and loads it anew where the user wants that', async () => {
    const { electron } = await startedShell();
    const { window, dialog } = electron;
    window.emit('unresponsive');
    window.emit('unresponsive');
    expect(dialog.questions).toHaveLength(1);
    window.emit('responsive');
    await vi.waitFor(() => {
      window.emit('unresponsive');
      expect(dialog.questions).toHaveLength(2);
    });
    dialog.questions[1]?.answer(1);
    await vi.waitFor(() => expect(window.loaded).toEqual([pageAddress, pageAddress]));
  });
});

describe('a page that hangs', () => {
  const question = 'fdscope does not answer';
  async function hangingShell(): Promise<StartedShell> {
    const shell = await startedShell();
    const { page } = shell.electron.window.webContents;
    page.send(shellChannels.commands, [[command('lab.toggle', 'Lab')]]);
    shell.electron.window.webContents.isHanging = true;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    return shell;
  }

  it('leaves a command of the menu unanswered: its user is asked, once, and no more when it answers', async () => {
    const { electron } = await hangingShell();
    electron.menu.click('Lab', 'lab.toggle');
    vi.advanceTimersByTime(14_000);
    electron.menu.click('Lab', 'lab.toggle');
    expect(electron.dialog.questions).toHaveLength(0);
    vi.advanceTimersByTime(60_000);
    expect(electron.dialog.questions.map(({ options }) => options.title)).toEqual([question]);
    electron.window.webContents.page.send(shellChannels.taken);
    expect(electron.dialog.questions[0]?.options.signal?.aborted).toBe(true);
    expect(electron.window.loaded).toEqual([pageAddress]);
  });

  it('is nobody’s concern where it answers in time, nor once it shows that it has crashed', async () => {
    const { electron } = await hangingShell();
    const { webContents } = electron.window;
    electron.menu.click('Lab', 'lab.toggle');
    webContents.page.send(shellChannels.taken);
    vi.advanceTimersByTime(60_000);
    webContents.crash('crashed', 11);
    await vi.waitFor(() => expect(webContents.getURL()).toContain('/crash'));
    electron.menu.click('Lab', 'lab.toggle');
    vi.advanceTimersByTime(60_000);
    expect(electron.dialog.questions).toEqual([]);
  });

  it('is ended where it does not let go of a page that is to be loaded again, which then comes', async () => {
    const { electron, complaints } = await hangingShell();
    electron.menu.click('View', 'Load the page again');
    vi.advanceTimersByTime(4_000);
    expect(complaints).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(complaints).toEqual(["The window's page has gone: killed, exit code 9."]);
    await vi.waitFor(() => expect(electron.window.webContents.getURL()).toBe(pageAddress));
    expect(electron.window.loaded).toEqual([pageAddress, pageAddress, pageAddress]);
    vi.advanceTimersByTime(60_000);
    expect(complaints).toHaveLength(1);
  });
});

describe('the end', () => {
  it('waits until the lab has stopped', async () => {
    const { electron, lab } = await startedShell();
    let letGo: () => void = () => {};
    const stopped = vi
      .spyOn(lab.live, 'stop')
      .mockImplementation(() => new Promise((resolve) => (letGo = () => resolve(lab.live.state))));
    electron.window.close();
    electron.app.quit();
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledTimes(1));
    expect(electron.app.exitCode).toBeUndefined();
    letGo();
    await vi.waitFor(() => expect(electron.app.exitCode).toBe(0));
  });
});
