/** The window: hardened, where it was the last time, and with a way back when its page crashes or hangs. */
import { crashAddress, crashPath, pageAddress, pathIn } from './addresses.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';
import type { Complain } from './ipc.ts';
import { placeWindow, readWindowState, smallest, writeWindowState } from './window-state.ts';

type WindowApi = Pick<ElectronApi, 'app' | 'BrowserWindow' | 'dialog' | 'nativeTheme' | 'screen'>;

export interface WindowPlan {
  /** Absolute path of the bundled preload. */
  readonly preload: string;
  readonly icon: string;
  /** Where the window's place is kept. */
  readonly stateFile: string;
  readonly complain: Complain;
}

/** Long enough that a drag writes once. */
const settleMs = 500;

/** As the page's own tokens have it, so that nothing flashes before the page is there. */
const backgrounds = { dark: '#0b0e12', light: '#f1f3f6' } as const;

export function openWindow(api: WindowApi, plan: WindowPlan): BrowserWindow {
  const saved = readWindowState(plan.stateFile);
  const primary = api.screen.getPrimaryDisplay();
  const others = api.screen.getAllDisplays().filter(({ id }) => id !== primary.id);
  const workAreas = [primary, ...others].map(({ workArea }) => workArea);
  const window = new api.BrowserWindow({
    ...placeWindow(saved?.bounds, workAreas),
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'fdscope',
    icon: plan.icon,
    backgroundColor: api.nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light,
    webPreferences: {
      preload: plan.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Chromium would fetch dictionaries for it.
      spellcheck: false,
      devTools: !api.app.isPackaged,
    },
  });
  if (saved?.isMaximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  keepPlace(window, plan);
  outliveItsPage(api, window, plan.complain);
  void window.loadURL(pageAddress).catch((error: unknown) => plan.complain(`The page did not load: ${String(error)}`));
  return window;
}

function keepPlace(window: BrowserWindow, { stateFile, complain }: WindowPlan): void {
  let timer: NodeJS.Timeout | undefined;
  const keep = (): void => {
    clearTimeout(timer);
    const state = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() };
    writeWindowState(stateFile, state, complain);
  };
  const keepSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(keep, settleMs);
  };
  window.on('resize', keepSoon);
  window.on('move', keepSoon);
  window.on('maximize', keepSoon);
  window.on('unmaximize', keepSoon);
  window.on('close', keep);
  window.on('closed', () => clearTimeout(timer));
}

function outliveItsPage({ dialog }: WindowApi, window: BrowserWindow, complain: Complain): void {
  const contents = window.webContents;
  const load = (address: string): void => {
    if (!window.isDestroyed()) void window.loadURL(address).catch((error: unknown) => complain(String(error)));
  };
  contents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit') return;
    complain(`The window's page has gone: ${reason}, exit code ${exitCode}.`);
    if (isReloading) {
      isReloading = false;
      load(pageAddress);
    } else if (pathIn(contents.getURL()) === crashPath) {
      // Not even a page without script can be shown: nothing in this window will.
      dialog.showErrorBox('fdscope cannot show its window', `Its page ended twice (${reason}). Start fdscope again.`);
      window.destroy();
    } else {
      load(crashAddress(reason, exitCode));
      window.show();
    }
  });

  // An empty page needs no request, so that Chromium asks nobody before it shows one (Electron 33.2.1: no will-navigate).
  contents.on('did-navigate', (_event, address) => {
    const path = pathIn(address);
    if (path === '/' || path === crashPath) return;
    complain(`The window's page went to ${address}, where nothing is; it is loaded again.`);
    load(pageAddress);
  });

  let isReloading = false;
  let asking: AbortController | undefined;
  window.on('unresponsive', () => {
    if (asking) return;
    asking = new AbortController();
    const { signal } = asking;
    void askWhetherToWait(dialog, window, signal).then((answer) => {
      asking = undefined;
      if (answer !== 'reload' || window.isDestroyed()) return;
      // A page that hangs does not unload; when its process has gone, it is loaded anew.
      isReloading = true;
      contents.forcefullyCrashRenderer();
    });
  });
  window.on('responsive', () => asking?.abort());
}

async function askWhetherToWait(
  dialog: WindowApi['dialog'],
  window: BrowserWindow,
  signal: AbortSignal,
): Promise<'wait' | 'reload'> {
  const answers = ['wait', 'reload'] as const;
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message: 'The window does not answer.',
    detail: 'Wait for it, or load its page again. The lab is another process: what runs in it goes on either way.',
    buttons: ['Wait', 'Load again'],
    ...{ defaultId: 0, cancelId: 0, noLink: true, signal },
  });
  return answers[response] ?? 'wait';
}
