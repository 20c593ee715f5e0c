/**
 * The modules of Electron that the shell uses, as they behave without a screen: same names, same types, same order of
 * events. Messages are copied as between processes, ports are real ones, and the order that Electron insists on is
 * insisted on here (schemes before ready, nothing on a destroyed window).
 */
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import type * as Electron from 'electron/main';
import type { ElectronApi } from '../../../main/electron/api.ts';
import { Happening } from './happening.ts';
import { MessageChannelDouble } from './ports.ts';
import { SessionDouble } from './session.ts';
import { WindowDouble, type World } from './window.ts';

export class AppDouble
  extends EventEmitter
  implements
    Pick<
      Electron.App,
      'requestSingleInstanceLock' | 'quit' | 'exit' | 'enableSandbox' | 'whenReady' | 'isPackaged' | 'isReady'
    >
{
  isPackaged = false;
  /** Whether another one runs already. */
  isSecond = false;
  lockData: unknown;
  isSandboxed = false;
  /** Undefined while it runs. */
  exitCode: number | undefined;
  aboutPanel: Electron.AboutPanelOptionsOptions | undefined;
  readonly folders: Record<string, string> = { userData: tmpdir(), documents: '/home/somebody/Documents' };
  #isReady = false;

  requestSingleInstanceLock(data?: Record<string, unknown>): boolean {
    this.lockData = data;
    return !this.isSecond;
  }
  enableSandbox(): void {
    if (this.#isReady) throw new Error('app.enableSandbox() can only be called before app is ready');
    this.isSandboxed = true;
  }
  isReady(): boolean {
    return this.#isReady;
  }
  async whenReady(): Promise<void> {
    await Promise.resolve();
    this.#isReady = true;
  }
  quit(): void {
    const event = new Happening();
    this.emit('before-quit', event);
    if (event.isPrevented || this.exitCode !== undefined) return;
    this.exit(0);
  }
  exit(code = 0): void {
    this.exitCode = code;
    this.emit('quit', new Happening(), code);
  }
  getPath(name: string): string {
    const folder = this.folders[name];
    if (folder === undefined) throw new Error(`Failed to get '${name}' path`);
    return folder;
  }
  setAboutPanelOptions(options: Electron.AboutPanelOptionsOptions): void {
    this.aboutPanel = options;
  }
}

class ProtocolDouble implements Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'> {
  schemes: Electron.CustomScheme[] = [];
  readonly handlers = new Map<string, (request: Request) => Response | Promise<Response>>();
  readonly #app: AppDouble;

  constructor(app: AppDouble) {
    this.#app = app;
  }
  registerSchemesAsPrivileged(schemes: Electron.CustomScheme[]): void {
    if (this.#app.isReady())
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    this.schemes = schemes;
  }
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    if (!this.#app.isReady()) throw new Error('protocol.handle needs an app that is ready');
    this.handlers.set(scheme, handler);
  }
  /** What a page that asks for this address is given. */
  async fetch(address: string, method = 'GET'): Promise<Response> {
    const handler = this.handlers.get(new URL(address).protocol.slice(0, -1));
    if (!handler) throw new Error(`net::ERR_UNKNOWN_URL_SCHEME ${address}`);
    return handler(new Request(address, { method }));
  }
}

class MenuDouble {
  template: Electron.MenuItemConstructorOptions[] = [];

  readonly api = {
    buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]) => ({ template }),
    setApplicationMenu: (menu: { template: Electron.MenuItemConstructorOptions[] } | null) => {
      this.template = menu?.template ?? [];
    },
  };

  submenu(label: string): Electron.MenuItemConstructorOptions[] {
    const found = this.template.find((item) => item.label?.replace('&', '') === label)?.submenu;
    return Array.isArray(found) ? found : [];
  }
  /** Chooses an item, as a click does. */
  click(menu: string, label: string): void {
    const item = this.submenu(menu).find((each) => each.label === label);
    if (!item?.click) throw new Error(`The menu ${menu} has no item ${label}.`);
    // The shell's items look at none of these.
    (item.click as () => void)();
  }
}

interface Question {
  readonly options: Electron.MessageBoxOptions;
  readonly answer: (button: number) => void;
}

class DialogDouble {
  readonly errors: (readonly [title: string, content: string])[] = [];
  readonly questions: Question[] = [];
  openOptions: Electron.OpenDialogOptions | undefined;
  /** What the next open dialog is answered with. */
  chosenFiles: string[] = [];

  readonly api = {
    showErrorBox: (title: string, content: string) => {
      this.errors.push([title, content]);
    },
    showMessageBox: (_window: unknown, options: Electron.MessageBoxOptions): Promise<Electron.MessageBoxReturnValue> =>
      new Promise((resolve) => {
        const answer = (response: number): void => resolve({ response, checkboxChecked: false });
        options.signal?.addEventListener('abort', () => answer(options.cancelId ?? 0));
        this.questions.push({ options, answer });
      }),
    showOpenDialog: (
      _window: unknown,
      options: Electron.OpenDialogOptions,
    ): Promise<Electron.OpenDialogReturnValue> => {
      this.openOptions = options;
      return Promise.resolve({ canceled: this.chosenFiles.length === 0, filePaths: this.chosenFiles });
    },
  };
}

export const display = (id: number, x: number, y: number, width: number, height: number) => ({
  id,
  workArea: { x, y, width, height },
});

export class ElectronDouble implements World {
  readonly app = new AppDouble();
  readonly ipcMain = new EventEmitter();
  readonly protocol = new ProtocolDouble(this.app);
  readonly menu = new MenuDouble();
  readonly dialog = new DialogDouble();
  readonly session = new SessionDouble();
  /** The primary one first. */
  displays = [display(1, 0, 0, 1920, 1040)];
  readonly windows: WindowDouble[] = [];

  /** What the shell is given. Its modules use nothing of Electron that is not here. */
  get api(): ElectronApi {
    const open = (options: Electron.BrowserWindowConstructorOptions): WindowDouble => {
      const window = new WindowDouble(this, options);
      this.windows.push(window);
      this.app.emit('web-contents-created', new Happening(), window.webContents);
      return window;
    };
    const parts = {
      app: this.app,
      // Called with `new`, a function that returns an object gives that object.
      BrowserWindow: function (options: Electron.BrowserWindowConstructorOptions) {
        return open(options);
      },
      Menu: this.menu.api,
      MessageChannelMain: MessageChannelDouble,
      dialog: this.dialog.api,
      ipcMain: this.ipcMain,
      nativeTheme: { shouldUseDarkColors: true },
      protocol: this.protocol,
      screen: { getPrimaryDisplay: () => this.displays[0], getAllDisplays: () => this.displays },
      session: { defaultSession: this.session },
    } satisfies Record<keyof ElectronApi, unknown>;
    return parts as unknown as ElectronApi;
  }

  get window(): WindowDouble {
    const window = this.windows.at(-1);
    if (!window) throw new Error('No window was opened.');
    return window;
  }
}
