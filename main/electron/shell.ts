/** The desktop app: one window over one lab. Start-up is this list; the end is its reverse. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { nothing } from '../../shared/contract/channels.ts';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import { menuSchema, type MenuCommand } from '../../shared/contract/shell.ts';
import { killAllEngines } from '../lab/engine-process.ts';
import { version } from '../lab/engine-location.ts';
import { sentenceOf } from '../lab/errors.ts';
import type { LabService } from '../lab/lab-service.ts';
import { findFiles } from '../web/static-files.ts';
import { pageAddress } from './addresses.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';
import { saveDownloads } from './downloads.ts';
import { chooseFile, fileArguments, openFile, OpenedFiles } from './files.ts';
import { guardContents, guardSession } from './guards.ts';
import { Mailbox, type Complain } from './ipc.ts';
import { serveLab } from './lab-port.ts';
import { menuTemplate } from './menu.ts';
import { profileObstacle } from './obstacles.ts';
import { registerScheme, serveScheme } from './protocol.ts';
import { openWindow } from './window.ts';

export interface ShellOptions {
  readonly lab: LabService;
  /** Top folder of this installation. */
  readonly root: string;
  /** Arguments after the program's own. */
  readonly args: readonly string[];
  readonly folder: string;
  readonly complain: Complain;
}

/**
 * What a second start hands to the first: files as `file:` addresses, which are ASCII whatever the names are.
 * Any program of this user can send it.
 */
const secondStartSchema = z.strictObject({ files: z.array(z.string().max(16_384)).max(100) });

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
  for (const file of files) shell.open(file);
  app.on('second-instance', (_event, _args, _folder, data) => shell.secondStart(data));
  app.on('window-all-closed', () => app.quit());
  endLabFirst(app, options.lab);
  await app.whenReady();
  try {
    shell.show();
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

  constructor(electron: ElectronApi, options: ShellOptions) {
    this.#electron = electron;
    this.#options = options;
  }

  /** Throws LabError where the page is not built. */
  show(): void {
    const { app, ipcMain, protocol, session } = this.#electron;
    const { lab, root, complain } = this.#options;
    const mailbox = new Mailbox(ipcMain, complain);
    guardSession(session.defaultSession);
    saveDownloads(session.defaultSession, this.#electron);
    serveScheme(protocol, findFiles(join(root, 'out/renderer')));
    serveLab(this.#electron, mailbox, lab);
    this.#receive(mailbox);
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
  }

  open(path: string): void {
    this.#opened.push(openFile(path, this.#options.lab));
  }

  secondStart(data: unknown): void {
    const given = secondStartSchema.safeParse(data).data;
    if (!given) this.#options.complain('A second start was not understood.');
    for (const file of fileArguments(given?.files ?? [], '/')) this.open(file);
    const window = this.#window;
    if (!window) return;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  #receive(mailbox: Mailbox): void {
    mailbox.receive(shellChannels.commands, menuSchema, (commands) => this.#showMenu(commands));
    mailbox.receive(shellChannels.ready, nothing, (_nothing, { frame }) =>
      this.#opened.flow((file) => frame.send(shellChannels.opened, file)),
    );
    mailbox.receive(shellChannels.chooseFile, nothing, () => void this.#choose());
  }

  async #choose(): Promise<void> {
    if (!this.#window) return;
    const path = await chooseFile(this.#electron, this.#window);
    if (path !== undefined) this.open(path);
  }

  #showMenu(commands: readonly MenuCommand[]): void {
    const { app, Menu } = this.#electron;
    const template = menuTemplate(commands, {
      choose: (id) => this.#window?.webContents.send(shellChannels.command, id),
      reload: () => void this.#window?.loadURL(pageAddress),
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

/** No engine outlives the app: it quits when the lab has stopped, and in no case later than its patience ends. */
function endLabFirst(app: ElectronApi['app'], lab: LabService): void {
  let hasStopped = false;
  let isStopping = false;
  app.on('before-quit', (event) => {
    if (hasStopped) return;
    event.preventDefault();
    if (isStopping) return;
    isStopping = true;
    void lab
      .close()
      .catch(() => undefined) // what could not be stopped is killed
      .then(() => {
        hasStopped = true;
        killAllEngines();
        app.quit();
      });
  });
}
