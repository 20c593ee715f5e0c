/** The desktop app: one window over one lab. Start-up is this list; the end is its reverse. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import type { MenuCommand } from '../../shared/contract/shell.ts';
import { version } from '../lab/engine-location.ts';
import { sentenceOf } from '../lab/errors.ts';
import { findFiles } from '../web/static-files.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';
import { saveDownloads } from './downloads.ts';
import { keepEarlyMail } from './early-mail.ts';
import { chooseFile, fileArguments, OpenedFiles } from './files.ts';
import { guardContents, guardSession } from './guards.ts';
import type { Complain } from './ipc.ts';
import { menuTemplate } from './menu.ts';
import { profileObstacle } from './obstacles.ts';
import { registerScheme, serveScheme } from './protocol.ts';
import type { Services } from './services.ts';
import { keepWayBack, type WayBack } from './way-back.ts';
import { openWindow } from './window.ts';

export interface ShellOptions {
  /** Called once, when there is a window. */
  readonly loadServices: () => Promise<Services>;
  /** Top folder of this installation. */
  readonly root: string;
  /** Arguments after the program's own. */
  readonly args: readonly string[];
  readonly folder: string;
  readonly complain: Complain;
}

/** Resolves when the window is open, or when another fdscope has taken over what was asked for. */
export async function startShell(electron: ElectronApi, options: ShellOptions): Promise<void> {
  const { app } = electron;
  const unwritable = profileObstacle({ profile: app.getPath('userData') });
  if (unwritable !== undefined) {
    options.complain(unwritable);
    await app.whenReady();
    electron.dialog.showErrorBox('fdscope cannot start', unwritable);
    app.exit(1);
    return;
  }
  const files = fileArguments(options.args, options.folder);
  if (!app.requestSingleInstanceLock({ files: files.map((file) => pathToFileURL(file).href) })) {
    app.quit();
    return;
  }
  app.enableSandbox();
  registerScheme(electron.protocol);
  guardContents(app);
  const shell = new Shell(electron, options);
  for (const file of files) void shell.open(file);
  app.on('second-instance', (_event, _args, _folder, data) => void shell.secondStart(data));
  app.on('window-all-closed', () => app.quit());
  endServicesFirst(app, shell);
  await app.whenReady();
  try {
    await shell.show();
  } catch (error) {
    electron.dialog.showErrorBox('fdscope cannot start', sentenceOf(error));
    app.exit(1);
  }
}

class Shell {
  readonly #electron: ElectronApi;
  readonly #options: ShellOptions;
  readonly #opened = new OpenedFiles();
  #window: BrowserWindow | undefined;
  #wayBack: WayBack | undefined;
  #services: Promise<Services> | undefined;
  /** Files of the first start, which are looked at when the lab is there. */
  readonly #given: string[] = [];

  constructor(electron: ElectronApi, options: ShellOptions) {
    this.#electron = electron;
    this.#options = options;
  }

  /** What serves the page, from when there is a window. */
  get services(): Promise<Services> | undefined {
    return this.#services;
  }

  /** The window first: what serves its page is loaded while Chromium starts that, and what that says meanwhile waits. Throws LabError where the page is not built. */
  async show(): Promise<void> {
    const { app, ipcMain, protocol, session } = this.#electron;
    const { root, complain, loadServices } = this.#options;
    guardSession(session.defaultSession);
    saveDownloads(session.defaultSession, this.#electron);
    const files = findFiles(join(root, 'out/renderer'));
    serveScheme(protocol, files);
    const deliver = keepEarlyMail(ipcMain, Object.values(shellChannels));
    this.#describe();
    this.#showMenu([]);
    const icon = join(root, 'main/electron/resources/icons/256x256.png');
    const window = openWindow(this.#electron, {
      ...{ preload: join(root, 'out/electron/preload.cjs'), icon, complain },
      stateFile: join(app.getPath('userData'), 'window.json'),
    });
    window.webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.#opened.wait();
    });
    window.once('closed', () => {
      this.#opened.wait();
      this.#window = undefined;
    });
    this.#window = window;
    this.#wayBack = keepWayBack(this.#electron, window, complain);
    this.#services = loadServices();
    const services = await this.#services;
    services.serve(this.#electron, complain, {
      showMenu: (commands) => this.#showMenu(commands),
      commandTaken: () => this.#wayBack?.answered(),
      takeFiles: (take) => this.#opened.flow(take),
      chooseFile: () => void this.#choose(),
    });
    for (const path of this.#given.splice(0)) this.#opened.push(services.openFile(path));
    deliver();
  }

  /** Before `show`, or when it has ended. */
  async open(path: string): Promise<void> {
    if (!this.#services) this.#given.push(path);
    else this.#opened.push((await this.#services).openFile(path));
  }

  async secondStart(data: unknown): Promise<void> {
    const window = this.#window;
    if (window?.isMinimized() === true) window.restore();
    window?.show();
    window?.focus();
    const given = (await this.#services)?.filesOf(data);
    if (!given) this.#options.complain('A second start was not understood.');
    for (const file of fileArguments(given ?? [], '/')) await this.open(file);
  }

  async #choose(): Promise<void> {
    if (!this.#window) return;
    const path = await chooseFile(this.#electron, this.#window);
    if (path !== undefined) await this.open(path);
  }

  #showMenu(commands: readonly MenuCommand[]): void {
    const { app, Menu } = this.#electron;
    const template = menuTemplate(commands, {
      choose: (id) => {
        this.#window?.webContents.send(shellChannels.command, id);
        this.#wayBack?.asked();
      },
      reload: () => this.#wayBack?.reload(),
      hasDeveloperTools: !app.isPackaged,
    });
    Menu.setApplicationMenu(Menu.buildFromTemplate(template));
  }

  #describe(): void {
    const { app } = this.#electron;
    app.setAboutPanelOptions({
      applicationName: 'fdscope',
      applicationVersion: version(this.#options.root),
      copyright: 'An oscilloscope for sockets. MIT licence.',
      credits: `Electron ${process.versions.electron}, Chromium ${process.versions.chrome}, Node ${process.versions.node}`,
    });
  }
}

/** The app quits when its lab has stopped, and in no case later than that one's patience ends. */
function endServicesFirst(app: ElectronApi['app'], shell: Shell): void {
  let hasStopped = false;
  let isStopping = false;
  app.on('before-quit', (event) => {
    const { services } = shell;
    if (hasStopped || services === undefined) return;
    event.preventDefault();
    if (isStopping) return;
    isStopping = true;
    void services
      .then((started) => started.close())
      .catch(() => undefined) // what was not loaded has nothing to stop
      .then(() => {
        hasStopped = true;
        app.quit();
      });
  });
}
