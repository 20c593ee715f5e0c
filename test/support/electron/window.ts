/** A window and its page, as far as the shell sees them; and what a page can do, as the shell must expect. */
import { EventEmitter } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type * as Electron from 'electron/main';
import { Happening } from './happening.ts';
import type { MessagePortDouble } from './ports.ts';

/** What a window lives in. */
export interface World {
  readonly app: EventEmitter & { quit(): void };
  readonly ipcMain: EventEmitter;
  readonly protocol: { fetch(address: string): Promise<Response> };
}

export interface Frame {
  url: string;
  readonly parent: Frame | null;
}

/** The page in the window: its end of the preload's channels. */
class PageDouble extends EventEmitter {
  readonly #world: World;
  readonly #contents: ContentsDouble;

  constructor(world: World, contents: ContentsDouble) {
    super();
    this.#world = world;
    this.#contents = contents;
  }
  /** As `ipcRenderer.send`; from another frame where one is given, or from one that is gone. */
  send(channel: string, args: readonly unknown[] = [], frame: Frame | null = this.#contents.mainFrame): void {
    const event = { sender: this.#contents, senderFrame: frame, ports: [] };
    this.#world.ipcMain.emit(channel, event, ...structuredClone(args));
  }
}

class ContentsDouble extends EventEmitter {
  static #ids = 0;
  readonly id = ++ContentsDouble.#ids;
  readonly page: PageDouble;
  isHanging = false;
  readonly mainFrame: Frame & Pick<Electron.WebFrameMain, 'send'> & { postMessage: unknown };
  #decideWindow: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse = () => ({ action: 'allow' });

  constructor(world: World) {
    super();
    this.page = new PageDouble(world, this);
    this.mainFrame = {
      url: '',
      parent: null,
      send: (channel: string, ...args: unknown[]) => this.send(channel, ...args),
      postMessage: (channel: string, _message: unknown, ports: readonly MessagePortDouble[] = []) => {
        const raw: readonly MessagePort[] = ports.map((port) => port.raw);
        this.page.emit(channel, { ports: raw });
      },
    };
  }
  getURL(): string {
    return this.mainFrame.url;
  }
  send(channel: string, ...args: unknown[]): void {
    this.page.emit(channel, {}, ...structuredClone(args));
  }
  setWindowOpenHandler(decide: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse): void {
    this.#decideWindow = decide;
  }
  forcefullyCrashRenderer(): void {
    this.crash('killed', 9);
  }

  /** What the page tries, and whether it may. */
  opensWindow(url: string): boolean {
    return this.#decideWindow({ url } as Electron.HandlerDetails).action === 'allow';
  }
  navigates(
    event: 'will-navigate' | 'will-frame-navigate' | 'will-redirect',
    url: string,
    isMainFrame = true,
  ): boolean {
    const details = Object.assign(new Happening(), { url, isMainFrame });
    this.emit(event, details);
    return !details.isPrevented;
  }
  attachesWebview(): boolean {
    const event = new Happening();
    this.emit('will-attach-webview', event, {}, {});
    return !event.isPrevented;
  }
  crash(reason: Electron.RenderProcessGoneDetails['reason'], exitCode: number): void {
    this.isHanging = false;
    this.emit('render-process-gone', new Happening(), { reason, exitCode });
  }
}

export class WindowDouble
  extends EventEmitter
  implements
    Pick<
      Electron.BrowserWindow,
      | 'loadURL'
      | 'show'
      | 'focus'
      | 'restore'
      | 'maximize'
      | 'isMaximized'
      | 'isMinimized'
      | 'isDestroyed'
      | 'getNormalBounds'
      | 'destroy'
      | 'close'
    >
{
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly webContents: ContentsDouble;
  readonly loaded: string[] = [];
  bounds: Electron.Rectangle;
  isShown = false;
  isFocused = false;
  isSmall = false;
  #isLarge = false;
  #isDestroyed = false;
  readonly #world: World;

  constructor(world: World, options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.#world = world;
    this.options = options;
    this.webContents = new ContentsDouble(world);
    const { x = 100, y = 100, width = 800, height = 600 } = options;
    this.bounds = { x, y, width, height };
  }
  async loadURL(url: string): Promise<void> {
    this.#mustLive();
    this.loaded.push(url);
    this.webContents.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false });
    const { ok, status } = await this.#world.protocol.fetch(url);
    // One that hangs does not let go.
    if (this.webContents.isHanging) await new Promise(() => undefined);
    this.webContents.mainFrame.url = url;
    this.webContents.emit('did-navigate', new Happening(), url);
    if (!ok) throw new Error(`${url} was answered with ${status}`);
    this.emit('ready-to-show');
  }
  show(): void {
    this.#mustLive();
    this.isShown = true;
  }
  focus(): void {
    this.isFocused = true;
  }
  restore(): void {
    this.isSmall = false;
  }
  maximize(): void {
    this.#isLarge = true;
    this.emit('maximize');
  }
  isMaximized(): boolean {
    return this.#isLarge;
  }
  isMinimized(): boolean {
    return this.isSmall;
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  getNormalBounds(): Electron.Rectangle {
    this.#mustLive();
    return this.bounds;
  }
  close(): void {
    this.emit('close', new Happening());
    this.destroy();
  }
  destroy(): void {
    this.#isDestroyed = true;
    this.emit('closed');
    this.#world.app.emit('window-all-closed');
  }

  #mustLive(): void {
    if (this.#isDestroyed) throw new TypeError('Object has been destroyed');
  }
}
